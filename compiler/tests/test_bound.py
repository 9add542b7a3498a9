"""The Clopper-Pearson bound: the published table, and the laws a gate relies on."""

from decimal import Decimal
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.bound import chance_of_at_least, fewest_cases, fewest_passing, lower_bound, reaches

CONFIDENCE = Decimal("0.95")
RATE = Decimal("0.82")


@pytest.mark.parametrize(
    ("cases", "needed"), [(16, 16), (20, 20), (50, 46), (100, 89), (200, 174), (500, 425)]
)
def test_the_fewest_passing_cases_are_those_of_the_exact_table(cases: int, needed: int) -> None:
    assert fewest_passing(cases, RATE, CONFIDENCE) == needed


def test_fifteen_cases_cannot_show_a_rate_of_082() -> None:
    assert fewest_passing(15, RATE, CONFIDENCE) is None
    assert fewest_cases(RATE, CONFIDENCE) == 16
    assert lower_bound(15, 15, CONFIDENCE) == Decimal("0.818963")


def test_no_case_proves_nothing() -> None:
    assert not reaches(0, 0, Decimal("0.01"), CONFIDENCE)
    assert lower_bound(0, 10, CONFIDENCE) == 0


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 99))
@settings(max_examples=60, deadline=None)
def test_the_tail_equals_exact_integer_arithmetic(cases: int, passed: int, percent: int) -> None:
    exact = sum(
        comb(cases, k) * percent**k * (100 - percent) ** (cases - k) for k in range(passed, cases + 1)
    )

    tail = chance_of_at_least(passed, cases, Decimal(percent) / 100)

    assert abs(tail * Decimal(100) ** cases - exact) <= Decimal(exact) * Decimal("1e-25") + Decimal("1e-20")


@given(st.integers(1, 120), st.integers(0, 120))
@settings(max_examples=60, deadline=None)
def test_the_bound_lies_below_the_observed_rate_and_grows_with_it(cases: int, passed: int) -> None:
    passed = min(passed, cases)

    bound = lower_bound(passed, cases, CONFIDENCE)

    assert bound <= Decimal(passed) / cases
    assert bound <= lower_bound(min(passed + 1, cases), cases, CONFIDENCE)


@given(st.integers(1, 200), st.integers(1, 99))
@settings(max_examples=60, deadline=None)
def test_one_case_fewer_than_the_fewest_does_not_reach(cases: int, percent: int) -> None:
    threshold = Decimal(percent) / 100

    needed = fewest_passing(cases, threshold, CONFIDENCE)

    if needed is not None:
        assert reaches(needed, cases, threshold, CONFIDENCE)
        assert not reaches(needed - 1, cases, threshold, CONFIDENCE)
