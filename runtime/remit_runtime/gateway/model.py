"""The one road of a model call: its worst price reserved, the question intended, asked, judged, settled.

An answer that is no decision, or one the state does not allow, gets one more turn to be put right: the model is told
what was wrong. A second such answer is `invalid`. Both questions are reserved, recorded and paid for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from remit_runtime.bundle.agent import ModelIR
from remit_runtime.canonical import MAX_INTEGER, Digest, canonical_json, canonical_json_full, digest_of
from remit_runtime.errors import NotCanonical
from remit_runtime.gateway.eligible import Unfit, routing_of, unfit
from remit_runtime.gateway.guardrails import evidence_faults, secrets_in
from remit_runtime.gateway.line import way_to
from remit_runtime.gateway.load import Gateway
from remit_runtime.gateway.outcome import Stopped
from remit_runtime.gateway.recorded import recorded
from remit_runtime.gateway.redact import redacted, shown, shown_json
from remit_runtime.gateway.stop import awaited, stops
from remit_runtime.journal.events import ModelIntended, ModelSettled, ModelSkipped, Routing, Spend
from remit_runtime.journal.records import Appended, Lease, Refused, next_call
from remit_runtime.models.decision import (
    Ask,
    Call,
    Decision,
    Handoff,
    Malformed,
    Respond,
    decision_json,
    parse_decision,
)
from remit_runtime.models.json_text import Json, trusted_json
from remit_runtime.models.port import (
    Decided,
    Faulted,
    Message,
    ModelAnswer,
    ModelCall,
    ModelFault,
    ModelPort,
    Returned,
    Turn,
    Usage,
)

REPAIR_TURNS = 1
_PER_MILLION = 1_000_000
_STOPPED = ModelFault("error", "stopped", "the run was stopped while the model was asked")


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """A question that a run asks: who answers it, and the schema that what the model responds must satisfy.

    `task` and `tenant` are the run's: they decide which models may answer. `min_evidence` is how much evidence each
    finding in a response needs.
    """

    lease: Lease
    port: ModelPort
    call: ModelCall
    decides: Digest | None
    task: str = ""
    tenant: str | None = None
    min_evidence: int = 0


@dataclass(frozen=True, slots=True)
class ModelDecided:
    """The model decided something that its state allows."""

    lease: Lease
    decision: Decision


@dataclass(frozen=True, slots=True)
class ModelFailed:
    """No decision: `invalid` when what the model said could not be followed, `error` when it said nothing.

    `repairable` says that the model itself answered and may be told what was wrong; a script that is at odds with
    its run may not.
    """

    lease: Lease
    outcome: str
    code: str
    message: str
    repairable: bool = False


ModelOutcome = ModelDecided | ModelFailed | Stopped


def decide(gateway: Gateway, request: ModelRequest) -> ModelOutcome:
    """What the model decided. Every question is in the journal, with what it reserved and what it cost.

    A model that may not answer is skipped, on the record: it is shown nothing, and nothing is reserved.

    Raises:
        StoreUnavailable: the journal did not answer; nothing further is done.
    """
    failed: ModelFailed | None = None
    for _ in range(1 + REPAIR_TURNS):
        came = _asked(gateway, request)
        match came:
            case Stopped(refused=Refused(reason="over_budget")) if failed is not None:
                return failed  # there is no budget for the repair: the first answer was the last
            case ModelFailed(repairable=True, message=message):
                failed = came
                call = replace(
                    request.call,
                    ordinal=request.call.ordinal + 1,
                    transcript=(*request.call.transcript, Faulted(message)),
                )
                request = replace(request, lease=came.lease, call=call)
            case _:
                return came
    if failed is None:
        raise RuntimeError("a model is asked at least once")
    return failed


def worst_price(model: ModelIR, input_tokens: int, output_tokens: int) -> int:
    """The price of a call in micro-US-dollars, rounded up: a budget is never passed by a fraction."""
    price = (
        model.input_microusd_per_million * input_tokens + model.output_microusd_per_million * output_tokens
    )
    return -(-price // _PER_MILLION)


def _asked(gateway: Gateway, request: ModelRequest) -> ModelOutcome:
    """One question: may the model answer, then reserve, intend, ask, judge, settle."""
    call = _presented(gateway, request.call)
    limits = call.limits
    reserved = Spend(1, 0, worst_price(call.model, limits.max_input_tokens, limits.max_output_tokens))
    bundle = gateway.bundle
    routing = routing_of(
        gateway.policy_set, bundle.environment, request.tenant, request.task, call, reserved.microusd
    )
    skip = unfit(gateway.policy_set, bundle.environment, request.tenant, routing)
    if skip is not None:
        return _skipped(gateway, request, routing, skip)
    key = next_call(request.lease)
    way = way_to(gateway, call.model, key, request.port.name)
    intended = ModelIntended(
        call=key,
        state=call.state,
        model=call.model.id,
        attempt=call.attempt,
        request=_digest_of_call(call),
        reserved=reserved,
        routing=routing,
        credential=way.lease,
        endpoint=way.peer,
    )
    begun = gateway.journal.append(request.lease, [intended], reserve=reserved)
    if not isinstance(begun, Appended):
        return Stopped(request.lease, begun)
    answer = way.fault or _answered(gateway, request, begun.lease, replace(call, model=way.model), way.secret)
    judged = _judged(gateway, request, answer)
    settled = _settlement(gateway, key, call, reserved, answer, judged)
    ended = gateway.journal.append(
        begun.lease, [settled], settle=(key, settled.spent), settles_begun_effect=True
    )
    if not isinstance(ended, Appended):
        return Stopped(begun.lease, ended)
    if isinstance(judged, ModelFault):
        repairable = judged.outcome == "invalid" and isinstance(answer, ModelAnswer)
        message = settled.detail or judged.code
        return ModelFailed(ended.lease, judged.outcome, judged.code, message, repairable)
    return ModelDecided(ended.lease, judged)


def _answered(
    gateway: Gateway, request: ModelRequest, lease: Lease, call: ModelCall, secret: str | None
) -> ModelAnswer | ModelFault:
    """What the port says, or that the run was stopped before it said anything."""
    came = awaited(lambda: request.port.decide(call, secret), stops(gateway, lease))
    return _STOPPED if came is None else came.value


def _skipped(gateway: Gateway, request: ModelRequest, routing: Routing, skip: Unfit) -> ModelOutcome:
    call = request.call
    event = ModelSkipped(call.state, call.model.id, call.attempt, skip.code, skip.reason, routing)
    done = gateway.journal.append(request.lease, [event])
    if not isinstance(done, Appended):
        return Stopped(request.lease, done)
    return ModelFailed(done.lease, "error", skip.code, skip.reason)


def _presented(gateway: Gateway, call: ModelCall) -> ModelCall:
    """The call as the model sees it: secrets cut out, and characters that hide from people made visible."""
    return replace(
        call,
        messages=tuple(Message(one.role, _clean(gateway, one.text)) for one in call.messages),
        transcript=tuple(_presented_turn(gateway, turn) for turn in call.transcript),
    )


def _presented_turn(gateway: Gateway, turn: Turn) -> Turn:
    match turn:
        case Returned(output=str() as output):
            value = redacted(trusted_json(output), gateway.redactor).value
            clean = shown_json(json.dumps(value, ensure_ascii=False))
            return Returned(turn.name, turn.outcome, turn.code, clean, turn.number)
        case Faulted(message):
            return Faulted(_clean(gateway, message))
        case Returned() | Decided():
            return turn


def _clean(gateway: Gateway, text: str) -> str:
    value = redacted(text, gateway.redactor).value
    return shown(value) if isinstance(value, str) else ""


def _judged(
    gateway: Gateway, request: ModelRequest, answer: ModelAnswer | ModelFault
) -> Decision | ModelFault:
    """The decision of an answer, or what is wrong with it.

    A call of a tool that the state does not offer is a decision: `gateway.call` denies it, on the record.
    """
    if isinstance(answer, ModelFault):
        return answer
    decision = parse_decision(answer.decision)
    match decision:
        case Malformed(code, message):
            return ModelFault("invalid", code, message)
        case Respond(value):
            return _responds(gateway, request, decision, trusted_json(value))
        case Handoff(agent, task):
            if any(one.agent == agent and task in (None, one.task) for one in request.call.handoffs):
                return decision
            message = "the state offers no handoff of this task to this agent"
            return ModelFault("invalid", "handoff_not_offered", message)
        case Call() | Ask():
            return decision


def _responds(
    gateway: Gateway, request: ModelRequest, decision: Respond, value: Json
) -> Decision | ModelFault:
    faults = [] if request.decides is None else gateway.schemas.schema(request.decides).faults(value)
    if faults:
        message = f"what `respond` holds is not what the state decides: {'; '.join(faults)}"
        return ModelFault("invalid", "response_invalid", message)
    lacking = evidence_faults(value, request.min_evidence)
    if lacking:
        return ModelFault("invalid", "evidence_missing", f"what `respond` holds: {'; '.join(lacking)}")
    secrets = secrets_in(value, gateway.redactor)
    if secrets:
        message = f"what `respond` holds has a secret in it, which {', '.join(secrets)} found: leave it out"
        return ModelFault("invalid", "secret_exposed", message)
    return decision


def _settlement(
    gateway: Gateway,
    key: str,
    call: ModelCall,
    reserved: Spend,
    answer: ModelAnswer | ModelFault,
    judged: Decision | ModelFault,
) -> ModelSettled:
    usage = _counted(call.model, answer.usage)
    fault = judged if isinstance(judged, ModelFault) else None
    decision = None if isinstance(judged, ModelFault) else _recorded_decision(gateway, judged)
    return ModelSettled(
        call=key,
        state=call.state,
        outcome="ok" if fault is None else fault.outcome,
        code=None if fault is None else fault.code,
        decision=decision,
        input_tokens=None if usage is None else usage.input_tokens,
        output_tokens=None if usage is None else usage.output_tokens,
        spent=_spent(call.model, reserved, usage),
        detail=None if fault is None else _clean(gateway, fault.message),
    )


def _counted(model: ModelIR, usage: Usage | None) -> Usage | None:
    """The usage that was reported, where it is one: a count that cannot be true is no measurement."""
    if usage is None or not (
        0 <= usage.input_tokens <= MAX_INTEGER and 0 <= usage.output_tokens <= MAX_INTEGER
    ):
        return None
    return usage if worst_price(model, usage.input_tokens, usage.output_tokens) <= MAX_INTEGER else None


def _spent(model: ModelIR, reserved: Spend, usage: Usage | None) -> Spend:
    """What the call cost; nobody knows what an unmeasured call used, so it is charged what it could have used."""
    if usage is None:
        return reserved
    return Spend(1, 0, worst_price(model, usage.input_tokens, usage.output_tokens))


def _recorded_decision(gateway: Gateway, decision: Decision) -> str:
    """The decision as the journal keeps it and the run follows it: what patterns match is cut out of it too."""
    text = decision_json(decision)
    try:
        return recorded(trusted_json(text), gateway.redactor).text
    except NotCanonical:
        # A number that has no canonical form: the text stands, and the gateway refuses it as an argument.
        return text


def _digest_of_call(call: ModelCall) -> Digest:
    """The digest of everything that the model is shown."""
    seen = {
        "agent": call.agent,
        "answer": call.answer_schema,
        "handoffs": [[offer.agent, offer.task, offer.schema] for offer in call.handoffs],
        "messages": [[one.role, one.text] for one in call.messages],
        "model": digest_of(canonical_json(call.model)),
        "state": call.state,
        "tools": [[offer.id, offer.schema] for offer in call.tools],
        "transcript": canonical_json(call.transcript).decode(),
    }
    return digest_of(canonical_json_full(seen))
