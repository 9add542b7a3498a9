"""Runs that wait for people: the clock that stands still meanwhile, the answers, and taking a run up again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from remit_runtime.journal.append import write
from remit_runtime.journal.events import (
    ApprovalGiven,
    ApprovalSettled,
    QuestionAnswered,
    RunResumed,
)
from remit_runtime.journal.records import Lease, Refused
from remit_runtime.journal.standing import Standing, standing_of, stop_of, switches_on

Answer = ApprovalGiven | ApprovalSettled | QuestionAnswered


def note_wait(db: sqlite3.Connection, standing: Standing, now_ms: int) -> None:
    """Notes that a run, and those it is a child of, wait for nobody but people from now on, if they do not already."""
    for one in standing.lineage:
        db.execute("UPDATE run SET waits_ms = ? WHERE id = ? AND waits_ms IS NULL", (now_ms, one.run))


def take_up(db: sqlite3.Connection, lease: Lease, now_ms: int) -> Lease | Refused:
    """The lease of a run that goes on; if it had waited for people its deadline has moved by exactly that time.

    Whatever stops the run otherwise is found by its next append.
    """
    standing = standing_of(db, lease.run)
    if standing.ended:
        return Refused("ended")
    if (lease.epoch, lease.seq) != (standing.epoch, standing.seq):
        return Refused("fenced")
    if standing.waits_ms is None:
        return lease
    waited_ms = max(0, now_ms - standing.waits_ms)
    done = write(db, standing, [RunResumed(waited_ms)], None, None, None, (), now_ms)
    db.execute(
        "UPDATE run SET waits_ms = NULL, deadline_ms = deadline_ms + ? WHERE id = ?", (waited_ms, lease.run)
    )
    return done.lease


def answer(
    db: sqlite3.Connection, run: str, seq: int, events: Sequence[Answer], gone: str | None, now_ms: int
) -> Refused | None:
    """Writes what a person answered to a run whose last event is `seq` and that nobody drives; None when it stands.

    Refused when the run has gone on (`fenced`), is driven, has ended, or was killed or cancelled, and as
    `approval_spent` when an approval that the answers settle as approved has expired. A halt refuses no answer.

    Raises:
        UsageError: there is no such run.
        RuntimeError: an approval that is settled is not pending.
    """
    standing = standing_of(db, run)
    refused = _refused(db, standing, seq, gone, now_ms)
    if refused is not None:
        return refused
    for event in events:
        if isinstance(event, ApprovalSettled) and event.outcome == "approved":
            row = db.execute("SELECT expires_ms FROM approval WHERE id = ?", (event.approval,)).fetchone()
            if row is None or now_ms >= row[0]:
                return Refused("approval_spent", event.approval)
    kept = db.execute("SELECT owner, lease_until_ms FROM run WHERE id = ?", (run,)).fetchone()
    # A worker that was thought gone must not append over the answer.
    write(db, replace(standing, epoch=standing.epoch + 1), events, None, None, None, (), now_ms)
    db.execute(
        "UPDATE run SET epoch = epoch + 1, owner = ?, lease_until_ms = ?, wake_at_ms = ? WHERE id = ?",
        (*kept, now_ms, run),
    )
    return None


def _refused(
    db: sqlite3.Connection, standing: Standing, seq: int, gone: str | None, now_ms: int
) -> Refused | None:
    if standing.ended:
        return Refused("ended")
    holder, until = db.execute(
        "SELECT owner, lease_until_ms FROM run WHERE id = ?", (standing.run,)
    ).fetchone()
    if holder is not None and holder != gone and now_ms < until:
        return Refused("leased", holder)
    if standing.seq != seq:
        return Refused("fenced", "sequence")
    stop = stop_of(standing, switches_on(db), now_ms)
    return stop if stop is not None and stop.reason in ("killed", "cancelled") else None
