"""The one-sided Clopper-Pearson bound on a success rate, and what a gate that uses it demands.

Of `cases` independent cases `passed` have passed. The lower bound at `confidence` is the rate p at which seeing
`passed` or more has probability 1 - confidence (Clopper and Pearson 1934); the true rate lies below it in at most
that share of suites. A gate never needs the bound itself, only the probability at its own threshold.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from decimal import Context, Decimal, localcontext

_DIGITS = 50
_STEPS = 40


@contextmanager
def _exact_enough() -> Generator[None]:
    with localcontext(Context(prec=_DIGITS)):
        yield


def chance_of_at_least(passed: int, cases: int, rate: Decimal) -> Decimal:
    """The probability that `passed` or more of `cases` pass when each passes at `rate`, to 40 digits or more."""
    if passed <= 0:
        return Decimal(1)
    if passed > cases or rate <= 0:
        return Decimal(0)
    if rate >= 1:
        return Decimal(1)
    with _exact_enough():
        return _tail(passed, cases, rate)


def _tail(passed: int, cases: int, rate: Decimal) -> Decimal:
    odds = rate / (1 - rate)
    term = (1 - rate) ** cases
    total = Decimal(0)
    for hits in range(cases + 1):
        if hits >= passed:
            total += term
        term = term * (cases - hits) / (hits + 1) * odds
    return min(total, Decimal(1))


def reaches(passed: int, cases: int, threshold: Decimal, confidence: Decimal) -> bool:
    """Whether the lower bound at `confidence` is at least `threshold`."""
    if cases <= 0:
        return False
    return chance_of_at_least(passed, cases, threshold) <= 1 - confidence


def lower_bound(passed: int, cases: int, confidence: Decimal) -> Decimal:
    """The lower bound, rounded down to six places so that it never claims more than it has."""
    if passed <= 0 or cases <= 0:
        return Decimal(0)
    low, high = Decimal(0), Decimal(1)
    with _exact_enough():
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if reaches(passed, cases, middle, confidence):
                low = middle
            else:
                high = middle
        return low.quantize(Decimal("0.000001"), rounding="ROUND_FLOOR")


def fewest_passing(cases: int, threshold: Decimal, confidence: Decimal) -> int | None:
    """The smallest number of passing cases that reaches the threshold, or None when even all do not."""
    if not reaches(cases, cases, threshold, confidence):
        return None
    low, high = 0, cases
    while low < high:
        middle = (low + high) // 2
        if reaches(middle, cases, threshold, confidence):
            high = middle
        else:
            low = middle + 1
    return low


def fewest_cases(threshold: Decimal, confidence: Decimal) -> int | None:
    """The smallest suite that could reach the threshold if every case passed; None for a threshold of 1 or more."""
    if threshold >= 1:
        return None
    if threshold <= 0:
        return 1
    cases = 1
    with _exact_enough():
        while threshold**cases > 1 - confidence:
            cases += 1
    return cases
