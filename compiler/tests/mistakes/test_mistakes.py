"""A hundred single mistakes in the portfolio of this repository, each told by its code at its place.

By default one mistake of each kind is made; `REMIT_EVERY_MISTAKE=1` makes all of them, as `nox -s mistakes` does. Those
that are not told yet stand in `not_yet.txt`, which is held equal to what is found: a line of it that is no longer true
fails as one that is missing does.
"""

import os
import tomllib
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from remit.check import CheckResult, check
from remit.diagnostic import Fault
from remit.git import FOLDERS, ROOT_MARKER, Tree, folder_tree

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
MOST_UNTOLD = 0
"""Mistakes that may be untold; the promise is that 95 of a hundred are told."""
NOT_YET = frozenset((HERE / "not_yet.txt").read_text().splitlines())


@dataclass(frozen=True)
class Mistake:
    """One mistake: what it does to the portfolio, and the finding that is wanted of it."""

    kind: str
    name: str
    file: str
    code: str
    where: str
    at: str
    old: str = ""
    new: str = ""
    copy_of: str | None = None
    delete: bool = False
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"


def written(kind: dict[str, Any], one: dict[str, Any]) -> Mistake:
    said: dict[str, Any] = {"kind": kind["name"], "code": kind["code"], "where": one["file"], **one}
    said["also"] = tuple(said.get("also", ()))
    return Mistake(**said)


KINDS = tomllib.loads((HERE / "mistakes.toml").read_text())["kind"]
MISTAKES = tuple(written(kind, one) for kind in KINDS for one in kind["mistake"])
MADE = (
    MISTAKES
    if os.environ.get("REMIT_EVERY_MISTAKE")
    else tuple(written(kind, kind["mistake"][0]) for kind in KINDS)
)
each_mistake = pytest.mark.parametrize("mistake", MADE, ids=str)


@cache
def portfolio() -> Tree:
    """The portfolio as it stands, every file read once."""
    whole = folder_tree(ROOT)
    paths = tuple(path for path in whole.paths if path == ROOT_MARKER or path.partition("/")[0] in FOLDERS)
    kept: dict[str, bytes | Fault] = {}

    def content(path: str, limit: int) -> bytes | Fault:
        if path not in kept:
            kept[path] = whole.read(path, limit)
        return kept[path]

    return replace(whole, paths=paths, content=content)


def text_of(tree: Tree, path: str) -> str:
    content = tree.read(path)
    assert isinstance(content, bytes), content
    return content.decode()


def with_mistake(mistake: Mistake) -> Tree:
    """The portfolio with one mistake."""
    right = portfolio()
    if mistake.delete:
        return replace(right, paths=tuple(path for path in right.paths if path != mistake.file))
    if mistake.copy_of is not None:
        wrong = text_of(right, mistake.copy_of)
    else:
        before = text_of(right, mistake.file)
        assert before.count(mistake.old) == 1, f"`{mistake.old}` stands {before.count(mistake.old)} times"
        wrong = before.replace(mistake.old, mistake.new)
    paths = tuple(sorted({*right.paths, mistake.file}))

    def content(path: str, limit: int) -> bytes | Fault:
        return wrong.encode() if path == mistake.file else right.read(path, limit)

    return replace(right, paths=paths, content=content)


def line_of(mistake: Mistake, tree: Tree) -> int:
    """The line at which the finding is wanted."""
    lines = text_of(tree, mistake.where).split("\n")
    found = [number for number, line in enumerate(lines, 1) if mistake.at in line]
    assert len(found) == 1, f"`{mistake.at}` stands in the lines {found}"
    return found[0]


def place(mistake: Mistake, tree: Tree) -> str:
    return f"{mistake.where}:{line_of(mistake, tree)} {mistake.code}"


def told(result: CheckResult) -> list[str]:
    return [f"{one.span.path}:{one.span.start.line} {one.code}" for one in result.diagnostics]


def unexpected(mistake: Mistake, result: CheckResult) -> list[str]:
    """The errors that the mistake does not explain."""
    codes = {mistake.code, *mistake.also}
    return [
        f"{one.span.path}:{one.span.start.line} {one.code}"
        for one in result.diagnostics
        if one.severity == "error" and one.code not in codes
    ]


@each_mistake
def test_a_mistake_is_told_by_its_code_at_its_place_and_nothing_else_is(mistake: Mistake) -> None:
    tree = with_mistake(mistake)
    result = check(tree)
    exactly = place(mistake, tree) in told(result) and not unexpected(mistake, result)

    wanted = f"wanted {place(mistake, tree)}, told {told(result)}"
    if str(mistake) in NOT_YET:
        assert not exactly, "it is told now: take it out of not_yet.txt"
    else:
        assert exactly, wanted


def test_there_are_25_kinds_of_four_and_each_has_a_name_of_its_own() -> None:
    assert Counter(mistake.kind for mistake in MISTAKES) == dict.fromkeys((kind["name"] for kind in KINDS), 4)
    assert len(KINDS) == 25
    assert len({str(mistake) for mistake in MISTAKES}) == 100


def test_no_more_is_untold_than_is_written_down() -> None:
    assert {str(mistake) for mistake in MISTAKES} >= NOT_YET
    assert len(NOT_YET) <= MOST_UNTOLD


def test_the_portfolio_without_a_mistake_gives_no_finding() -> None:
    assert told(check(portfolio())) == []
