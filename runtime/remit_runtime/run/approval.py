"""An approval as a run sees it: what is asked for, what a person is shown, and whether what was given holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from remit_runtime.bundle.graph import Reference
from remit_runtime.bundle.policy import ApprovalRequirement, PolicySet
from remit_runtime.canonical import canonical_json, digest_of
from remit_runtime.errors import BundleRejected
from remit_runtime.gateway.subject import subject_of
from remit_runtime.journal.events import (
    ApprovalGiven,
    ApprovalRequested,
    RunStarted,
    ToolDecided,
    ValueOrigin,
)
from remit_runtime.models.json_text import Json, json_text, trusted_json
from remit_runtime.policy.approvals import Answer, Forum, Person, forum, outcome_of
from remit_runtime.run.asked import Asked
from remit_runtime.run.bind import Unresolved, resolve
from remit_runtime.run.effects import RequestApproval
from remit_runtime.run.state import RunState
from remit_runtime.trust.approvers import ApprovalStatement, Approver, verified
from remit_runtime.trust.keys import KeyId

Approvers = Mapping[KeyId, Approver]


def call_requests(
    policy_set: PolicySet,
    state: RunState,
    run: str,
    call: ToolDecided,
    requirements: Sequence[str],
    ids: Sequence[str],
    now_ms: int,
) -> tuple[ApprovalRequested, ...]:
    """The request for each of the requirements that a call lacks, under the ids that they will have.

    Raises:
        RuntimeError: policy asks for a requirement that the bundle has not.
    """
    started = _started(state)
    subject = subject_of(
        run=run,
        agent=started.agent,
        version=started.version,
        bundle=started.bundle,
        tool=call.tool,
        arguments=call.arguments_digest,
        resource=(call.resource_type or "", call.resource or ""),
    )
    asking = {rule.id: rule for rule in policy_set.rules if rule.approval is not None}
    events: list[ApprovalRequested] = []
    for approval, name in zip(ids, requirements, strict=True):
        requirement = _requirement(policy_set, name)
        rules = tuple(one for one in call.rules if one in asking and asking[one].approval == name)
        events.append(
            ApprovalRequested(
                approval=approval,
                requirement=name,
                state=call.state,
                subject=subject,
                shown=json_text(_shown_call(call, requirement, state)),
                expires_ms=now_ms + requirement.expires_seconds * 1000,
                call=call.call,
                why="; ".join(dict.fromkeys(asking[one].reason for one in rules)) or call.reason,
                rules=rules,
            )
        )
    return tuple(events)


def state_request(
    policy_set: PolicySet, state: RunState, run: str, effect: RequestApproval, approval: str, now_ms: int
) -> ApprovalRequested | None:
    """The request of an approval state, or None where the bundle has no such requirement."""
    started, asked = _started(state), effect.state.approval
    requirement = next((one for one in policy_set.approvals if one.id == asked), None)
    if requirement is None:
        return None
    shown = json_text({"values": trusted_json(effect.shown), **_evidence(requirement, state)})
    subject = {
        "bundle": started.bundle,
        "closure": started.closure,
        "run": run,
        "shown": digest_of(shown.encode("utf-8")),
        "state": effect.state.id,
        "visit": state.visits.get(effect.state.id, 0),
    }
    return ApprovalRequested(
        approval=approval,
        requirement=asked,
        state=effect.state.id,
        subject=digest_of(canonical_json(subject)),
        shown=shown,
        expires_ms=now_ms + requirement.expires_seconds * 1000,
        why=f"state `{effect.state.id}` goes on only with this approval",
    )


def statement_of(
    run: str,
    started: RunStarted,
    requested: ApprovalRequested,
    decision: Literal["approved", "denied"],
    reason: str,
    signer: str,
) -> ApprovalStatement:
    """What a person signs when they answer a request so."""
    return ApprovalStatement(
        approval=requested.approval,
        decision=decision,
        subject=requested.subject,
        requirement=requested.requirement,
        run=run,
        agent=started.agent,
        version=started.version,
        bundle=started.bundle,
        environment=started.environment,
        expires_ms=requested.expires_ms,
        reason=reason,
        signer=signer,
    )


def forum_of(policy_set: PolicySet, started: RunStarted, requested: ApprovalRequested) -> Forum | None:
    """Before whom a request of a run stands; None where the bundle has no such requirement."""
    return forum(policy_set, requested.requirement, started.environment, started.user)


def answers_of(run: str, started: RunStarted, asked: Asked, approvers: Approvers) -> tuple[Answer, ...]:
    """The answers to a request that are proved, or claimed; one whose signature does not hold counts for nothing."""
    found: list[Answer] = []
    for given in asked.given:
        person = _person(run, started, asked.requested, given, approvers)
        if person is not None:
            found.append(Answer(person, given.decision))
    return tuple(found)


def fault_of(
    policy_set: PolicySet, run: str, started: RunStarted, asked: Asked, approvers: Approvers, now_ms: int
) -> tuple[str, str] | None:
    """Why an approval that was settled as approved does not hold now: a code and a sentence; None when it does."""
    requested = asked.requested
    named = f"the approval `{requested.approval}` of `{requested.requirement}`"
    if now_ms >= requested.expires_ms:
        return "approval_expired", f"{named} has expired"
    where = forum_of(policy_set, started, requested)
    if where is None:
        return "approval_invalid", f"{named} is of a requirement that the bundle has not"
    if outcome_of(where, answers_of(run, started, asked, approvers)) != "approved":
        return "approval_invalid", f"{named} was not given by whom it must be"
    return None


def _person(
    run: str, started: RunStarted, requested: ApprovalRequested, given: ApprovalGiven, approvers: Approvers
) -> Person | None:
    if given.signature is None:
        return Person(given.by, "asserted" if given.asserted else "uid")
    try:
        said, approver = verified(given.signature, approvers)
    except BundleRejected:  # SignatureInvalid is one of them
        return None
    meant = statement_of(run, started, requested, given.decision, given.reason, given.by)
    return Person(approver.principal, "signature", approver.person) if said == meant else None


def _shown_call(call: ToolDecided, requirement: ApprovalRequirement, state: RunState) -> Json:
    resource: Json = None if call.resource is None else {"type": call.resource_type, "id": call.resource}
    return {
        "tool": call.tool,
        "arguments": trusted_json(call.arguments),
        "resource": resource,
        "origins": [_origin(one) for one in call.origins],
        **_evidence(requirement, state),
    }


def _origin(one: ValueOrigin) -> Json:
    return {
        "path": one.path,
        "role": one.role,
        "type": one.type,
        "origin": one.origin,
        "trusted": one.trusted,
        "source": one.source,
        "field": one.field,
        "expression": one.expression,
        "operands": [*one.operands],
    }


def _evidence(requirement: ApprovalRequirement, state: RunState) -> dict[str, Json]:
    """The evidence that a requirement names, from the outputs of the run, and the names of what has no value."""
    found: dict[str, Json] = {}
    lacking: list[Json] = []
    for name in requirement.evidence:
        root, *path = name.split(".")
        value = resolve(Reference(root, tuple(path)), state)
        if isinstance(value, Unresolved):
            lacking.append(name)
        else:
            found[name] = value.value
    return {"evidence": found, "lacking": lacking}


def _requirement(policy_set: PolicySet, name: str) -> ApprovalRequirement:
    found = next((one for one in policy_set.approvals if one.id == name), None)
    if found is None:
        raise RuntimeError(f"policy asks for the approval `{name}`, which the bundle has not")
    return found


def _started(state: RunState) -> RunStarted:
    if state.started is None:
        raise RuntimeError("a run that has not started asks for nothing")
    return state.started
