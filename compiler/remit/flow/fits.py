"""Whether a value that one schema describes can ever be one that another wants (docs/types.md).

It says that none can only where no value satisfies both, but for lists that would have to be empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remit.flow.kinds import json_key, json_words, words_of
from remit.flow.reading import Option, Reading, item, step

MAX_DEPTH = 8
"""Objects and lists inside each other that are compared."""
MAX_PAIRS = 256
"""Ways in which two values may be, each of the one with each of the other; with more nothing is said."""


def misfit(given: Reading, wanted: Reading, depth: int = MAX_DEPTH) -> str | None:
    """Why what is given is never what is wanted, as the end of a sentence; None where it may be."""
    pairs = len(given.options) * len(wanted.options)
    if depth == 0 or not pairs or pairs > MAX_PAIRS:
        return None
    reasons: list[str] = []
    for option in given.options:
        for other in wanted.options:
            reason = _reason(option, other, depth)
            if reason is None:
                return None
            reasons.append(reason)
    if len(reasons) == 1:
        return reasons[0]
    if not given.kinds & wanted.kinds or (given.values is not None and wanted.values is not None):
        return _in_place_of(given.options, wanted.options)
    return next((reason for reason in reasons if " where " not in reason), reasons[0])


def _reason(given: Option, wanted: Option, depth: int) -> str | None:
    common = given.kinds & wanted.kinds
    if not common:
        return _in_place_of([given], [wanted])
    if given.values is not None and wanted.values is not None:
        keys = {json_key(value) for value in wanted.values}
        if not any(json_key(value) in keys for value in given.values):
            return _in_place_of([given], [wanted])
    if len(common) > 1:
        return None
    if "object" in common:
        return _of_fields(given, wanted, depth)
    return _of_items(given, wanted, depth) if "array" in common else None


def _of_fields(given: Option, wanted: Option, depth: int) -> str | None:
    for name in sorted(given.required | wanted.required):
        ours, theirs = step(_alone(given), name), step(_alone(wanted), name)
        if ours.presence == "never" and name in wanted.required:
            return f"no `{name}`, which is wanted there"
        if theirs.presence == "never" and name in given.required:
            return f"`{name}`, which is not allowed there"
        reason = misfit(ours, theirs, depth - 1)
        if reason is not None:
            return f"{reason}, at `{name}`"
    return None


def _of_items(given: Option, wanted: Option, depth: int) -> str | None:
    reason = misfit(item(_alone(given)), item(_alone(wanted)), depth - 1)
    return None if reason is None else f"{reason}, in each item"


def _alone(option: Option) -> Reading:
    return Reading("always", (option,))


def _in_place_of(given: Sequence[Option], wanted: Sequence[Option]) -> str:
    return f"{_words(given)} where {_words(wanted)} is wanted"


def _words(options: Sequence[Option]) -> str:
    found = Reading("always", tuple(options))
    if found.values is not None and len(found.values) <= 4:
        return " or ".join(_value(value) for value in found.values)
    return words_of(found.kinds)


def _value(value: Any) -> str:
    return f"`{json_words(value)}`"
