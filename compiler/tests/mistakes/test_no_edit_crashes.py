"""Whatever one edit makes of a definition, prompt or schema of the portfolio, the check ends and does not raise.

By default a few edits are tried, others each time; `REMIT_EVERY_MISTAKE=1` tries many.
"""

import os
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit.check import check
from remit.diagnostic import Fault
from remit.git import FOLDERS, ROOT_MARKER, Tree, folder_tree, is_definition

ROOT = Path(__file__).parents[3]
TRIES = 400 if os.environ.get("REMIT_EVERY_MISTAKE") else 8
VALUES = (
    *("{}", "[]", "[a]", "{a: b}", "null", "true", "-1", "1.5", "1e9", '""', "a", "dev", "on"),
    *("${task}", "${x.y}", "${", "{{ a }}", "{{ task }}", "{% for x in tools %}"),
)
TOKEN = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]|[A-Za-z0-9_.${}\"-]+")


class Edit(NamedTuple):
    """The text of one file after an edit."""

    path: str
    text: str


@cache
def portfolio() -> tuple[Tree, dict[str, str]]:
    """The portfolio, every file read once, and the texts that are edited."""
    whole = folder_tree(ROOT)
    paths = tuple(path for path in whole.paths if path == ROOT_MARKER or path.partition("/")[0] in FOLDERS)
    kept = {path: whole.read(path) for path in paths}

    def content(path: str, _limit: int) -> bytes | Fault:
        return kept[path]

    written = {
        path: content.decode()
        for path, content in kept.items()
        if isinstance(content, bytes) and (is_definition(path) or path.startswith("agents/"))
    }
    return replace(whole, paths=paths, content=content), written


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    _, texts = portfolio()
    path = draw(st.sampled_from(sorted(texts)))
    text = texts[path]
    lines = text.split("\n")
    match draw(st.sampled_from(("without", "twice", "swapped", "value", "word"))):
        case "without":
            at = draw(st.integers(0, len(lines) - 1))
            return Edit(path, "\n".join(lines[:at] + lines[at + 1 :]))
        case "twice":
            at = draw(st.integers(0, len(lines) - 1))
            return Edit(path, "\n".join(lines[: at + 1] + lines[at:]))
        case "swapped":
            one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
            lines[one], lines[other] = lines[other], lines[one]
            return Edit(path, "\n".join(lines))
        case how:
            tokens = list(TOKEN.finditer(text))
            token = draw(st.sampled_from(tokens))
            new = draw(st.sampled_from(VALUES)) if how == "value" else draw(st.sampled_from(tokens))[0]
            return Edit(path, text[: token.start()] + new + text[token.end() :])


@settings(max_examples=TRIES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example])
@given(edits())
def test_no_edit_of_the_portfolio_makes_the_check_raise(edit: Edit) -> None:
    right, _ = portfolio()

    def content(path: str, limit: int) -> bytes | Fault:
        return edit.text.encode() if path == edit.path else right.read(path, limit)

    result = check(replace(right, content=content))

    assert result.files >= 60  # without `use` those of the library are not read
