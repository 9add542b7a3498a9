"""One append: events, effects, ledger, approvals and audit in one transaction, or nothing.

Everything that can refuse is read and judged before the first row is written. Three laws stand above the rest: an
intent never goes without its allowing decision, its reservation and its audit row; the outcome of an effect that has
begun is always kept; and after the one terminal event of a run only late outcomes follow.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from remit_runtime.canonical import canonical_json
from remit_runtime.journal.audit import Actor, AuditEntry, entries_of, entry_of, used_entry
from remit_runtime.journal.effects import (
    Begun,
    Outcome,
    abandon_open,
    begin,
    begun_effect,
    charge_for,
    close,
    keep_late,
)
from remit_runtime.journal.events import (
    ApprovalRequested,
    ApprovalSettled,
    ChildEnded,
    ChildStarted,
    ModelIntended,
    ModelSettled,
    RunEnded,
    RunEvent,
    RunStarted,
    Spend,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.journal.ledger import (
    NOTHING,
    Ledger,
    amount_of_spend,
    limit_passed,
    reserved_by,
    steps_of,
    with_charged,
    with_reserved,
)
from remit_runtime.journal.records import Appended, ApprovalUse, Lease, Refused
from remit_runtime.journal.rows import event_of, insert_audit, insert_events, ledger_of, write_ledger
from remit_runtime.journal.standing import MOVES, Standing, refusal, standing_of, switches_on

_CALLS = (ModelIntended, ToolIntended)
_INTENTS = (ModelIntended, ToolIntended, ChildStarted)
_OUTCOMES = (ModelSettled, ToolSettled, ChildEnded)


def check_meant(
    events: Sequence[RunEvent], reserve: Spend | None, settle: tuple[str, Spend] | None, settles: bool
) -> None:
    """Checks that events reserve and settle what their caller says they do.

    Raises:
        RuntimeError: they do not.
    """
    if reserve is not None:
        asked = sum((amount_of_spend(e.reserved) for e in events if isinstance(e, _CALLS)), NOTHING)
        if asked != amount_of_spend(reserve):
            raise RuntimeError("the intents of an append do not reserve what the caller says")
    settled = [e for e in events if isinstance(e, ModelSettled | ToolSettled)]
    if settle is not None and [(e.call, e.spent) for e in settled] != [settle]:
        raise RuntimeError("the outcome of an append does not settle what the caller says")
    if settles and not any(isinstance(e, _OUTCOMES) for e in events):
        raise RuntimeError("an append that settles a begun effect holds its outcome")


def append(
    db: sqlite3.Connection,
    lease: Lease,
    events: Sequence[RunEvent],
    use: ApprovalUse | None,
    entries: Sequence[AuditEntry],
    now_ms: int,
) -> Appended | Refused:
    """The lease after everything was written, or what refused it. Runs inside one write transaction.

    Raises:
        UsageError: there is no such run.
        RuntimeError: the events contradict each other or the journal, which is a bug of the caller.
    """
    outcome = _checked_shape(events, use)
    standing = standing_of(db, lease.run)
    begun = None if outcome is None else begun_effect(db, lease.run, outcome)
    if standing.waits_ms is not None and any(isinstance(event, MOVES) for event in events):
        raise RuntimeError(f"run `{lease.run}` waits for people and was not taken up")
    refused = _place_refused(standing, lease, begun)
    if refused is not None:
        if outcome is None or begun is None:
            return refused
        return _late(db, standing, lease, refused, begun, outcome, now_ms)
    stopped = refusal(standing, switches_on(db), events, now_ms)
    if stopped is not None:
        return stopped
    ledger = _ledger_after(db, lease.run, events, begun, outcome)
    if isinstance(ledger, Refused):
        return ledger
    spent = None if use is None else _approval_refused(db, lease.run, use, now_ms)
    if spent is not None:
        return spent
    return write(db, standing, events, ledger, begun, use, entries, now_ms)


def _checked_shape(events: Sequence[RunEvent], use: ApprovalUse | None) -> Outcome | None:
    """The outcome among the events, if there is one. It must not depend on anything that could be refused."""
    if not events:
        raise RuntimeError("an append holds at least one event")
    if any(isinstance(event, RunStarted) for event in events):
        raise RuntimeError("a run starts once, when it is created")
    if any(isinstance(event, RunEnded) for event in events[:-1]):
        raise RuntimeError("nothing follows the terminal event of a run")
    outcomes = [event for event in events if isinstance(event, _OUTCOMES)]
    if len(outcomes) > 1:
        raise RuntimeError("an append settles one effect at a time")
    if outcomes and (use is not None or any(isinstance(event, (*MOVES, RunEnded)) for event in events)):
        raise RuntimeError("an outcome is always kept, so it is not appended with what may be refused")
    if use is not None and not any(isinstance(event, ToolIntended) for event in events):
        raise RuntimeError("an approval is used up by the intent it allows")
    return outcomes[0] if outcomes else None


def _place_refused(standing: Standing, lease: Lease, begun: Begun | None) -> Refused | None:
    if standing.ended:
        return Refused("ended")
    if lease.epoch != standing.epoch:
        return Refused("fenced")
    if begun is not None:
        # An outcome takes whatever place is free: its worker may have waited while the run went on.
        return None if begun.status == "intent" else Refused("settled", begun.key)
    return None if lease.seq == standing.seq else Refused("fenced", "sequence")


def _late(
    db: sqlite3.Connection,
    standing: Standing,
    lease: Lease,
    refused: Refused,
    begun: Begun,
    outcome: Outcome,
    now_ms: int,
) -> Refused:
    if keep_late(db, lease.run, lease.epoch, begun, outcome, now_ms) == "kept":
        own = entry_of(outcome)
        if own is None:
            raise RuntimeError("an outcome makes an audit entry")
        entry = replace(own, event="late_outcome", call=begun.key, code=refused.reason)
        insert_audit(db, [(entry, None)], _actor(standing), lease.run, now_ms)
    return replace(refused, late=True)


def _ledger_after(
    db: sqlite3.Connection, run: str, events: Sequence[RunEvent], begun: Begun | None, outcome: Outcome | None
) -> Ledger | Refused | None:
    """The run's ledger after these events, None where it stays as it is, or the limit they would pass."""
    ask = sum((reserved_by(event) for event in events if isinstance(event, _INTENTS)), NOTHING)
    steps = steps_of(events)
    ends = isinstance(events[-1], RunEnded)
    if ask == NOTHING and steps == NOTHING and outcome is None and not ends:
        return None
    before = ledger_of(db, run)
    limit = limit_passed(before, ask + steps)
    if limit is not None:
        return Refused("over_budget", limit)
    after = with_reserved(before, ask, steps)
    if begun is not None and outcome is not None:
        after = with_charged(after, begun.reserved, charge_for(db, outcome, begun.reserved))
    # Open effects of a run that ends have no known usage, so their reservations are charged whole.
    return with_charged(after, after.reserved, after.reserved) if ends else after


def _approval_refused(db: sqlite3.Connection, run: str, use: ApprovalUse, now_ms: int) -> Refused | None:
    """Why an approval cannot be used. Events say what was asked and given; the table alone is believed in nothing."""
    settled = {
        event.approval
        for event in _events_of(db, run, "approval_settled")
        if isinstance(event, ApprovalSettled) and event.outcome == "approved"
    }
    asked = {
        event.approval: event
        for event in _events_of(db, run, "approval_requested")
        if isinstance(event, ApprovalRequested)
    }
    spent = {
        row[0]
        for row in db.execute("SELECT code FROM audit WHERE run = ? AND event = 'approval_used'", (run,))
    }
    for approval in use.approvals:
        row = db.execute(
            "SELECT status, subject, expires_ms FROM approval WHERE id = ? AND run = ?", (approval, run)
        ).fetchone()
        wanted = ("approved", use.subject)
        request = asked.get(approval)
        if row is None or request is None or approval not in settled or approval in spent:
            return Refused("approval_spent", approval)
        if row[:2] != wanted or request.subject != use.subject or now_ms >= min(row[2], request.expires_ms):
            return Refused("approval_spent", approval)
    return Refused("approval_spent") if not use.approvals else None


def _events_of(db: sqlite3.Connection, run: str, kind: str) -> list[RunEvent]:
    rows = db.execute(
        """SELECT body, bytes FROM event LEFT JOIN blob ON blob.digest = event.blob WHERE run = ? AND kind = ?""",
        (run, kind),
    ).fetchall()
    return [event_of(kept if body is None else body) for body, kept in rows]


def write(
    db: sqlite3.Connection,
    standing: Standing,
    events: Sequence[RunEvent],
    ledger: Ledger | None,
    begun: Begun | None,
    use: ApprovalUse | None,
    entries: Sequence[AuditEntry],
    now_ms: int,
) -> Appended:
    """Writes what has been judged: every row of one append; no ledger where nothing is reserved, used or charged."""
    run = standing.run
    placed = insert_events(db, run, standing.seq, standing.head, events, now_ms)
    for event, (seq, _) in zip(events, placed, strict=True):
        _apply(db, run, seq, event, events, begun)
    seq, head = placed[-1]
    if use is not None:
        _use_up(db, use, seq)
    if ledger is not None:
        write_ledger(db, run, ledger)
    rows = [(entry, None if index is None else placed[index]) for index, entry in entries_of(events, entries)]
    if use is not None:
        call = next(event.call for event in events if isinstance(event, ToolIntended))
        rows += [(used_entry(approval, call, use.subject), placed[-1]) for approval in use.approvals]
    insert_audit(db, rows, _actor(standing), run, now_ms)
    _advance(db, standing, seq, head, events[-1], now_ms)
    return Appended(Lease(run, standing.epoch, seq))


def _actor(standing: Standing) -> Actor:
    return Actor(standing.principal, standing.agent, standing.version, standing.bundle)


def _apply(
    db: sqlite3.Connection,
    run: str,
    seq: int,
    event: RunEvent,
    with_: Sequence[RunEvent],
    begun: Begun | None,
) -> None:
    match event:
        case ModelIntended() | ToolIntended() | ChildStarted():
            begin(db, run, seq, event, with_)
        case ModelSettled() | ToolSettled() | ChildEnded():
            if begun is None:
                raise RuntimeError("an outcome is written without its effect")
            close(db, begun, event, seq)
        case ApprovalRequested():
            db.execute(
                "INSERT INTO approval VALUES (?, ?, ?, ?, ?, 'pending', NULL, ?, NULL)",
                (event.approval, run, seq, event.requirement, event.subject, event.expires_ms),
            )
        case ApprovalSettled():
            changed = db.execute(
                "UPDATE approval SET status = ?, decided_by = ? WHERE id = ? AND run = ? AND status = 'pending'",
                (event.outcome, canonical_json(event.by).decode(), event.approval, run),
            )
            if changed.rowcount != 1:
                raise RuntimeError(f"the approval `{event.approval}` is not pending in run `{run}`")
        case RunEnded():
            abandon_open(db, run, seq)
        case _:
            pass


def _use_up(db: sqlite3.Connection, use: ApprovalUse, seq: int) -> None:
    for approval in use.approvals:
        db.execute("UPDATE approval SET status = 'used', used_seq = ? WHERE id = ?", (seq, approval))


def _advance(
    db: sqlite3.Connection, standing: Standing, seq: int, head: bytes, last: RunEvent, now_ms: int
) -> None:
    if isinstance(last, RunEnded):
        db.execute(
            """UPDATE run SET head_seq = ?, head_hash = ?, status = 'ended', reason = ?, ended_ms = ?, owner = NULL,
 lease_until_ms = 0, wake_at_ms = NULL WHERE id = ?""",
            (seq, head, last.reason, now_ms, standing.run),
        )
        return
    db.execute(
        "UPDATE run SET head_seq = ?, head_hash = ?, lease_until_ms = ? WHERE id = ?",
        (seq, head, now_ms + standing.ttl_ms, standing.run),
    )
