"""Whether a journal is what was written: both kinds of chains, and every table that events alone decide."""

from __future__ import annotations

import sqlite3

from remit_runtime.errors import JournalCorrupt
from remit_runtime.journal.audit import verify_rows
from remit_runtime.journal.books import books_broken
from remit_runtime.journal.chain import GENESIS
from remit_runtime.journal.events import RunEvent
from remit_runtime.journal.read import EventRow, audit_rows, event_in, event_rows, link_broken
from remit_runtime.journal.records import Broken, Verified


def verify_run(db: sqlite3.Connection, run: str) -> Verified | Broken:
    """Whether a run's events are one unbroken chain, and its effects, ledger and row what the events come to.

    Names the first row that is not what was written.
    """
    ends = db.execute("SELECT head_seq, head_hash FROM run WHERE id = ?", (run,)).fetchone()
    if ends is None:
        return Broken("run", run, 0, "there is no such run")
    head, events = GENESIS, list[RunEvent]()
    for row in event_rows(db, run, 0):
        seq = len(events) + 1
        why = link_broken(row, run, seq, head)
        event = None if why is not None else _read(row)
        if event is None:
            return Broken("event", run, seq, why or "the event is none that this version can read")
        head = row.hash
        events.append(event)
    if (len(events), head) != ends:
        return Broken(
            "event", run, len(events) + 1, f"{ends[0]} events were written and {len(events)} are here"
        )
    return books_broken(db, run, events) or Verified(len(events), head.hex())


def _read(row: EventRow) -> RunEvent | None:
    try:
        return event_in(row)
    except JournalCorrupt:
        return None


def verify_runs(db: sqlite3.Connection) -> Verified | Broken:
    """Whether every run's events verify, and no event stands without a run; counts all events."""
    rows = 0
    for (run,) in db.execute("SELECT id FROM run ORDER BY number").fetchall():
        found = verify_run(db, run)
        if isinstance(found, Broken):
            return found
        rows += found.rows
    stray = db.execute("SELECT run, seq FROM event WHERE run NOT IN (SELECT id FROM run) LIMIT 1").fetchone()
    if stray is not None:
        return Broken("event", stray[0], stray[1], "the event belongs to no run")
    return Verified(rows, "")


def verify_audit(db: sqlite3.Connection) -> Verified | Broken:
    """Whether the audit rows are one unbroken chain, and each that names an event names the event that is there."""
    seq, head = db.execute("SELECT seq, hash FROM audit_head").fetchone()
    found = verify_rows(audit_rows(db, None), seq, head)
    if isinstance(found, Broken):
        return found
    untied = db.execute(
        """SELECT audit.run, audit.seq FROM audit LEFT JOIN event ON event.run = audit.run AND event.seq = audit.run_seq
 WHERE audit.event_hash IS NOT NULL AND (event.hash IS NULL OR lower(hex(event.hash)) <> audit.event_hash) LIMIT 1"""
    ).fetchone()
    if untied is not None:
        return Broken("audit", untied[0], untied[1], "the row names an event that is not in the journal")
    return found
