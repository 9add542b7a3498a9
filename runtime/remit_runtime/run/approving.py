"""What follows where people are asked: a call that needs approvals, an approval state, a model's question."""

from __future__ import annotations

from dataclasses import replace

from remit_runtime.bundle.graph import ApprovalState
from remit_runtime.journal.events import ApprovalSettled, StateEntered
from remit_runtime.models.json_text import Json, json_text
from remit_runtime.run.asked import Asked
from remit_runtime.run.bind import Unresolved, resolve, written
from remit_runtime.run.effects import (
    CallTool,
    Confirm,
    Effect,
    Finish,
    Record,
    RefuseCall,
    RequestApproval,
    RequestCallApprovals,
    Wait,
)
from remit_runtime.run.move import leave
from remit_runtime.run.state import RunState, Token


def approved_call(token: Token, call: CallTool) -> Effect | None:
    """The effect of a call that needs people: ask, wait, refuse it, or make it with what was approved.

    None where the journal holds what no such call can have led to.
    """
    decided, asked = token.wanted.call, token.wanted.asked
    if decided is None or not decided.approvals:
        return None
    requirements = {one.requested.requirement for one in asked}
    unasked = tuple(name for name in decided.approvals if name not in requirements)
    if unasked:
        return RequestCallApprovals(token.state, decided, unasked)
    for one in asked:
        if one.settled is not None and one.settled.outcome != "approved":
            return RefuseCall(
                token.state, decided, f"approval_{one.settled.outcome}", _why_not(one, one.settled)
            )
        # The call was made with it, and policy asked for it again: it did not hold then, and does not now.
        if (
            one.settled is not None
            and one.requested.call != decided.call
            and _asks_again(one, decided.approvals)
        ):
            why = f"the approval `{one.requested.approval}` does not hold for this call"
            return RefuseCall(token.state, decided, "approval_invalid", why)
    pending = [one for one in asked if one.settled is None]
    if pending:
        named = ", ".join(f"`{one.requested.requirement}`" for one in pending)
        return _wait(token, pending, f"`{decided.tool}` needs the approval {named}")
    return replace(call, approved=token.wanted)


def _asks_again(one: Asked, needed: tuple[str, ...]) -> bool:
    return one.requested.requirement in needed


def _why_not(one: Asked, settled: ApprovalSettled) -> str:
    what = f"the approval `{one.requested.requirement}`"
    if settled.outcome == "expired":
        return f"{what} was not given in time"
    reasons = [given.reason for given in one.given if given.decision == "denied" and given.reason]
    return f"{what} was denied by {' '.join(settled.by) or 'nobody'}" + (f": {reasons[0]}" if reasons else "")


def at_approval(state: RunState, node: ApprovalState, token: Token) -> Effect | None:
    """The next effect of an approval state; None where its journal holds what it cannot have led to."""
    if isinstance(token.last, StateEntered):
        shown: dict[str, Json] = {}
        for reference in node.show:
            value = resolve(reference, state)
            if isinstance(value, Unresolved):
                return Finish("failed", value.message)
            shown[written(reference)[2:-1]] = value.value
        return RequestApproval(node, token.branch, json_text(shown))
    if not token.wanted.asked:
        return None
    one = token.wanted.asked[-1]
    if one.settled is None:
        return _wait(token, [one], f"approval `{one.requested.requirement}` is asked for")
    expired = _left(node, token, "expired", ())
    match one.settled.outcome:
        case "approved":
            denied = _left(node, token, "denied", ())
            return Confirm(one, _left(node, token, "approved", one.settled.by), denied, expired)
        case "denied":
            return _left(node, token, "denied", one.settled.by)
        case "expired":
            return expired


def _left(node: ApprovalState, token: Token, outcome: str, by: tuple[str, ...]) -> Record:
    routes = {"approved": node.approved, "denied": node.denied, "expired": node.expired}
    people: Json = [*by]
    output = json_text({"by": people, "outcome": outcome})
    why = None if outcome == "approved" else " ".join((outcome, *by))
    return leave(node.id, token.branch, outcome, output, routes[outcome], why)


def _wait(token: Token, pending: list[Asked], detail: str) -> Wait:
    """A wait that ends with an answer, or when the first of the requests expires."""
    first = min((one.requested for one in pending), key=lambda one: one.expires_ms)
    return Wait(token.state, "approval", detail, first.approval, first.expires_ms)
