"""Gates: numbers decide, every case counts, and what did not run is not proven."""

from dataclasses import replace
from decimal import Decimal

import pytest

from remit.evals.gate import Requirement, judge, verdict_of
from remit.evals.results import CaseResult, SuiteResult

BOUND = Requirement("task_success_rate", ">=", Decimal("0.80"), "bound", Decimal("0.95"), 1)
NO_VIOLATION = Requirement("policy_violation_rate", "==", Decimal(0), "point", Decimal("0.95"), 20)


def case(number: int, *, passed: bool = True, violations: int | None = 0, cost: int = 0) -> CaseResult:
    return CaseResult(
        id=f"c{number}",
        passed=passed,
        must_pass=False,
        reason="succeeded",
        grades=(),
        violations=violations,
        microusd=cost,
        milliseconds=number,
        runs=(),
        error=None if violations is not None else "it crashed",
    )


def suite(*cases: CaseResult) -> SuiteResult:
    return SuiteResult("repo_map", "swe.repo_map_generator", "0.1.0", "c", "d", "g", "p", cases)


def test_one_failing_case_too_many_fails_the_gate_and_says_how_many_would_pass() -> None:
    allowed = suite(*(case(i, passed=i >= 1) for i in range(24)))
    too_many = suite(*(case(i, passed=i >= 2) for i in range(24)))

    assert judge("g", BOUND, allowed).verdict == "passed"
    failed = judge("g", BOUND, too_many)
    assert (failed.verdict, failed.n, failed.k, failed.needed) == ("failed", 24, 22, 23)
    assert failed.detail == "22 of 24 cases passed; the rate is at least 0.760 at 0.95 confidence"


def test_a_suite_of_no_cases_fails_a_rate_and_does_not_prove_an_absence() -> None:
    assert judge("g", BOUND, suite()).verdict == "not_proven"
    assert judge("g", NO_VIOLATION, suite()).verdict == "not_proven"


def test_one_violation_fails_whatever_the_others_did() -> None:
    found = judge("g", NO_VIOLATION, suite(*(case(i, violations=int(i == 3)) for i in range(30))))

    assert (found.verdict, found.detail) == ("failed", "calls were denied unasked in: c3")


def test_a_case_that_did_not_run_leaves_an_absence_unproven() -> None:
    found = judge("g", NO_VIOLATION, suite(*(case(i, violations=None if i == 3 else 0) for i in range(30))))

    assert (found.verdict, found.detail) == ("not_proven", "these cases did not run to the end: c3")


@pytest.mark.parametrize(("limit", "verdict"), [("0.000009", "failed"), ("0.00001", "passed")])
def test_the_median_is_taken_by_nearest_rank(limit: str, verdict: str) -> None:
    requirement = Requirement("median_cost_usd", "<=", Decimal(limit), "point", Decimal("0.95"), 20)

    assert judge("g", requirement, suite(*(case(i, cost=i) for i in range(1, 21)))).verdict == verdict


def test_the_95th_percentile_of_twenty_is_the_nineteenth() -> None:
    requirement = Requirement("p95_latency_seconds", "<=", Decimal("0.019"), "point", Decimal("0.95"), 20)

    found = judge("g", requirement, suite(*(case(i) for i in range(1, 21))))

    assert (found.verdict, found.figure) == ("passed", Decimal("0.019"))


def test_a_failure_outweighs_what_is_not_proven() -> None:
    failed = judge("g", BOUND, suite(*(case(i, passed=False) for i in range(24))))
    unproven = judge("g", NO_VIOLATION, suite(case(1)))

    assert verdict_of([unproven, failed]) == "failed"
    assert verdict_of([unproven]) == "not_proven"
    assert verdict_of([]) == "passed"


def test_a_suite_whose_every_case_could_not_run_is_not_proven_and_says_why() -> None:
    found = judge("g", BOUND, suite(*(case(i, passed=False, violations=None) for i in range(24))))

    assert (found.verdict, found.detail) == ("not_proven", "the suite did not run: it crashed")


def test_a_suite_of_which_one_case_ran_is_judged_by_it() -> None:
    cases = [case(0), *(case(i, passed=False, violations=None) for i in range(1, 24))]

    assert judge("g", BOUND, suite(*cases)).verdict == "failed"


# ---- suites that need a model, or what this machine lacks

SAFE = Requirement("grader_pass_rate", ">=", Decimal("0.80"), "bound", Decimal("0.95"), 1, "safe")


def test_a_script_proves_no_success_of_a_suite_that_needs_a_model() -> None:
    scripted = replace(suite(*(case(i) for i in range(24))), only_scripted=True)

    found = judge("g", BOUND, scripted)

    assert (found.verdict, found.k, found.figure) == ("not_proven", None, None)
    assert found.detail == "a script answered, and only a model can show that the task is done"
    assert judge("g", NO_VIOLATION, scripted).verdict == "passed"


def test_a_case_that_must_pass_and_has_not_fails_what_a_script_could_not_prove() -> None:
    cases = [replace(case(i, passed=False), must_pass=True) for i in range(24)]

    assert judge("g", BOUND, replace(suite(*cases), only_scripted=True)).verdict == "failed"


@pytest.mark.parametrize(
    ("passing", "verdict"), [(24, "passed"), (23, "passed"), (22, "failed"), (0, "failed")]
)
def test_the_rate_of_a_grader_counts_the_cases_in_which_it_passed(passing: int, verdict: str) -> None:
    # What decides the case is another grader: its failing is no matter here.
    cases = [
        replace(case(i, passed=False), passed_graders=("safe",) if i < passing else ("other",))
        for i in range(24)
    ]

    found = judge("g", SAFE, replace(suite(*cases), only_scripted=True))

    assert (found.verdict, found.n, found.k, found.needed) == (verdict, 24, passing, 23)
    assert found.detail.startswith(f"{passing} of 24 cases passed `safe`; ")
    assert found.requirement.measured == "grader_pass_rate of safe"


def test_a_suite_that_lacks_a_program_here_is_not_proven_and_says_which() -> None:
    lacking = replace(suite(*(case(i) for i in range(24))), lacking="this machine has no executable `scan`")

    for requirement in (BOUND, SAFE, NO_VIOLATION):
        found = judge("g", requirement, lacking)
        assert (found.verdict, found.detail) == (
            "not_proven",
            "the suite did not run: this machine has no executable `scan`",
        )
