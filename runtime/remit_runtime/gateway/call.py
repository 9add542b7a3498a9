"""The one road of a tool call: judged stage by stage, intended, sent, settled, and written down at each turn.

    stages (offer, parse, schema, resource, policy, rate, credential, prepare)
    -> one transaction: the decision, approvals used up, budget reserved, the intent, audit
    -> the send: capped while it is read, under a deadline -> output schema -> redaction -> label
    -> one transaction: the outcome, budget settled, audit

A refusal before the send is a recorded denial and nothing has left the process. After the send a failure is `error`
or `unknown`, never "nothing happened".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from remit_runtime.bundle.tool import ToolIR
from remit_runtime.canonical import digest_of
from remit_runtime.gateway.ended import Answered, Failed
from remit_runtime.gateway.http import ask
from remit_runtime.gateway.load import Gateway
from remit_runtime.gateway.originated import kept
from remit_runtime.gateway.outcome import (
    Called,
    CallFailed,
    CallOutcome,
    CallRequest,
    Denial,
    Denied,
    NeedsApproval,
    Stopped,
)
from remit_runtime.gateway.recorded import recorded
from remit_runtime.gateway.redact import redacted, shown
from remit_runtime.gateway.send import send
from remit_runtime.gateway.stages import STAGES, Draft, Prepared, PreparedProcess
from remit_runtime.gateway.stop import stops
from remit_runtime.journal.events import RunEvent, Spend, ToolDecided, ToolIntended, ToolSettled
from remit_runtime.journal.records import Appended, ApprovalUse, Lease, Refused, next_call

ONE_CALL = Spend(tool_calls=1)
MAX_NAME_CHARACTERS = 200
GATEWAY = "gateway"
"""The sandbox of a request: the gateway makes it itself, and no program runs."""

_MAY_BE_TRIED_AGAIN = {"exit_code", "not_started", "timeout"}


def call(gateway: Gateway, request: CallRequest) -> CallOutcome:
    """What came of a call. Its decision, intent and outcome are in the journal, each with its audit row.

    Raises:
        StoreUnavailable: the journal did not answer; nothing further is done.
        BundleRejected: an object of the bundle cannot be read.
    """
    draft = judged(gateway, request)
    match draft.refusal:
        case Denial() as denial:
            return _denied(gateway, draft, denial)
        case NeedsApproval() as needs:
            return _waiting(gateway, draft, needs)
        case None:
            return _performed(gateway, draft)


def judged(gateway: Gateway, request: CallRequest) -> Draft:
    """The draft of a call as far as the stages took it: the first refusal ends it."""
    draft = Draft(request)
    for stage in STAGES:
        draft = stage(gateway, draft)
        if draft.refusal is not None:
            break
    return draft


def _denied(gateway: Gateway, draft: Draft, denial: Denial) -> Denied | Stopped:
    key = next_call(draft.request.lease)
    appended = _append(gateway, draft.request.lease, [_decided(gateway, draft, key, "deny", denial)])
    return appended if isinstance(appended, Stopped) else Denied(appended, denial)


def _waiting(gateway: Gateway, draft: Draft, needs: NeedsApproval) -> NeedsApproval | Stopped:
    key = next_call(draft.request.lease)
    why = Denial("policy", "approval_needed", needs.reason, needs.rules)
    event = _decided(gateway, draft, key, "require_approval", why)
    event = msgspec.structs.replace(event, approvals=tuple(need.requirement.id for need in needs.needs))
    appended = _append(gateway, draft.request.lease, [event])
    if isinstance(appended, Stopped):
        return appended
    return NeedsApproval(appended, needs.needs, needs.subject, needs.reason, needs.rules)


def _performed(gateway: Gateway, draft: Draft) -> CallOutcome:
    """Intend, send, settle."""
    if draft.tool is None or draft.prepared is None or draft.decision is None:
        raise RuntimeError("a call is performed before every stage was passed")
    tool, prepared, lease = draft.tool, draft.prepared, draft.request.lease
    key = next_call(lease)
    allowed = Denial("policy", draft.decision.code, draft.decision.reason, draft.decision.rules)
    intended = _intended(draft.request, tool, prepared, key)
    events: list[RunEvent] = [_decided(gateway, draft, key, "allow", allowed), intended]
    begun = _append(gateway, lease, events, reserve=ONE_CALL, consume=_used(draft))
    if isinstance(begun, Stopped):
        return begun
    return _settled(gateway, draft, key, begun, _sent(gateway, draft, tool, prepared, begun))


def _intended(request: CallRequest, tool: ToolIR, prepared: Prepared, key: str) -> ToolIntended:
    """The intent: what will be started inside which walls, or whom the gateway itself will ask."""
    event = ToolIntended(key, request.state, tool.id, ONE_CALL, GATEWAY, tool.recovery.mode)
    if isinstance(prepared, PreparedProcess):
        executable = f"{prepared.executable.executable.name} {prepared.executable.digest}"
        return msgspec.structs.replace(event, sandbox=prepared.layer, executable=executable)
    credential = None if prepared.leased is None else prepared.leased.id
    return msgspec.structs.replace(event, peer=prepared.peer, credential=credential)


def _sent(
    gateway: Gateway, draft: Draft, tool: ToolIR, prepared: Prepared, lease: Lease
) -> Answered | Failed:
    """The send, tried again where the tool says that trying again is harmless."""
    schema = gateway.schemas.schema(tool.output)
    stopped = stops(gateway, lease, tool.id)
    attempts = max(1, tool.limits.attempts)
    for attempt in range(1, attempts + 1):
        seconds = max(0, draft.request.deadline_ms - gateway.clock()) / 1000
        redactor = gateway.redactor
        if isinstance(prepared, PreparedProcess):
            came = send(prepared, tool, lease.seq, seconds, gateway.sandbox, schema, redactor, stopped)
        else:
            now = gateway.clock()
            came = ask(prepared, tool, seconds, schema, redactor, gateway.network, now, stopped)
        if isinstance(came, Answered) or attempt == attempts:
            return came
        if not came.again and came.code not in _MAY_BE_TRIED_AGAIN:
            return came
    raise RuntimeError("a call is sent at least once")


def _settled(gateway: Gateway, draft: Draft, key: str, lease: Lease, came: Answered | Failed) -> CallOutcome:
    request, output = draft.request, came.output
    settled = ToolSettled(
        call=key,
        state=request.state,
        tool=request.tool,
        outcome="ok" if isinstance(came, Answered) else came.outcome,
        code=came.code,
        output=None if output is None else output.text,
        output_digest=None if output is None else output.digest,
        redactions=() if output is None else output.rules,
        spent=ONE_CALL,
    )
    appended = gateway.journal.append(lease, [settled], settle=(key, ONE_CALL), settles_begun_effect=True)
    if isinstance(appended, Refused):
        return Stopped(lease, appended)
    match came:
        case Answered():
            return Called(appended.lease, came.output.value, came.output.rules)
        case Failed():
            return CallFailed(appended.lease, came.outcome, came.code, came.reason)


def _append(
    gateway: Gateway,
    lease: Lease,
    events: Sequence[RunEvent],
    reserve: Spend | None = None,
    consume: ApprovalUse | None = None,
) -> Lease | Stopped:
    appended = gateway.journal.append(lease, events, reserve=reserve, consume=consume)
    return appended.lease if isinstance(appended, Appended) else Stopped(lease, appended)


def _decided(
    gateway: Gateway,
    draft: Draft,
    key: str,
    outcome: Literal["allow", "deny", "require_approval"],
    why: Denial,
) -> ToolDecided:
    """The decision as the journal keeps it: arguments and reason redacted, and never longer than they may be."""
    request, resource, decision = draft.request, draft.resource, draft.decision
    text, digest = "null", digest_of(request.arguments)
    if draft.arguments is not None:
        text, digest = recorded(draft.arguments, gateway.redactor).text, digest_of(draft.canonical)
    return ToolDecided(
        call=key,
        state=request.state,
        tool=_clean(gateway, request.tool)[:MAX_NAME_CHARACTERS],
        arguments=text,
        arguments_digest=digest,
        resource_type=None if resource is None else resource.type,
        resource=None if resource is None else resource.id,
        facts=tuple(sorted(draft.facts.items())),
        outcome=outcome,
        stage=why.stage,
        code=why.code,
        reason=_clean(gateway, why.reason),
        rules=why.rules,
        approvals=tuple(sorted(one.requirement for one in request.approved if one.subject == draft.subject)),
        request=None if decision is None else decision.request_digest,
        effect=None if draft.tool is None else draft.tool.effect,
        origins=kept(draft.origins),
    )


def _used(draft: Draft) -> ApprovalUse | None:
    """The approvals that this call uses up: all that are about exactly this call."""
    ids = tuple(one.approval for one in draft.request.approved if one.subject == draft.subject)
    return ApprovalUse(ids, draft.subject) if ids and draft.subject is not None else None


def _clean(gateway: Gateway, text: str) -> str:
    value = redacted(shown(text), gateway.redactor).value
    return value if isinstance(value, str) else ""
