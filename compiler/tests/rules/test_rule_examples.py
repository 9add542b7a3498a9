"""Every rule against its golden repositories and the examples of its page."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from remit.check import CheckResult, check
from remit.git import folder_tree
from remit.report import render
from remit.rule import Rule, page_of
from remit.rules import RULES

HERE = Path(__file__).parent
PAGES = HERE.parents[2] / "docs" / "rules"
ROOT = "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n"
FENCE = re.compile(r"^```\w+ file=(?P<path>\S+)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBERED = re.compile(r"\{U\+([0-9A-F]{4,5})\}")

TODAY = date(2026, 11, 22)
"""The day of the golden repositories: suppressions end."""

Golden = Callable[[Path, str], None]
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def folder_of(rule: Rule[Any]) -> Path:
    return HERE / rule.name.replace("-", "_")


def codes(result: CheckResult) -> set[str]:
    return {found.code for found in result.diagnostics}


def text_of(result: CheckResult) -> str:
    return render(
        result.diagnostics, "text", result.sources, files=result.files, suppressed=result.suppressed
    )


def section(rule: Rule[Any], title: str) -> str:
    """The text of a page below `## title`, or nothing."""
    return (rule.page + "\n").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def check_example(rule: Rule[Any], title: str, root: Path) -> CheckResult:
    """The check of the repository that the fenced files of a section make, with a plain `remit.yaml` if it has none."""
    files = {
        "remit.yaml": ROOT,
        **{found["path"]: found["content"] for found in FENCE.finditer(section(rule, title))},
    }
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(NUMBERED.sub(lambda number: chr(int(number[1], 16)), content))
    return check(folder_tree(root), today=TODAY)


@each_rule
def test_a_wrong_repository_gives_exactly_its_golden_text(rule: Rule[Any], golden: Golden) -> None:
    result = check(folder_tree(folder_of(rule) / "wrong"), today=TODAY)

    golden(folder_of(rule) / "wrong.txt", text_of(result))
    assert rule.code in codes(result)


@each_rule
def test_a_right_repository_gives_nothing(rule: Rule[Any]) -> None:
    result = check(folder_tree(folder_of(rule) / "right"), today=TODAY)

    assert text_of(result).startswith("no findings in ")
    assert result.files > 0


@each_rule
def test_the_wrong_example_of_a_page_gives_its_code(rule: Rule[Any], tmp_path: Path) -> None:
    assert rule.code in codes(check_example(rule, "Wrong", tmp_path))


@each_rule
def test_the_right_example_of_a_page_gives_nothing(rule: Rule[Any], tmp_path: Path) -> None:
    assert text_of(check_example(rule, "Right", tmp_path)).startswith("no findings in ")
    assert FENCE.search(section(rule, "Right"))


@each_rule
def test_a_page_says_what_is_found_and_why(rule: Rule[Any]) -> None:
    first = rule.page.partition("\n")[0]

    assert first.endswith(".")
    assert len(section(rule, "Why").split()) >= 10


@each_rule
def test_the_page_in_the_docs_is_the_one_of_the_rule(rule: Rule[Any], golden: Golden) -> None:
    golden(PAGES / f"{rule.code}.md", page_of(rule).markdown)


def test_the_index_of_the_docs_lists_every_rule(golden: Golden) -> None:
    pages = sorted(page_of(rule) for rule in RULES)
    rows = [
        f"| [{page.code}]({page.code}.md) | {page.name} | {page.severity} | {page.summary} |"
        for page in pages
    ]
    head = ["# Rules", "", "| code | name | level | finds |", "|---|---|---|---|"]

    golden(PAGES / "README.md", "\n".join([*head, *rows, ""]))


def test_no_page_and_no_golden_folder_is_left_of_a_rule_that_is_gone() -> None:
    folders = {path.parent for path in HERE.glob("*/wrong.txt")} | {
        path.parent for path in HERE.glob("*/wrong")
    }

    assert folders == {folder_of(rule) for rule in RULES}
    assert {path.stem for path in PAGES.glob("*.md")} == {rule.code for rule in RULES} | {"README"}


def test_codes_and_names_are_given_once_and_well_formed() -> None:
    assert len({rule.code for rule in RULES}) == len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert re.fullmatch("[A-Z]{3}[0-9]{3}", rule.code)
        assert re.fullmatch("[a-z]+(-[a-z0-9]+)*", rule.name)
