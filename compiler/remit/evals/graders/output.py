"""Graders of a run's output: equal to, containing, or of the declared shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from remit.evals.graders.observed import MISSING, Grader, Observed, is_array, is_object, subject


def exact(grader: Grader, observed: Observed, expected: object) -> str | None:
    """None when the output at `at` equals what is expected, else what differs."""
    return _compared(grader, observed, expected, subset=False)


def json_match(grader: Grader, observed: Observed, expected: object) -> str | None:
    """None when the output at `at` equals (mode `exact`) or holds (mode `subset`) what is expected."""
    return _compared(grader, observed, expected, subset=grader.mode == "subset")


def contains(grader: Grader, observed: Observed, expected: object) -> str | None:
    """None when the string or array at `at` holds what is expected."""
    found = subject(grader, observed)
    if expected is MISSING:
        return "the case expects nothing of this grader"
    if isinstance(found, str) and isinstance(expected, str):
        return None if expected in found else f"{_place(grader)} does not contain {_shown(expected)}"
    if is_array(found):
        return None if _held(expected, found) else f"{_place(grader)} does not hold {_shown(expected)}"
    return f"{_place(grader)} is {_shown(found)}, neither a string nor an array"


def output_schema(_grader: Grader, observed: Observed, expected: object) -> str | None:
    """None when the output satisfies the agent's output shape, or is not there where the case expects null.

    A run that did not succeed owes none.
    """
    if observed.output_valid is None:
        return "the run has no output" if observed.reason == "succeeded" and expected is not None else None
    if expected is None:
        return "the run has an output, and the case expects none"
    return None if observed.output_valid else "the output does not satisfy the agent's output shape"


def _compared(grader: Grader, observed: Observed, expected: object, *, subset: bool) -> str | None:
    if expected is MISSING:
        return "the case expects nothing of this grader"
    found = subject(grader, observed)
    return difference(found, expected, _place(grader), subset=subset)


def difference(found: Any, expected: Any, place: str, *, subset: bool) -> str | None:
    """The first place where a JSON value differs from what is expected, as a sentence, or None.

    With `subset`, objects may hold more keys and arrays may go on. Numbers compare by value, but true is not 1.
    """
    if is_object(expected) and is_object(found):
        return _object_difference(found, expected, place, subset=subset)
    if is_array(expected) and is_array(found):
        return _array_difference(found, expected, place, subset=subset)
    either_is_boolean = isinstance(found, bool) or isinstance(expected, bool)
    same = found is expected if either_is_boolean else found == expected
    return None if same else f"{place} is {_shown(found)}, expected {_shown(expected)}"


def _object_difference(
    found: Mapping[str, Any], expected: Mapping[str, Any], place: str, *, subset: bool
) -> str | None:
    for key in sorted(expected):
        if key not in found:
            return f"{place}.{key} is missing"
        differs = difference(found[key], expected[key], f"{place}.{key}", subset=subset)
        if differs:
            return differs
    extra = sorted(set(found) - set(expected))
    return f"{place}.{extra[0]} is not expected" if extra and not subset else None


def _array_difference(found: list[Any], expected: list[Any], place: str, *, subset: bool) -> str | None:
    if len(found) < len(expected) or (len(found) > len(expected) and not subset):
        return f"{place} has {len(found)} items, expected {len(expected)}"
    for index, item in enumerate(expected):
        differs = difference(found[index], item, f"{place}.{index}", subset=subset)
        if differs:
            return differs
    return None


def _held(expected: object, found: list[Any]) -> bool:
    return any(difference(item, expected, "", subset=False) is None for item in found)


def _place(grader: Grader) -> str:
    whole = f"`{grader.artifact}`" if grader.artifact else "the output"
    return ".".join((whole, *grader.at)) if grader.artifact or not grader.at else ".".join(grader.at)


def _shown(value: Any) -> str:
    if value is MISSING:
        return "missing"
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 120 else text[:117] + "..."
