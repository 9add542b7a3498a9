"""Performing one effect that touches the world outside the run: a model, a tool, a person."""

from __future__ import annotations

from dataclasses import dataclass

from remit_runtime.bundle.graph import ToolState
from remit_runtime.canonical import canonical_json, digest_of
from remit_runtime.gateway.call import call
from remit_runtime.gateway.model import ModelRequest, decide
from remit_runtime.gateway.outcome import CallRequest, Stopped
from remit_runtime.journal.events import ApprovalRequested, ApprovalSettled, ModelSettled, Spend, ToolSettled
from remit_runtime.journal.records import Refused, next_call
from remit_runtime.run.bind import Unresolved
from remit_runtime.run.child import answers_below
from remit_runtime.run.effects import (
    AskModel,
    CallTool,
    Finish,
    RecoverModel,
    RecoverTool,
    RequestApproval,
    Wait,
)
from remit_runtime.run.question import question
from remit_runtime.run.state import INTERRUPTED
from remit_runtime.run.worker import Driven, Worker, appended, caught_up, eval_status

Outward = AskModel | CallTool | RecoverModel | RecoverTool | RequestApproval


@dataclass(frozen=True)
class Halted:
    """An effect that did not happen, or not to its end, because the journal refused it."""

    driven: Driven
    refused: Refused


Performed = Driven | Halted | Finish | Wait


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
        case RequestApproval():
            return _request(worker, driven, effect)
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
    request = ModelRequest(driven.lease, worker.model, asked, effect.state.decides)
    outcome = decide(worker.gateway, request)
    after = caught_up(worker, driven, outcome.lease)
    return Halted(after, outcome.refused) if isinstance(outcome, Stopped) else after


def _call(worker: Worker, driven: Driven, effect: CallTool) -> Performed:
    started = driven.started
    bound = isinstance(driven.plan.states.get(effect.state), ToolState)
    request = CallRequest(
        lease=driven.lease,
        agent=driven.plan.agent,
        state=effect.state,
        offered=effect.offered,
        tool=effect.tool,
        arguments=effect.arguments.encode("utf-8"),
        written_by="definition" if bound else "model",
        user=started.user,
        tenant=started.tenant,
        task=started.task,
        eval_status=eval_status(worker, started),
        # While anything is halted or killed on this machine, policy may forbid more.
        incident=bool(worker.journal.switches()),
        deadline_ms=started.deadline_ms,
        workspaces=driven.workspaces,
    )
    outcome = call(worker.gateway, request)
    after = caught_up(worker, driven, outcome.lease)
    return Halted(after, outcome.refused) if isinstance(outcome, Stopped) else after


def _recover(worker: Worker, driven: Driven, effect: RecoverTool) -> Performed:
    if effect.recovery != "idempotent":
        detail = f"nobody knows how call `{effect.call}` of `{effect.tool}` ended, and it may not be repeated"
        return Wait(effect.state, "unknown_outcome", detail)
    lost = ToolSettled(
        effect.call, effect.state, effect.tool, "unknown", INTERRUPTED, None, None, (), Spend(tool_calls=1)
    )
    return _append(worker, driven, lost)


def _request(worker: Worker, driven: Driven, effect: RequestApproval) -> Performed:
    asked = effect.state.approval
    requirement = next((one for one in worker.gateway.policy_set.approvals if one.id == asked), None)
    if requirement is None:
        return Finish("failed", f"the bundle has no approval `{asked}`")
    started = driven.started
    subject = {
        "bundle": started.bundle,
        "closure": started.closure,
        "run": driven.run,
        "shown": digest_of(effect.shown.encode("utf-8")),
        "state": effect.state.id,
        "visit": driven.state.visits.get(effect.state.id, 0),
    }
    event = ApprovalRequested(
        approval=next_call(driven.lease),
        requirement=asked,
        state=effect.state.id,
        subject=digest_of(canonical_json(subject)),
        shown=effect.shown,
        expires_ms=worker.now_ms() + requirement.expires_seconds * 1000,
    )
    return _append(worker, driven, event)


def expired(worker: Worker, driven: Driven, wait: Wait) -> Driven | Halted | None:
    """The run after an approval that nobody gave in time is settled as expired; None while there is time."""
    if wait.approval is None or wait.until_ms is None or worker.now_ms() < wait.until_ms:
        return None
    return _append(worker, driven, ApprovalSettled(wait.approval, wait.state, "expired", ()))


def _append(
    worker: Worker, driven: Driven, event: ModelSettled | ToolSettled | ApprovalRequested | ApprovalSettled
) -> Driven | Halted:
    done = appended(worker, driven, [event])
    return Halted(driven, done) if isinstance(done, Refused) else done
