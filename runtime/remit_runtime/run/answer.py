"""What a person answers: judged, written into the journal of a run that waits, and refused on the record.

No worker takes part. The run is read, the answer judged, and written only if the run has not gone on meanwhile; two
people who answer at once are judged one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from remit_runtime.bundle.policy import PolicySet
from remit_runtime.errors import RunRefused, UsageError
from remit_runtime.gateway.redact import Redactor, redacted, shown
from remit_runtime.gateway.redact import load as load_redactor
from remit_runtime.journal.audit import AuditEntry
from remit_runtime.journal.events import ApprovalGiven, ApprovalSettled, QuestionAnswered
from remit_runtime.journal.records import Refused
from remit_runtime.journal.sqlite import Journal
from remit_runtime.policy.approvals import DEV, Answer, Person, outcome_of, refusal_of
from remit_runtime.run.approval import Approvers, answers_of, forum_of, statement_of
from remit_runtime.run.owner import is_gone
from remit_runtime.run.pending import PendingApproval, PendingQuestion, pending_in, state_of
from remit_runtime.trust.approvers import approvers_of, signed
from remit_runtime.trust.keys import PrivateKey

Decision = Literal["approved", "denied"]

MAX_TEXT = 16_384
TRIES = 20
"""How often somebody who was faster may answer another request of the run before we give up."""

_SENTENCES = {
    "approver_without_role": "`{who}` has not the role `{role}` that `{requirement}` asks for",
    "approver_is_requester": "`{who}` asked for the run and cannot approve it: `{requirement}` asks for somebody else",
    "approver_answered": "`{who}` has answered this request already",
    "principal_asserted": "a principal may be asserted in `dev` only, not in `{environment}`",
    "signature_missing": "in `{environment}` an approval is signed: name your key with `--key`",
}


@dataclass(frozen=True)
class Desk:
    """Where answers are written: the one store, the local state, the clock and the policy of the run's bundle."""

    journal: Journal
    home: Path
    clock: Callable[[], int]
    policy_set: PolicySet


@dataclass(frozen=True)
class Signer:
    """Who answers: a principal with how it is known, and the key that signs, where one does.

    Whose key it is, `trust.toml` says and nobody else.
    """

    person: Person
    key: PrivateKey | None = None


@dataclass(frozen=True)
class Answered:
    """An answer that stands in the journal. `outcome` is what the request was settled as, None while it waits on."""

    run: str
    approval: str
    requirement: str
    outcome: Decision | None
    given: int
    needed: int


def answer_approval(
    desk: Desk, run: str, approval: str | None, decision: Decision, signer: Signer, reason: str = ""
) -> Answered:
    """The answer to a request of a run or of one of its children, as it was written down.

    Raises:
        UsageError: no such run or request, or several and none was named.
        RunRefused: the answer may not be given; the audit says why.
        TrustInvalid: `trust.toml` does not hold.
    """
    try:
        for _ in range(TRIES):
            pending = _chosen(desk.journal, run, approval)
            done = _written(desk, pending, decision, signer, _clean(desk, reason))
            if done is not None:
                return done
    except RunRefused as refused:
        _remember(desk, run, approval, signer.person, refused)
        raise
    raise RunRefused("run_busy", f"run `{run}` goes on while it is answered: try again")


def answer_question(desk: Desk, run: str, question: str | None, text: str, person: Person) -> PendingQuestion:
    """The question of a run or of one of its children that a text now answers.

    Raises:
        UsageError: no such run or question, several and none was named, or the text is too long.
        RunRefused: the answer may not be given; the audit says why.
    """
    if len(text) > MAX_TEXT:
        raise UsageError("answer_too_long", f"an answer has at most {MAX_TEXT} characters")
    try:
        for _ in range(TRIES):
            pending = _question(desk.journal, run, question)
            if pending.started.environment != DEV and person.proof == "asserted":
                message = f"a principal may be asserted in `dev` only, not in `{pending.started.environment}`"
                raise RunRefused("principal_asserted", message)
            asked = pending.asked
            event = QuestionAnswered(
                asked.question, asked.state, _clean(desk, text), person.principal, person.proof == "asserted"
            )
            if _append(desk, pending, [event]):
                return pending
    except RunRefused as refused:
        _remember(desk, run, question, person, refused)
        raise
    raise RunRefused("run_busy", f"run `{run}` goes on while it is answered: try again")


def _written(
    desk: Desk, pending: PendingApproval, decision: Decision, signer: Signer, reason: str
) -> Answered | None:
    """The answer as it was written; None when the run has gone on and must be read again."""
    requested, started, run = pending.asked.requested, pending.started, pending.record.run
    now = desk.clock()
    if now >= requested.expires_ms:
        raise RunRefused(
            "approval_expired", f"the approval `{requested.approval}` expired before it was given"
        )
    where = forum_of(desk.policy_set, started, requested)
    if where is None:
        raise RunRefused("approval_invalid", f"the bundle has no approval `{requested.requirement}`")
    approvers = approvers_of(desk.home)
    person = _proved(signer, approvers)
    before = answers_of(run, started, pending.asked, approvers)
    refusal = refusal_of(where, person, decision, before)
    if refusal is not None:
        words = {
            "who": person.principal,
            "role": where.requirement.role,
            "requirement": requested.requirement,
            "environment": started.environment,
        }
        raise RunRefused(refusal, _SENTENCES[refusal].format(**words))
    statement = statement_of(run, started, requested, decision, reason, person.principal)
    given = ApprovalGiven(
        approval=requested.approval,
        state=requested.state,
        decision=decision,
        by=person.principal,
        asserted=person.proof == "asserted",
        reason=reason,
        at_ms=now,
        signature=None if signer.key is None else signed(statement, signer.key),
    )
    answers = (*before, Answer(person, decision))
    outcome = outcome_of(where, answers)
    events: list[ApprovalGiven | ApprovalSettled] = [given]
    if outcome is not None:
        by = tuple(one.person.principal for one in answers if one.decision == outcome)
        events.append(ApprovalSettled(requested.approval, requested.state, outcome, by))
    if not _append(desk, pending, events):
        return None
    return Answered(
        run, requested.approval, requested.requirement, outcome, len(answers), max(1, where.requirement.count)
    )


def _proved(signer: Signer, approvers: Approvers) -> Person:
    if signer.key is None:
        return signer.person
    approver = approvers.get(signer.key.public.keyid)
    if approver is None:
        message = f"no `trust.toml` of this machine lists the approver `{signer.key.public.keyid}`"
        raise RunRefused("approver_unknown", message)
    return Person(approver.principal, "signature", approver.person)


def _append(
    desk: Desk,
    pending: PendingApproval | PendingQuestion,
    events: Sequence[ApprovalGiven | ApprovalSettled | QuestionAnswered],
) -> bool:
    """Whether the answer was written; False when the run has gone on since it was read.

    Raises:
        RunRefused: it may not be written.
    """
    record = pending.record
    owner = None if record.lease is None else record.lease.owner
    gone = owner if owner is not None and is_gone(owner) else None
    refused = desk.journal.answer(record.run, pending.seq, events, gone)
    match refused:
        case None:
            return True
        case Refused(reason="fenced"):
            return False
        case Refused(reason="approval_spent"):
            raise RunRefused("approval_expired", "the approval expired before it was given")
        case Refused(reason="leased"):
            message = f"a worker drives run `{record.run}` now: answer when it waits"
            raise RunRefused("run_leased", message)
        case Refused():
            what = f"{refused.reason} {refused.limit or ''}".rstrip()
            raise RunRefused(f"run_{refused.reason}", f"run `{record.run}` takes no answer: {what}")


def _chosen(journal: Journal, run: str, approval: str | None) -> PendingApproval:
    """The one request that is meant.

    Raises:
        UsageError: there is none, or several.
        RunRefused: the run has ended, or the request was settled.
    """
    pending = [one for one in pending_in(journal, run) if isinstance(one, PendingApproval)]
    if approval is not None:
        named = next((one for one in pending if one.asked.requested.approval == approval), None)
        if named is not None:
            return named
        raise _not_pending(journal, run, approval)
    if len(pending) == 1:
        return pending[0]
    if not pending:
        _refuse_ended(journal, run)
        raise UsageError("approval_unknown", f"run `{run}` asks for no approval now")
    listed = ", ".join(f"`{one.asked.requested.approval}`" for one in pending)
    raise UsageError("approval_ambiguous", f"run `{run}` asks for several approvals, name one of {listed}")


def _not_pending(journal: Journal, run: str, approval: str) -> UsageError | RunRefused:
    """Why a request that was named takes no answer."""
    asking = approval.rpartition(":")[0]
    if asking not in _tree(journal, run):
        return UsageError("approval_unknown", f"run `{run}` never asked for an approval `{approval}`")
    for stored in journal.events(asking):
        event = stored.event
        if isinstance(event, ApprovalSettled) and event.approval == approval:
            by = f" by {', '.join(event.by)}" if event.by else ""
            return RunRefused("approval_settled", f"the approval `{approval}` was {event.outcome}{by} before")
    _refuse_ended(journal, asking)
    return UsageError("approval_unknown", f"run `{run}` never asked for an approval `{approval}`")


def _tree(journal: Journal, run: str) -> tuple[str, ...]:
    children = [child for child in journal.children(run) if journal.exists(child)]
    return (run, *(one for child in children for one in _tree(journal, child)))


def _refuse_ended(journal: Journal, run: str) -> None:
    ended = state_of(journal, run).ended
    if ended is not None:
        raise RunRefused("run_ended", f"run `{run}` has ended as {ended.reason}")


def _question(journal: Journal, run: str, question: str | None) -> PendingQuestion:
    pending = [one for one in pending_in(journal, run) if isinstance(one, PendingQuestion)]
    meant = [one for one in pending if question in (None, one.asked.question)]
    if len(meant) == 1:
        return meant[0]
    if not meant:
        _refuse_ended(journal, run)
        raise UsageError("question_unknown", f"run `{run}` does not wait for such an answer")
    listed = ", ".join(f"`{one.asked.question}`" for one in meant)
    raise UsageError("question_ambiguous", f"run `{run}` asks several questions, name one of {listed}")


def _clean(desk: Desk, text: str) -> str:
    """A person's text as it is kept: without what policy redacts, and with nothing hidden in it."""
    redactor: Redactor = load_redactor(desk.policy_set.redact)
    value = redacted(shown(text), redactor).value
    return value if isinstance(value, str) else ""


def _remember(desk: Desk, run: str, approval: str | None, person: Person, refused: RunRefused) -> None:
    entry = AuditEntry(
        "approval_refused",
        principal=person.principal,
        outcome="refused",
        code=refused.code,
        detail=f"{approval or 'the only request'}: {refused.message}",
    )
    desk.journal.note(entry, run)
