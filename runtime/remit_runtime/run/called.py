"""What follows at a state that calls a tool, whether a model chose the call or the definition binds it."""

from __future__ import annotations

from remit_runtime.bundle.graph import CallState, DecideState, ToolState
from remit_runtime.journal.events import (
    ApprovalRequested,
    ApprovalSettled,
    StateEntered,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.models.decision import Call, parse_decision
from remit_runtime.run.approving import approved_call
from remit_runtime.run.bind import Unresolved, bind
from remit_runtime.run.effects import CallTool, Effect, Finish, RecoverTool
from remit_runtime.run.move import enter, leave
from remit_runtime.run.plan import Plan
from remit_runtime.run.state import INTERRUPTED, RunState, Token


def at_tool(state: RunState, node: ToolState, token: Token) -> Effect:
    """The next effect of a tool state: its call, and then the route of the call's outcome."""
    match token.last:
        case ToolDecided(outcome="deny") as denied:
            detail = f"`{denied.tool}` was denied, {denied.code}: {denied.reason}"
            return leave(node.id, token.branch, "denied", None, node.denied, detail)
        case ToolSettled(outcome="ok") as settled:
            return leave(node.id, token.branch, "ok", settled.output or "null", node.ok)
        case ToolSettled() as settled if settled.code != INTERRUPTED:
            detail = f"`{settled.tool}` ended as {settled.outcome}, {settled.code or 'without a code'}"
            return leave(node.id, token.branch, "error", None, node.error, detail)
        case _:
            bound = bind(node.args, state)
            if isinstance(bound, Unresolved):
                return Finish("failed", bound.message)
            call = CallTool(node.id, token.branch, node.tool, bound.text, frozenset({node.tool}))
            return in_call(token, call)


def at_call(plan: Plan, state: RunState, node: CallState, token: Token) -> Effect | None:
    """The next effect of a call state: the model's call, and then back to the state that chose it."""
    match token.last:
        case ToolDecided(outcome="deny"):
            return enter(plan, state, node.back, token.branch)
        case ToolSettled() as settled if settled.code != INTERRUPTED:
            return enter(plan, state, node.back, token.branch)
        case _:
            decision = None if token.decision is None else parse_decision(token.decision)
            if not isinstance(decision, Call):
                return unexplained(token)
            back = plan.states.get(node.back)
            offered = offered_by(back) if isinstance(back, DecideState) else frozenset({node.tool})
            return in_call(token, CallTool(node.id, token.branch, node.tool, decision.arguments, offered))


def in_call(token: Token, call: CallTool) -> Effect:
    """The effect of a call that has no outcome yet: make it, wait for its approval, or find out how it ended."""
    match token.last:
        case StateEntered() | ToolDecided(outcome="allow") | ToolSettled(code="interrupted"):
            return call
        case ToolDecided(outcome="require_approval") | ApprovalRequested() | ApprovalSettled():
            return approved_call(token, call) or unexplained(token)
        case ToolIntended() as intended:
            return RecoverTool(token.state, intended.tool, intended.call, intended.recovery)
        case _:
            return unexplained(token)


def offered_by(node: DecideState) -> frozenset[str]:
    """The tools that a decide state offers its model."""
    return frozenset(edge.tool for edge in node.calls)


def unexplained(token: Token) -> Finish:
    """The end of a run whose journal holds what its graph cannot have led to."""
    kind = str(token.last.__struct_config__.tag)
    return Finish("failed", f"the graph does not explain the event `{kind}` in state `{token.state}`")
