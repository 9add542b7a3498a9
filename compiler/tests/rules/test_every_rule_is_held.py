"""Every rule is held by its own golden repository: a check in which it does not run is told from the true one.

Two mutants of the check are made for each rule: one that does not list it, and one in which it looks and says nothing.
A mutant lives where its report of the rule's wrong repository is the golden one, byte for byte. That a check stops with
an error, because a fault goes unsaid, tells them apart as well.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from remit.check import check
from remit.git import folder_tree
from remit.report import render
from remit.rule import Finding, Rule
from remit.rules import FLOWS, GRAPHS, LINKED, RULES, SUPPRESSIONS, SYNTAX, UNITS

HERE = Path(__file__).parent
TODAY = date(2026, 11, 22)
"""The day of the golden repositories."""
TUPLES: Mapping[str, tuple[Rule[Any], ...]] = {
    "SYNTAX": SYNTAX,
    "LINKED": LINKED,
    "GRAPHS": GRAPHS,
    "FLOWS": FLOWS,
    "SUPPRESSIONS": SUPPRESSIONS,
}
LISTS = [rules for rules in (*TUPLES.values(), *UNITS.values()) if rules]
LAST_OF_EACH = list({rules[-1].code: rules[-1] for rules in LISTS}.values())

Mutation = Callable[[Rule[Any]], tuple[Rule[Any], ...]]
"""What stands in the place of a rule."""

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def nothing(_stage: object) -> Iterator[Finding]:
    return iter(())


def unlisted(_rule: Rule[Any]) -> tuple[Rule[Any], ...]:
    return ()


def silent(rule: Rule[Any]) -> tuple[Rule[Any], ...]:
    return (replace(rule, find=nothing),)


def listed(rules: tuple[Rule[Any], ...], rule: Rule[Any], mutation: Mutation) -> tuple[Rule[Any], ...]:
    return tuple(one for listed in rules for one in (mutation(rule) if listed is rule else (listed,)))


def mutate(monkeypatch: pytest.MonkeyPatch, rule: Rule[Any], mutation: Mutation) -> None:
    """Changes the program, as a mutation does: what the check goes through is the changed list."""
    for name, rules in TUPLES.items():
        monkeypatch.setattr(f"remit.check.{name}", listed(rules, rule, mutation))
    units = {kind: listed(rules, rule, mutation) for kind, rules in UNITS.items()}
    monkeypatch.setattr("remit.check.UNITS", units)


def report_of(rule: Rule[Any]) -> str:
    """The report of the rule's wrong repository, or the broken invariant that stopped it."""
    try:
        result = check(folder_tree(HERE / rule.name.replace("-", "_") / "wrong"), today=TODAY)
    except RuntimeError as broken:
        return str(broken)
    return render(
        result.diagnostics, "text", result.sources, files=result.files, suppressed=result.suppressed
    )


def golden_of(rule: Rule[Any]) -> str:
    return (HERE / rule.name.replace("-", "_") / "wrong.txt").read_text()


@each_rule
@pytest.mark.parametrize("mutation", [unlisted, silent])
def test_a_check_without_a_rule_gives_another_report(
    rule: Rule[Any], mutation: Mutation, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch, rule, mutation)

    assert report_of(rule) != golden_of(rule)


@pytest.mark.parametrize("rule", LAST_OF_EACH, ids=lambda rule: rule.name)
def test_a_check_that_is_not_changed_gives_the_golden_report(
    rule: Rule[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch, rule, lambda one: (one,))

    assert report_of(rule) == golden_of(rule)


def test_every_rule_is_in_one_list_that_the_check_goes_through() -> None:
    assert {rule.code for rules in LISTS for rule in rules} == {rule.code for rule in RULES}
    assert len({rule.code for rule in RULES}) == len(RULES)
