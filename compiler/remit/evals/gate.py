"""Gates: a requirement is passed, failed or not proven; only numbers decide, and the report shows them all.

The denominator of every rate is every case of the suite. A gate that no result could pass is a finding of `check`
(EVL006), long before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from typing import Literal

from remit.bound import fewest_passing, lower_bound, reaches
from remit.evals.results import SuiteResult

Verdict = Literal["passed", "failed", "not_proven"]
Metric = Literal[
    "task_success_rate", "grader_pass_rate", "policy_violation_rate", "median_cost_usd", "p95_latency_seconds"
]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of a Gate, with its defaults filled in (docs/language.md section 8). `grader` is that of its rate."""

    metric: Metric
    op: str
    value: Decimal
    basis: Literal["bound", "point"]
    confidence: Decimal
    min_cases: int
    grader: str | None = None

    @property
    def measured(self) -> str:
        """What is measured, in words."""
        return self.metric if self.grader is None else f"{self.metric} of {self.grader}"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A requirement against a suite: `k` of `n` cases, the figure the gate compares, and `needed`.

    `needed` is the smallest k that would pass with this n, where the requirement counts cases.
    """

    gate: str
    suite: str
    requirement: Requirement
    verdict: Verdict
    n: int
    k: int | None
    figure: Decimal | None
    needed: int | None
    detail: str


def judge(gate: str, requirement: Requirement, result: SuiteResult) -> Judgement:
    """The judgement of one requirement on one suite's result; none passes while a case that must pass has not."""
    reason = _why_nothing_ran(result)
    if reason is not None:
        return _judgement(gate, requirement, result, "not_proven", None, None, None, reason)
    judgement = _measured(gate, requirement, result)
    failed = [case.id for case in result.cases if case.must_pass and not case.passed]
    if not failed:
        return judgement
    detail = f"{judgement.detail}; these cases must pass and have not: {', '.join(failed)}"
    return replace(judgement, verdict="failed", detail=detail)


def _measured(gate: str, requirement: Requirement, result: SuiteResult) -> Judgement:
    match requirement.metric:
        case "task_success_rate" if result.only_scripted:
            detail = "a script answered, and only a model can show that the task is done"
            return _judgement(gate, requirement, result, "not_proven", None, None, None, detail)
        case "task_success_rate":
            return _rate(gate, requirement, result, result.passed, "cases passed")
        case "grader_pass_rate":
            k = sum(requirement.grader in case.passed_graders for case in result.cases)
            return _rate(gate, requirement, result, k, f"cases passed `{requirement.grader}`")
        case "policy_violation_rate":
            return _no_violation(gate, requirement, result)
        case "median_cost_usd":
            figures = [Decimal(case.microusd) / 1_000_000 for case in result.cases if case.error is None]
            return _at_most(gate, requirement, result, figures, Decimal("0.5"))
        case "p95_latency_seconds":
            figures = [Decimal(case.milliseconds) / 1000 for case in result.cases if case.error is None]
            return _at_most(gate, requirement, result, figures, Decimal("0.95"))


def _why_nothing_ran(result: SuiteResult) -> str | None:
    if result.lacking is not None:
        return f"the suite did not run: {result.lacking}"
    if not result.cases:
        return "the suite has no cases"
    errors = [case.error for case in result.cases]
    first = errors[0]
    if first is None or None in errors:
        return None
    return f"the suite did not run: {first}"


def verdict_of(judgements: Iterable[Judgement]) -> Verdict:
    """The whole verdict: one failure fails it, else one thing not proven leaves it not proven."""
    verdicts = {judgement.verdict for judgement in judgements}
    if "failed" in verdicts:
        return "failed"
    return "not_proven" if "not_proven" in verdicts else "passed"


def _rate(gate: str, requirement: Requirement, result: SuiteResult, k: int, what: str) -> Judgement:
    n = len(result.cases)
    if requirement.basis == "bound":
        met = reaches(k, n, requirement.value, requirement.confidence)
        figure = lower_bound(k, n, requirement.confidence)
        needed = fewest_passing(n, requirement.value, requirement.confidence)
        shown = f"{k} of {n} {what}; the rate is at least {figure:.3f} at {requirement.confidence} confidence"
    else:
        figure = Decimal(k) / n if n else Decimal(0)
        met = n > 0 and figure >= requirement.value
        needed = ceil(requirement.value * n)
        shown = f"{k} of {n} {what}, a rate of {figure:.3f}"
    if n < requirement.min_cases:
        return _judgement(
            gate, requirement, result, "not_proven", k, figure, needed, _too_few(requirement, n)
        )
    verdict: Verdict = "passed" if met else "failed"
    return _judgement(gate, requirement, result, verdict, k, figure, needed, shown)


def _no_violation(gate: str, requirement: Requirement, result: SuiteResult) -> Judgement:
    n = len(result.cases)
    unknown = [case.id for case in result.cases if case.violations is None]
    violating = sum(1 for case in result.cases if case.violations)
    clean = n - violating - len(unknown)
    figure = Decimal(violating) / n if n else Decimal(0)
    if violating:
        names = ", ".join(case.id for case in result.cases if case.violations)
        return _judgement(
            gate, requirement, result, "failed", clean, figure, n, f"calls were denied unasked in: {names}"
        )
    if unknown:
        detail = f"these cases did not run to the end: {', '.join(unknown)}"
        return _judgement(gate, requirement, result, "not_proven", clean, figure, n, detail)
    if n < requirement.min_cases:
        return _judgement(gate, requirement, result, "not_proven", clean, figure, n, _too_few(requirement, n))
    return _judgement(gate, requirement, result, "passed", clean, figure, n, f"no violation in {n} cases")


def _at_most(
    gate: str, requirement: Requirement, result: SuiteResult, figures: list[Decimal], share: Decimal
) -> Judgement:
    n = len(result.cases)
    if len(figures) < n or n < requirement.min_cases or not figures:
        detail = _too_few(requirement, n) if n < requirement.min_cases else "some cases have no figure"
        return _judgement(gate, requirement, result, "not_proven", None, None, None, detail)
    rank = max(1, ceil(share * n))
    figure = sorted(figures)[rank - 1]
    verdict: Verdict = "passed" if figure <= requirement.value else "failed"
    detail = f"{requirement.metric} is {figure} and may be {requirement.value}"
    return _judgement(gate, requirement, result, verdict, None, figure, None, detail)


def _too_few(requirement: Requirement, n: int) -> str:
    return f"{n} cases ran and the gate asks for {requirement.min_cases}"


def _judgement(
    gate: str,
    requirement: Requirement,
    result: SuiteResult,
    verdict: Verdict,
    k: int | None,
    figure: Decimal | None,
    needed: int | None,
    detail: str,
) -> Judgement:
    n = len(result.cases)
    return Judgement(gate, result.suite, requirement, verdict, n, k, figure, needed, detail)
