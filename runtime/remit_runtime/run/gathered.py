"""What follows at a context state: the reads of its tools one by one, its packet, and then the next state."""

from __future__ import annotations

from remit_runtime.bundle.agent import ContextSourceIR
from remit_runtime.bundle.graph import ContextState
from remit_runtime.canonical import canonical_json
from remit_runtime.context.packet import summary_of
from remit_runtime.journal.events import ContextPacked, ToolDecided, ToolSettled
from remit_runtime.run.bind import Unresolved, bind
from remit_runtime.run.called import in_call
from remit_runtime.run.effects import CallTool, Effect, Finish, PackContext
from remit_runtime.run.move import leave
from remit_runtime.run.plan import Plan
from remit_runtime.run.state import INTERRUPTED, RunState, Token


def at_context(plan: Plan, state: RunState, node: ContextState, token: Token) -> Effect:
    """The next effect of a context state. Every source is read before any is judged."""
    if isinstance(token.last, ContextPacked):
        return _packed(node, token, token.last)
    unpinned = next((name for name in node.sources if name not in plan.sources), None)
    if unpinned is not None:
        return Finish("failed", f"the bundle pins no context source `{unpinned}`")
    calls = _calls(plan, state, node)
    if len(token.reads) >= len(calls):
        read = tuple((source.id, event) for (source, _), event in zip(calls, token.reads, strict=False))
        return PackContext(node, token.branch, read)
    source, arguments = calls[len(token.reads)]
    tool = source.tool or ""
    call = CallTool(node.id, token.branch, tool, arguments, frozenset({tool}))
    match token.last:
        case ToolDecided(outcome="deny"):
            return call
        case ToolSettled(code=code) if code != INTERRUPTED:
            return call
        case _:
            return in_call(token, call)


def required_of(plan: Plan, node: ContextState) -> frozenset[str]:
    """The sources without which a context state fails: all that the agent does not call optional."""
    return frozenset(node.sources) - frozenset(plan.agent.context.optional)


def _calls(plan: Plan, state: RunState, node: ContextState) -> list[tuple[ContextSourceIR, str]]:
    """The calls that a context state makes, in order: of its tool sources whose arguments have a value.

    INVARIANT: it depends on the task and the definition alone, so the n-th outcome belongs to the n-th call.
    """
    calls: list[tuple[ContextSourceIR, str]] = []
    for name in node.sources:
        source = plan.sources[name]
        if source.tool is None or source.args is None or source.tool in plan.effects:
            continue
        bound = bind(source.args, state)
        if not isinstance(bound, Unresolved):
            calls.append((source, bound.text))
    return calls


def _packed(node: ContextState, token: Token, packet: ContextPacked) -> Effect:
    if packet.failed is None:
        return leave(node.id, token.branch, "ok", canonical_json(summary_of(packet)).decode(), node.next)
    why = next((one for one in packet.excluded if one.id == packet.failed), None)
    code, reason = ("missing", "it is not there") if why is None else (why.code, why.reason)
    return Finish("failed", f"context source `{packet.failed}` is required and left out, {code}: {reason}")
