"""The trajectory grader: which tools were called, in which order, with which arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from remit.evals.graders.observed import MISSING, Call, Grader, Observed, is_array, is_object
from remit.evals.graders.output import difference


def calls(grader: Grader, observed: Observed, expected: object) -> str | None:
    """None when the calls made are the expected ones: `exact`, `in_order` (others may stand between) or `any_order`.

    With `any_order` every expected call is made, others may be too, and a call answers one expectation only.
    """
    if not is_array(expected):
        return "the case lists no calls for this grader"
    made = observed.calls
    if grader.order == "exact":
        return _exact(made, expected)
    if grader.order == "in_order":
        return _in_order(made, expected)
    return _any_order(made, expected)


def _exact(made: Sequence[Call], expected: Sequence[Any]) -> str | None:
    for index, (call, wanted) in enumerate(zip(made, expected, strict=False)):
        differs = _differs(call, wanted)
        if differs:
            return f"call {index + 1}: {differs}"
    if len(made) != len(expected):
        return f"{len(made)} calls were made, expected {len(expected)}"
    return None


def _in_order(made: Sequence[Call], expected: Sequence[Any]) -> str | None:
    rest = iter(made)
    for wanted in expected:
        if not any(_differs(call, wanted) is None for call in rest):
            return f"no call of {_named(wanted)} in its order"
    return None


def _any_order(made: Sequence[Call], expected: Sequence[Any]) -> str | None:
    rest = list(made)
    for wanted in expected:
        index = next((i for i, call in enumerate(rest) if _differs(call, wanted) is None), None)
        if index is None:
            return f"no call of {_named(wanted)}"
        del rest[index]
    return None


def _differs(call: Call, wanted: Any) -> str | None:
    if isinstance(wanted, str):
        return None if call.tool == wanted else f"`{call.tool}` was called, expected `{wanted}`"
    if not is_object(wanted) or set(wanted) - {"tool", "args"} or "tool" not in wanted:
        return "the case names a call by neither a tool id nor `{tool, args}`"
    if call.tool != wanted["tool"]:
        return f"`{call.tool}` was called, expected `{wanted['tool']}`"
    if wanted.get("args", MISSING) is MISSING:
        return None
    return difference(dict(call.arguments), wanted["args"], "args", subset=True)


def _named(wanted: Any) -> str:
    tool = wanted.get("tool") if is_object(wanted) else wanted
    return f"`{tool}`"
