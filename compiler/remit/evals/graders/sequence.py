"""What happened against what was expected to: all of it in order, some of it in order, or some of it in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

T = TypeVar("T")
Differs = Callable[[T, Any], str | None]


def missed(
    happened: Sequence[T],
    expected: Sequence[Any],
    order: Literal["exact", "in_order", "any_order"],
    differs: Differs[T],
    named: Callable[[Any], str],
    noun: str,
) -> str | None:
    """What was expected and did not happen, as a sentence; with `exact` also what happened beside it.

    With `any_order` one thing that happened answers one expectation only.
    """
    if order == "exact":
        return _exact(happened, expected, differs, noun)
    if order == "in_order":
        rest = iter(happened)
        for wanted in expected:
            if not any(differs(one, wanted) is None for one in rest):
                return f"no {noun} of {named(wanted)} in its order"
        return None
    left = list(happened)
    for wanted in expected:
        index = next((i for i, one in enumerate(left) if differs(one, wanted) is None), None)
        if index is None:
            return f"no {noun} of {named(wanted)}"
        del left[index]
    return None


def _exact(happened: Sequence[T], expected: Sequence[Any], differs: Differs[T], noun: str) -> str | None:
    for index, (one, wanted) in enumerate(zip(happened, expected, strict=False)):
        found = differs(one, wanted)
        if found:
            return f"{noun} {index + 1}: {found}"
    if len(happened) != len(expected):
        return f"{len(happened)} {noun}s were made, expected {len(expected)}"
    return None
