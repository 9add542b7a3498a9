"""What follows at a decide state: ask its model, then go where the decision leads."""

from __future__ import annotations

from remit_runtime.bundle.graph import DecideState, HandoffState
from remit_runtime.journal.events import (
    ModelIntended,
    ModelSettled,
    ModelSkipped,
    QuestionAnswered,
    QuestionAsked,
    StateEntered,
    ToolDecided,
    ToolSettled,
)
from remit_runtime.models.decision import Ask, Call, Decision, Handoff, Malformed, Respond, parse_decision
from remit_runtime.run.called import in_call, offered_by, unexplained
from remit_runtime.run.effects import (
    AskModel,
    AskPeople,
    CallTool,
    Effect,
    Finish,
    Record,
    RecoverModel,
    Validate,
    Wait,
)
from remit_runtime.run.move import chosen, enter, leave
from remit_runtime.run.plan import Plan
from remit_runtime.run.state import INTERRUPTED, RunState, Token


def at_decide(plan: Plan, state: RunState, node: DecideState, token: Token) -> Effect | None:
    """The next effect of a decide state."""
    match token.last:
        case StateEntered():
            return AskModel(node, token.branch, token.visit, 1)
        case ModelIntended() as intended:
            return RecoverModel(node.id, intended.call)
        case ModelSkipped() as skipped:
            why = f"model `{skipped.model}` was not asked, {skipped.code}: {skipped.reason}"
            return _without_answer(plan, node, token, why)
        case ModelSettled() as settled:
            return _settled(plan, state, node, token, settled)
        case QuestionAsked() as asked:
            return Wait(node.id, "question", asked.text)
        case QuestionAnswered():
            return enter(plan, state, node.id, token.branch)
        case ToolDecided(outcome="deny"):  # of a tool that the state does not offer
            return enter(plan, state, node.id, token.branch)
        case ToolSettled(code=code) if code != INTERRUPTED:
            return enter(plan, state, node.id, token.branch)
        case _:
            decision = None if token.decision is None else parse_decision(token.decision)
            if not isinstance(decision, Call):
                return unexplained(token)
            return in_call(token, _unoffered(node, token, decision))


def _settled(
    plan: Plan, state: RunState, node: DecideState, token: Token, settled: ModelSettled
) -> Effect | None:
    detail = settled.detail or settled.code or "no reason given"
    match settled.outcome:
        case "ok":
            decision = parse_decision(settled.decision or "")
            return _decided(plan, state, node, token, decision)
        case "invalid":
            return _invalid(node, token, detail)
        case "error" if settled.code == INTERRUPTED:
            return AskModel(node, token.branch, token.visit, token.attempt)
        case "error":
            return _without_answer(plan, node, token, detail)


def _without_answer(plan: Plan, node: DecideState, token: Token, detail: str) -> Effect:
    """The next model of the agent's list where it falls back in order, else the state's `error` outcome."""
    if plan.agent.fallback == "in_order" and token.attempt < len(plan.agent.models):
        return AskModel(node, token.branch, token.visit, token.attempt + 1)
    return leave(node.id, token.branch, "error", None, node.error, detail)


def _decided(
    plan: Plan, state: RunState, node: DecideState, token: Token, decision: Decision | Malformed
) -> Effect | None:
    match decision:
        case Call(tool):
            edge = next((edge.state for edge in node.calls if edge.tool == tool), None)
            if edge is None:
                # The gateway denies it and says so in the audit; the model hears of it.
                return _unoffered(node, token, decision)
            return enter(plan, state, edge, token.branch)
        case Respond(value):
            accepted = leave(node.id, token.branch, "respond", value, chosen(node.routes, value))
            if node.decides is None:
                return accepted
            failed = _invalid(node, token, f"what state `{node.id}` responds does not satisfy its schema")
            return Validate(node.decides, value, accepted, failed)
        case Handoff():
            return _handed_off(plan, state, node, token, decision)
        case Ask(question):
            return AskPeople(node.id, question)
        case Malformed():
            return _invalid(node, token, decision.message)


def _handed_off(
    plan: Plan, state: RunState, node: DecideState, token: Token, decision: Handoff
) -> Effect | None:
    tasks = {
        target.task: edge.state
        for edge in node.handoffs
        if edge.agent == decision.agent and isinstance(target := plan.states.get(edge.state), HandoffState)
    }
    if not tasks:
        return _invalid(node, token, f"state `{node.id}` offers no handoff to `{decision.agent}`")
    listed = ", ".join(f"`{task}`" for task in tasks)
    if decision.task is None and len(tasks) > 1:
        return _invalid(node, token, f"`{decision.agent}` takes {listed} from state `{node.id}`: name one")
    edge = next(iter(tasks.values())) if decision.task is None else tasks.get(decision.task)
    if edge is None:
        message = f"state `{node.id}` hands off {listed} to `{decision.agent}`, not `{decision.task}`"
        return _invalid(node, token, message)
    return enter(plan, state, edge, token.branch)


def _unoffered(node: DecideState, token: Token, decision: Call) -> CallTool:
    return CallTool(node.id, token.branch, decision.tool, decision.arguments, offered_by(node))


def _invalid(node: DecideState, token: Token, detail: str) -> Record | Finish:
    """A decision that cannot be followed: the state's `error` route, or the end of the run."""
    if node.error is None:
        return Finish("decision_invalid", detail)
    return leave(node.id, token.branch, "error", None, node.error, detail)
