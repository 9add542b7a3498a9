"""The trajectory grader: which tools were called, in which order, with which arguments."""

from __future__ import annotations

from typing import Any

from remit.evals.graders.observed import MISSING, Call, Grader, Observed, is_array, is_object
from remit.evals.graders.output import difference
from remit.evals.graders.sequence import missed


def calls(grader: Grader, observed: Observed, expected: object) -> str | None:
    """None when the calls made are the expected ones: `exact`, `in_order` (others may stand between) or `any_order`.

    With `any_order` every expected call is made, others may be too, and a call answers one expectation only.
    """
    if not is_array(expected):
        return "the case lists no calls for this grader"
    return missed(observed.calls, expected, grader.order, _differs, _named, "call")


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
