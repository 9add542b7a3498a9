"""Performing one effect that touches the world outside the run: a model, a tool, a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from remit_runtime.bundle.graph import ContextState, ToolState
from remit_runtime.gateway.call import call
from remit_runtime.gateway.model import ModelRequest, decide
from remit_runtime.gateway.outcome import Approved, CallRequest, Stopped
from remit_runtime.journal.events import (
    ApprovalRequested,
    ApprovalSettled,
    ContextPacked,
    ModelSettled,
    OutputAccepted,
    QuestionAsked,
    Spend,
    ToolDecided,
    ToolSettled,
)
from remit_runtime.journal.records import Refused, next_call
from remit_runtime.models.tokens import tokens_of
from remit_runtime.run.approval import call_requests, fault_of, state_request
from remit_runtime.run.asked import Asked
from remit_runtime.run.bind import Unresolved
from remit_runtime.run.child import answers_below
from remit_runtime.run.effects import (
    AskModel,
    AskPeople,
    CallTool,
    Confirm,
    Finish,
    PackContext,
    Record,
    RecoverModel,
    RecoverTool,
    RefuseCall,
    RequestApproval,
    RequestCallApprovals,
    Wait,
)
from remit_runtime.run.gather import packet_of
from remit_runtime.run.probe import Known, Unsure, lost, probed
from remit_runtime.run.question import question, too_large_of
from remit_runtime.run.state import INTERRUPTED, deadline_of, fold_all
from remit_runtime.run.waiting import is_due, waits_for_people
from remit_runtime.run.worker import Driven, Halted, Worker, appended, caught_up, eval_status
from remit_runtime.trust.approvers import approvers_of

Outward = (
    AskModel
    | CallTool
    | PackContext
    | RecoverModel
    | RecoverTool
    | RequestApproval
    | RequestCallApprovals
    | RefuseCall
    | AskPeople
)


@dataclass(frozen=True)
class Paused:
    """The run waits after something of the effect was written down, so its lease has moved on."""

    driven: Driven
    wait: Wait


Performed = Driven | Halted | Finish | Wait | Paused


def perform(worker: Worker, driven: Driven, effect: Outward) -> Performed:
    """The run after an effect, or what came in its way. Everything that happened is in the journal.

    Raises:
        StoreUnavailable: the journal did not answer.
        BundleRejected: an object of the bundle cannot be read.
    """
    match effect:
        case AskModel():
            return _ask(worker, driven, effect)
        case CallTool():
            return _call(worker, driven, effect)
        case PackContext():
            return _append(worker, driven, packet_of(worker, driven, effect))
        case RequestApproval():
            return _request(worker, driven, effect)
        case RequestCallApprovals():
            return _request_for_call(worker, driven, effect)
        case RefuseCall():
            return _refuse(worker, driven, effect)
        case AskPeople():
            return _question(worker, driven, effect)
        case RecoverModel():
            detail = "the worker ended before the answer came"
            lost = ModelSettled(
                effect.call, effect.state, "error", INTERRUPTED, None, None, None, Spend(), detail
            )
            return _append(worker, driven, lost)
        case RecoverTool():
            return _recover(worker, driven, effect)


def _ask(worker: Worker, driven: Driven, effect: AskModel) -> Performed:
    if worker.model is None:
        return Finish("failed", f"no model adapter answers for state `{effect.state.id}`")
    ordinal = driven.state.answers + answers_below(worker, driven.state) + driven.answers_outside
    asked = question(worker.gateway.bundle, driven.plan, driven.state, effect, ordinal)
    if isinstance(asked, Unresolved):
        return Finish("failed", asked.message)
    too_large = too_large_of(driven.plan, effect, tokens_of(asked))
    if too_large is not None:
        return _append(worker, driven, too_large)
    started = driven.started
    evidence = driven.plan.agent.guardrails.min_evidence_per_finding
    request = ModelRequest(
        driven.lease, worker.model, asked, effect.state.decides, started.task, started.tenant, evidence
    )
    outcome = decide(worker.gateway, request)
    after = caught_up(worker, driven, outcome.lease)
    return Halted(after, outcome.refused) if isinstance(outcome, Stopped) else after


def _call(worker: Worker, driven: Driven, effect: CallTool) -> Performed:
    started = driven.started
    unfit = _unfit(worker, driven, effect)
    if unfit is not None:
        return _refuse(worker, driven, unfit)
    node = driven.plan.states.get(effect.state)
    bound = isinstance(node, ToolState | ContextState)
    request = CallRequest(
        lease=driven.lease,
        agent=driven.plan.agent,
        state=effect.state,
        offered=effect.offered,
        tool=effect.tool,
        arguments=effect.arguments.encode("utf-8"),
        written_by="definition" if bound else "model",
        binding=node.args if isinstance(node, ToolState) else None,
        user=started.user,
        tenant=started.tenant,
        task=started.task,
        eval_status=eval_status(worker, started),
        # While anything is halted or killed on this machine, policy may forbid more.
        incident=bool(worker.journal.switches()),
        deadline_ms=deadline_of(driven.state),
        workspaces=driven.workspaces,
        approved=tuple(
            Approved(one.requested.requirement, one.requested.approval, one.requested.subject)
            for one in effect.approved.asked
        ),
    )
    outcome = call(worker.gateway, request)
    if isinstance(outcome, Stopped) and outcome.refused.reason == "approval_spent":
        return _spent(worker, driven, effect)
    after = caught_up(worker, driven, outcome.lease)
    return Halted(after, outcome.refused) if isinstance(outcome, Stopped) else after


def _unfit(worker: Worker, driven: Driven, effect: CallTool) -> RefuseCall | None:
    """The refusal of a call of whose approvals one does not hold, or None."""
    wanted = effect.approved
    for one in wanted.asked:
        fault = _fault(worker, driven, one)
        if fault is not None and wanted.call is not None:
            return RefuseCall(effect.state, wanted.call, *fault)
    return None


def _spent(worker: Worker, driven: Driven, effect: CallTool) -> Performed:
    """The refusal of a call for which the journal let an approval not be used: it expired just now, or is none."""
    if effect.approved.call is None:
        raise RuntimeError("an approval was spent for a call that had none")
    why = "the journal does not let an approval of this call be used"
    unfit = _unfit(worker, driven, effect)
    refusal = unfit or RefuseCall(effect.state, effect.approved.call, "approval_invalid", why)
    return _refuse(worker, driven, refusal)


def _recover(worker: Worker, driven: Driven, effect: RecoverTool) -> Performed:
    if effect.recovery == "idempotent":
        return _append(worker, driven, lost(effect))
    detail = f"nobody knows how call `{effect.call}` of `{effect.tool}` ended, and it may not be repeated"
    if effect.recovery == "manual":
        return Wait(effect.state, "unknown_outcome", detail)
    found = probed(worker, driven, effect)
    match found:
        case Known():
            return _append(worker, found.driven, found.settled)
        case Unsure():
            return Paused(
                found.driven,
                Wait(effect.state, "unknown_outcome", f"{detail}: {found.why}", None, found.until_ms),
            )
        case Halted():
            return found


def _request(worker: Worker, driven: Driven, effect: RequestApproval) -> Performed:
    event = state_request(
        worker.gateway.policy_set, driven.state, driven.run, effect, next_call(driven.lease), worker.now_ms()
    )
    if event is None:
        return Finish("failed", f"the bundle has no approval `{effect.state.approval}`")
    return _ask_people(worker, driven, [event])


def _request_for_call(worker: Worker, driven: Driven, effect: RequestCallApprovals) -> Performed:
    first = driven.lease.seq + 1
    ids = [f"{driven.run}:{first + index}" for index in range(len(effect.requirements))]
    events = call_requests(
        worker.gateway.policy_set,
        driven.state,
        driven.run,
        effect.call,
        effect.requirements,
        ids,
        worker.now_ms(),
    )
    return _ask_people(worker, driven, events)


def _question(worker: Worker, driven: Driven, effect: AskPeople) -> Performed:
    return _ask_people(worker, driven, [QuestionAsked(next_call(driven.lease), effect.state, effect.text)])


def _ask_people(
    worker: Worker, driven: Driven, events: Sequence[ApprovalRequested | QuestionAsked]
) -> Driven | Halted:
    """The run after it has asked; in the same transaction its clock stops, if it has nothing else to do."""
    waits = waits_for_people(worker, driven.plan, fold_all(driven.state, [*events]))
    done = appended(worker, driven, events, then_waits=waits)
    return Halted(driven, done) if isinstance(done, Refused) else done


def _refuse(worker: Worker, driven: Driven, effect: RefuseCall) -> Driven | Halted:
    """The run after a call was denied because people did not approve it."""
    denied = msgspec.structs.replace(
        effect.call,
        call=next_call(driven.lease),
        outcome="deny",
        stage="approval",
        code=effect.code,
        reason=effect.reason,
        approvals=(),
    )
    return _append(worker, driven, denied)


def confirmed(worker: Worker, driven: Driven, effect: Confirm) -> Record:
    """The move after an approval of a state was judged once more."""
    fault = _fault(worker, driven, effect.asked)
    if fault is None:
        return effect.passed
    return effect.expired if fault[0] == "approval_expired" else effect.failed


def _fault(worker: Worker, driven: Driven, asked: Asked) -> tuple[str, str] | None:
    return fault_of(
        worker.gateway.policy_set,
        driven.run,
        driven.started,
        asked,
        approvers_of(worker.home),
        worker.now_ms(),
    )


def expired(worker: Worker, driven: Driven, wait: Wait) -> Driven | Halted | None:
    """The run after an approval that nobody gave in time is settled as expired; None while there is time."""
    if wait.approval is None or not is_due(wait, worker.now_ms()):
        return None
    return _append(worker, driven, ApprovalSettled(wait.approval, wait.state, "expired", ()))


def _append(
    worker: Worker,
    driven: Driven,
    event: ModelSettled | ToolSettled | ToolDecided | ContextPacked | ApprovalSettled | OutputAccepted,
) -> Driven | Halted:
    done = appended(worker, driven, [event])
    return Halted(driven, done) if isinstance(done, Refused) else done
