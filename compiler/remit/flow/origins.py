"""Values that others may have written, followed along references to the arguments of effects (docs/provenance.md).

It forecasts what the gateway will find when a call is made, and says less: where a field or a model may give a value
that is trusted after all, nothing is said, but for what a model decides that has read words of others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from remit.definitions import ContextSource, Tool
from remit.definitions.reference import Reference, references_in
from remit.definitions.state import ParallelState
from remit.definitions.work import CheckWork, ContextWork, HandoffWork, ModelWork, ToolWork
from remit.diagnostic import Note
from remit.flow.effects import admits, own_effects
from remit.flow.states import FORM, Flow, FlowState
from remit.flow.ways import exits, is_approved, shortest_way
from remit.graph import reachable, reversed_edges
from remit.read import Path
from remit.source import Span

AUDIENCES = frozenset(("email", "user", "channel", "iban"))
"""The types for which a directory may speak, as the gateway holds it."""
DEEPEST = 20
"""References that are followed one behind the other."""

Trail = tuple[Note, ...]


class Deputy(NamedTuple):
    """An argument of an effect that others may choose, with the trail of references by which their words come there."""

    state: str
    at: Path
    argument: str
    role: str
    type: str
    tool: str
    reference: Reference
    trail: Trail


def deputies(flow: Flow) -> Iterator[Deputy]:
    """The targets and values of effects that are bound to words of others, and that no approval shows."""
    effects = flow.once(own_effects)
    for name, state in flow.states.items():
        work = state.work
        tool = effects.get(work.tool) if isinstance(work, ToolWork) else None
        if tool is None or name not in flow.reached or not isinstance(work, ToolWork):
            continue
        if admits(flow.agent.spec.autonomy, tool.spec.effect) == "never":
            continue
        for argument, said in tool.spec.arguments.items():
            if said.role in ("target", "value") and argument in work.args:
                yield from _of_argument(flow, name, argument, said.role, said.type or "text", work)


def _of_argument(
    flow: Flow, name: str, argument: str, role: str, kind: str, work: ToolWork
) -> Iterator[Deputy]:
    for at, piece in references_in(work.args[argument], ("args", argument)):
        if not isinstance(piece, Reference):
            continue
        whole = _value_at(work, at) == f"${{{piece}}}"
        trail = _trail(flow, piece, kind if whole else "text", 0)
        if trail and not _is_shown(flow, name, piece):
            yield Deputy(name, at, argument, role, kind, work.tool, piece, trail)
            return  # one is enough to ask a person


def _value_at(work: ToolWork, at: Path) -> Any:
    value: Any = work.args
    for step in at[1:]:
        value = value[step]
    return value


def _trail(flow: Flow, reference: Reference, kind: str, deep: int) -> Trail:
    """How words of others come to be a value; empty where it may be trusted, or where nobody can say."""
    state = flow.states.get(reference.root)
    if state is None or deep > DEEPEST:
        return ()
    match state.work:
        case ToolWork() as work:
            tool = flow.unit.portfolio.find(Tool, work.tool)
            if tool is None or _may_be_trusted(tool, reference.steps, kind):
                return ()
            path = _declared_path(reference.steps)
            declared = tool.spec.output_trust.get(path)
            says = "which others may write" if declared is None else f"declared for `{declared.type}` alone"
            return (_note(flow, state, f"`{reference}` is what `{work.tool}` gives, {says}"),)
        case HandoffWork() as work:
            return (_note(flow, state, f"`{reference}` is what the child run of `{work.agent}` says"),)
        case ModelWork():
            read = _read_by(flow, state, deep)
            note = _note(flow, state, f"`{state.id}` has read it, and decides `{reference}`")
            return (*read, note) if read else ()
        case CheckWork() as work:
            return _of_values(flow, work, reference, kind, deep)
        case ParallelState() as work:
            return _of_branch(flow, work, reference, kind, deep)
        case _:
            return ()


def _note(flow: Flow, state: FlowState, message: str) -> Note:
    return Note(message, flow.span(state.id))


def _may_be_trusted(tool: Tool, steps: tuple[str, ...], kind: str) -> bool:
    """Whether a field of an output, or one below it, is declared so that the gateway may trust it for a type."""
    path = _declared_path(steps)
    return any(
        declared.type == kind
        and declared.trust != "keys"
        and (declared.trust != "directory" or kind in AUDIENCES)
        and (not path or f"{field}.".startswith(f"{path}."))
        for field, declared in tool.spec.output_trust.items()
    )


def _declared_path(steps: tuple[str, ...]) -> str:
    """A path as `output_trust` has it: without positions in arrays."""
    return ".".join(step for step in steps if not step.isdigit())


def _of_values(flow: Flow, work: CheckWork, reference: Reference, kind: str, deep: int) -> Trail:
    names = reference.steps[:1] or tuple(work.values)
    for name in names:
        value = work.values.get(name)
        for _, piece in references_in(value):
            if isinstance(piece, Reference):
                whole = value == f"${{{piece}}}"
                onward = Reference(piece.root, (*piece.steps, *reference.steps[1:])) if whole else piece
                found = _trail(flow, onward, kind if whole else "text", deep + 1)
                if found:
                    return found
    return ()


def _of_branch(flow: Flow, work: ParallelState, reference: Reference, kind: str, deep: int) -> Trail:
    for branch in reference.steps[:1] or tuple(work.branches):
        start = work.branches.get(branch)
        if start is None or start == work.join:
            continue
        inner = {name: tuple(t for t in targets if t != work.join) for name, targets in flow.edges.items()}
        for name in sorted(reachable(inner, [start])):
            if work.join in flow.edges.get(name, ()):
                found = _trail(flow, Reference(name, reference.steps[1:]), kind, deep + 1)
                if found:
                    return found
    return ()


# ---- what a model has read


def _read_by(flow: Flow, state: FlowState, deep: int) -> Trail:
    """The words of others that a model state sees: in its prompt, from what it is offered, in packets of context."""
    work, portfolio = state.work, flow.unit.portfolio
    if not isinstance(work, ModelWork):
        return ()
    for slot in flow.reads(state.id):
        found = () if slot.how != "prompt" else _trail(flow, slot.reference, "", deep + 1)
        if found:
            return (*found, Note(f"its prompt shows `{slot.reference}`", slot.span))
    for index, name in enumerate(work.tools):
        if portfolio.find(Tool, name) is not None:
            return (
                Note(
                    f"`{state.id}` may read what `{name}` gives, which others may write",
                    _offer(flow, state, index),
                ),
            )
    for index, agent in enumerate(work.handoffs):
        place = flow.span_in(state.id, "handoffs", index)
        return (Note(f"`{state.id}` may read what a child run of `{agent}` says", place),)
    return _gathered_before(flow, state)


def _offer(flow: Flow, state: FlowState, index: int) -> Span:
    if state.at == FORM:
        return flow.unit.span(("spec", "tools", "allowed", index))
    return flow.span_in(state.id, "tools", index)


def _gathered_before(flow: Flow, state: FlowState) -> Trail:
    before = reachable(reversed_edges(flow.edges), [state.id]) & flow.reached
    for name, one in flow.states.items():
        if name not in before or not isinstance(one.work, ContextWork):
            continue
        listed = flow.agent.spec.context.ranked if one.work.sources is None else one.work.sources
        for source in listed:
            found = flow.unit.portfolio.find(ContextSource, source)
            if found is not None and found.spec.type != "task" and found.spec.trust == "untrusted":
                return (_note(flow, one, f"`{name}` gathers `{source}`, which others may write"),)
    return ()


# ---- who has seen it


def _is_shown(flow: Flow, goal: str, reference: Reference) -> bool:
    """Whether people have approved what shows a value, on every way to a state."""
    for name in flow.approvals:
        state = flow.states[name]
        shown = [one for one in flow.reads(name) if _holds(one.reference, reference)]
        if shown and shortest_way(exits(flow, is_approved, (name,)), [flow.start], goal) is None:
            return state.id in flow.reached
    return False


def _holds(shown: Reference, reference: Reference) -> bool:
    return shown.root == reference.root and reference.steps[: len(shown.steps)] == shown.steps
