"""The check as a whole: one run tells all, levels are obeyed, nothing hangs on order, place or collector."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.check import CheckResult, check
from remit.definitions.places import ROOT_FILE, kinds_at
from remit.git import folder_tree, is_definition
from remit.report import render
from remit.rule import Finding, Rule, is_locked, level_of
from remit.rules import RULES
from remit.source import whole_file

ROOT = "apiVersion: remit/v1\norganisation: acme\n"
TEAM = 'apiVersion: remit/v1\nkind: Team\nmetadata: {id: appsec}\nspec: {members: [{principal: "os:*", roles: [a]}]}\n'


def checked(root: Path, files: dict[str, str]) -> CheckResult:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return check(folder_tree(root))


def told(result: CheckResult) -> list[str]:
    return [f"{one.span.path}:{one.span.start.line} {one.code}" for one in result.diagnostics]


def test_one_run_tells_of_every_file_and_every_stage(tmp_path: Path) -> None:
    result = checked(
        tmp_path,
        {
            "remit.yaml": ROOT + "rules: {no-such-rule: error}\n",
            "policies/a.yaml": TEAM.replace("os:*", "x") + "extra: no\n",
            "policies/b.yaml": "- a\n",
            "policies/c.yaml": TEAM.replace("appsec", "other") + "kind: [\n",
        },
    )

    assert told(result) == [
        *(
            "policies/a.yaml:4 SCH003",
            "policies/a.yaml:5 SCH001",
            "policies/a.yaml:5 SYN006",
            "policies/b.yaml:1 SYN003",
        ),
        *("policies/c.yaml:5 SYN002", "policies/c.yaml:6 SYN001", "remit.yaml:3 REF012"),
    ]
    assert result.has_errors
    assert result.files == 4


def test_a_repository_without_its_root_marker_is_told_so(tmp_path: Path) -> None:
    assert told(checked(tmp_path, {"policies/a.yaml": TEAM})) == ["remit.yaml:1 SYN003"]


def test_a_good_repository_with_the_library_has_no_findings(tmp_path: Path) -> None:
    result = checked(tmp_path, {"remit.yaml": ROOT + "use: [std@1]\n", "policies/a.yaml": TEAM})

    assert told(result) == []
    assert result.files > 10
    assert not result.has_errors


def test_a_broken_file_is_not_told_twice(tmp_path: Path) -> None:
    result = checked(tmp_path, {"remit.yaml": ROOT, "policies/a.yaml": TEAM.replace("}]}", "") + "spec:\n"})

    assert {code.split()[1] for code in told(result)} == {"SYN001"}


def test_two_checks_of_one_content_are_the_same_text(tmp_path: Path) -> None:
    files = {
        "remit.yaml": ROOT,
        "policies/b.yaml": "on: 1\n",
        "policies/a.yaml": "a: &x 1\n",
        "agents/z.yml": "~",
    }
    texts: list[str] = []
    for name, order in (("one", files), ("two", dict(reversed(files.items())))):
        result = checked(tmp_path / name, order)
        texts.append(render(result.diagnostics, "json", result.sources, files=result.files))

    assert texts[0] == texts[1]


def test_a_check_leaves_the_collector_as_it_was(tmp_path: Path) -> None:
    checked(tmp_path, {"remit.yaml": ROOT})

    assert gc.isenabled()


@pytest.mark.parametrize(
    "path",
    [
        *(
            "remit.yaml",
            "agents/a.yaml",
            "agents/a/b/graph.yml",
            "agents/a/prompt.md",
            "tools/x.yaml",
            "tools/.yaml",
        ),
        *(
            "policies/a.yaml",
            "policies/tests/a.yaml",
            "policies/a/tests/b.yaml",
            "evals/s/suite.yaml",
            "docs/a.yaml",
        ),
        *(
            "evals/s/cases.yaml",
            "evals/suite.yaml",
            "releases/dev.yaml",
            "releases/a/dev.yaml",
            "releases/dev.json",
        ),
    ],
)
def test_what_is_read_as_a_definition_is_what_the_language_says(path: str) -> None:
    assert is_definition(path) == (bool(kinds_at(path)) or path == ROOT_FILE)


def find_something(path: str) -> Iterator[Finding]:
    yield Finding(whole_file(path), "something is odd")


ODD: Rule[str] = Rule("odd-name", "GRF999", "0.1", "error", find_something)


@pytest.mark.parametrize("word", ["GRF999", "odd-name"])
def test_a_rule_takes_the_level_given_to_its_code_or_name(word: str) -> None:
    assert [one.severity for one in ODD.diagnostics("f", {word: "warning"})] == ["warning"]
    assert [one.severity for one in ODD.diagnostics("f", {})] == ["error"]
    assert list(ODD.diagnostics("f", {word: "off"})) == []


def test_rules_without_which_nothing_can_be_judged_keep_their_level() -> None:
    locked = [rule for rule in RULES if is_locked(rule)]

    assert {rule.code[:3] for rule in locked} >= {"SYN", "SCH", "REF"}
    assert all(level_of(rule, {rule.code: "off", rule.name: "off"}) == rule.severity for rule in locked)
