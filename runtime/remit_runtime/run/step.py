"""One step of a run: a state and an event give the next state and the effects it calls for.

Pure: no clock, no store, no process. What comes next depends on the folded state alone, so a run that is resumed
goes on exactly where its journal ends, and no code of anybody is replayed. Total: every state, in every point of its
visit, gives an effect; an event that the graph cannot explain ends the run as failed.
"""

from __future__ import annotations

from dataclasses import dataclass

from remit_runtime.bundle.graph import (
    ApprovalState,
    Binding,
    CallState,
    CheckState,
    ContextState,
    DecideState,
    EndState,
    HandoffState,
    MemoryState,
    ParallelState,
    ToolState,
)
from remit_runtime.journal.events import (
    ChildEnded,
    ChildStarted,
    OutputAccepted,
    OutputVerified,
    RunEvent,
    StateEntered,
)
from remit_runtime.models.decision import Handoff, parse_decision
from remit_runtime.run.approving import at_approval
from remit_runtime.run.bind import Unresolved, bind, resolve
from remit_runtime.run.called import at_call, at_tool, unexplained
from remit_runtime.run.decided import at_decide
from remit_runtime.run.effects import (
    Effect,
    Finish,
    FollowChild,
    StartChild,
    Validate,
    Verify,
    Wait,
)
from remit_runtime.run.gathered import at_context
from remit_runtime.run.move import enter, fork, leave, onward
from remit_runtime.run.plan import Plan
from remit_runtime.run.state import RunState, Token, fold


@dataclass(frozen=True)
class Stepped:
    """The state after an event, and what may be done now, in the order in which it is to be done."""

    state: RunState
    effects: tuple[Effect, ...]


def step(plan: Plan, state: RunState, event: RunEvent) -> Stepped:
    """The state after an event and the effects it calls for; none once the run has ended."""
    after = fold(state, event)
    return Stepped(after, effects_of(plan, after))


def effects_of(plan: Plan, state: RunState) -> tuple[Effect, ...]:
    """What may be done in a state: one effect for each branch that can go on, those that wait for a person last.

    A run that has begun and not ended always has at least one.
    """
    if state.started is None or state.ended is not None:
        return ()
    possible = [_next(plan, state, token) for token in state.tokens]
    if not state.tokens:
        possible = [enter(plan, state, plan.agent.graph.start, ())]
    found = [effect for effect in possible if effect is not None]
    found.sort(key=lambda effect: isinstance(effect, Wait))
    return tuple(found) or (Finish("failed", "no branch of the run can go on"),)


def _next(plan: Plan, state: RunState, token: Token) -> Effect | None:  # noqa: C901 (one flat match over every state type)
    if isinstance(token.last, OutputAccepted):
        return onward(plan, state, token, token.last)
    node = plan.states.get(token.state)
    match node:
        case DecideState():
            return at_decide(plan, state, node, token)
        case CallState():
            return at_call(plan, state, node, token)
        case ToolState():
            return at_tool(state, node, token)
        case ParallelState():
            return fork(plan, state, node, token)
        case ApprovalState():
            return at_approval(state, node, token) or unexplained(token)
        case HandoffState():
            return _at_handoff(state, node, token)
        case CheckState():
            return _at_check(state, node, token)
        case EndState():
            return _at_end(plan, state, node, token)
        case ContextState():
            return at_context(plan, state, node, token)
        case MemoryState():
            return Finish("failed", f"this runtime does not perform state `{node.id}`")
        case None:
            return Finish("failed", f"the graph has no state `{token.state}`")


def _at_handoff(state: RunState, node: HandoffState, token: Token) -> Effect:
    match token.last:
        case StateEntered():
            given = _handoff_input(state, node.input, token)
            if isinstance(given, Unresolved):
                return Finish("failed", given.message)
            return StartChild(node, token.branch, given)
        case ChildStarted() as started:
            return FollowChild(node, started.child)
        case ChildEnded(reason="succeeded") as ended:
            return leave(node.id, token.branch, "ok", ended.output, node.ok)
        case ChildEnded() as ended:
            # A model that chose the handoff hears of its failure, as it does of a call's.
            back = node.failed or node.chosen_by
            return leave(
                node.id, token.branch, "failed", None, back, f"the child run ended as {ended.reason}"
            )
        case _:
            return unexplained(token)


def _handoff_input(state: RunState, given: Binding | None, token: Token) -> str | Unresolved:
    if given is not None:
        bound = bind(given, state)
        return bound if isinstance(bound, Unresolved) else bound.text
    decision = None if token.decision is None else parse_decision(token.decision)
    if isinstance(decision, Handoff):
        return decision.input
    return Unresolved("input", f"state `{token.state}` has no input for its child")


def _at_check(state: RunState, node: CheckState, token: Token) -> Effect:
    bound = bind(node.values, state)
    if isinstance(bound, Unresolved):
        return Finish("failed", bound.message)
    passed = leave(node.id, token.branch, "passed", bound.text, node.passed)
    failed = leave(node.id, token.branch, "failed", bound.text, node.failed)
    return Validate(node.schema, bound.text, passed, failed)


def _at_end(plan: Plan, state: RunState, node: EndState, token: Token) -> Effect:
    artifacts: list[tuple[str, str]] = []
    for artifact in node.artifacts:
        value = resolve(artifact.value, state)
        if isinstance(value, Unresolved):
            return Finish("failed", value.message)
        artifacts.append((artifact.name, value.text))
    if node.output is None:
        if node.outcome == "succeeded":
            return Finish("output_invalid", f"state `{node.id}` ends the run as succeeded without an output")
        return Finish(node.outcome, f"state `{node.id}` ended the run", None, tuple(artifacts))
    bound = bind(node.output, state)
    if isinstance(bound, Unresolved):
        return Finish("failed", bound.message)
    if isinstance(token.last, OutputVerified):
        broken = [f"{check.check}: {check.detail}" for check in token.last.checks if not check.passed]
        if broken:
            return Finish("output_invalid", f"the output does not hold: {'; '.join(broken)}")
        return Finish(node.outcome, f"state `{node.id}` ended the run", bound.text, tuple(artifacts))
    evidence = plan.agent.guardrails.min_evidence_per_finding
    return Verify(node.id, plan.agent.output, bound.text, tuple(artifacts), evidence)
