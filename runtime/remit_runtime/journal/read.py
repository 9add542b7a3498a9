"""What the journal says: runs, their events, audit rows and blobs. Whoever folds events gets verified ones only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from remit_runtime.bundle.graph import Budget
from remit_runtime.canonical import Digest, digest_of
from remit_runtime.errors import JournalCorrupt, UsageError
from remit_runtime.journal.audit import AuditRow
from remit_runtime.journal.chain import GENESIS, event_hash, snapshot_hash
from remit_runtime.journal.events import VERSION, RunEvent
from remit_runtime.journal.ledger import Amount
from remit_runtime.journal.records import (
    ActiveLease,
    LateOutcome,
    RunFilter,
    RunRecord,
    Signal,
    Snapshot,
    StoredEvent,
)
from remit_runtime.journal.rows import event_of

_RUN = """SELECT run.id, agent, version, bundle, environment, task, principal, asserted_user, tenant, run.parent,
 created_ms, deadline_ms, status, reason, ended_ms, head_seq,
 limit_steps, limit_model_calls, limit_tool_calls, limit_microusd, limit_milliseconds,
 spent_steps, spent_model_calls, spent_tool_calls, spent_microusd,
 reserved_steps, reserved_model_calls, reserved_tool_calls, reserved_microusd,
 overrun_steps, overrun_model_calls, overrun_tool_calls, overrun_microusd,
 cancelled_by IS NOT NULL, killed_by IS NOT NULL, wake_at_ms, owner, epoch, lease_until_ms, waits_ms
 FROM run JOIN ledger ON ledger.scope = run.id"""

_AUDIT = """SELECT v, seq, at_ms, run, run_seq, event_hash, event, principal, agent, version, bundle, call, tool,
 resource_type, resource, outcome, code, rules, arguments_digest, detail, prev, hash FROM audit"""


def run_record(db: sqlite3.Connection, run: str, now_ms: int) -> RunRecord:
    """A run as it stands.

    Raises:
        UsageError: there is no such run.
    """
    row = db.execute(f"{_RUN} WHERE run.id = ?", (run,)).fetchone()
    if row is None:
        raise UsageError("run_unknown", f"there is no run `{run}`")
    return _record(row, now_ms)


def run_records(db: sqlite3.Connection, wanted: RunFilter, now_ms: int) -> tuple[RunRecord, ...]:
    """Runs, the newest first."""
    rows = db.execute(
        f"""{_RUN} WHERE (?1 IS NULL OR agent = ?1) AND (?2 IS NULL OR status = ?2)
 ORDER BY run.number DESC LIMIT ?3""",
        (wanted.agent, wanted.status, wanted.limit),
    )
    return tuple(_record(row, now_ms) for row in rows)


def exists(db: sqlite3.Connection, run: str) -> bool:
    """Whether there is such a run."""
    return db.execute("SELECT 1 FROM run WHERE id = ?", (run,)).fetchone() is not None


def children(db: sqlite3.Connection, run: str) -> tuple[str, ...]:
    """The child runs of a run, the oldest first."""
    rows = db.execute(
        "SELECT name FROM effect WHERE key > ? AND key < ? AND kind = 'child' ORDER BY seq",
        (f"{run}:", f"{run};"),
    )
    return tuple(name for (name,) in rows)


def _record(row: tuple[Any, ...], now_ms: int) -> RunRecord:
    owner, epoch, until = row[36:39]
    lease = ActiveLease(owner, epoch, until) if owner is not None and now_ms < until else None
    columns: tuple[Any, ...] = (
        *row[:7],
        bool(row[7]),
        *row[8:16],
        Budget(*row[16:21]),
        *(Amount(*row[start : start + 4]) for start in (21, 25, 29)),
        bool(row[33]),
        bool(row[34]),
        row[35],
        lease,
        row[39],
    )
    return RunRecord(*columns)


def stored_events(db: sqlite3.Connection, run: str, after: int = 0) -> list[StoredEvent]:
    """The events of a run after sequence `after`, in order, each verified against the chain.

    Raises:
        UsageError: there is no such run.
        JournalCorrupt: an event is missing or is not what was written.
    """
    ends = db.execute("SELECT head_seq, head_hash FROM run WHERE id = ?", (run,)).fetchone()
    if ends is None:
        raise UsageError("run_unknown", f"there is no run `{run}`")
    found: list[StoredEvent] = []
    head = _hash_at(db, run, after)
    for row in event_rows(db, run, after):
        broken = link_broken(row, run, after + len(found) + 1, head)
        if broken is not None:
            raise JournalCorrupt("event_broken", f"event {after + len(found) + 1} of run `{run}`: {broken}")
        head = row.hash
        found.append(StoredEvent(run, row.seq, row.at_ms, event_in(row), head.hex()))
    if (after + len(found), head) != ends:
        raise JournalCorrupt("event_missing", f"run `{run}` has {ends[0]} events and not all are here")
    return found


def _hash_at(db: sqlite3.Connection, run: str, seq: int) -> bytes:
    if seq == 0:
        return GENESIS
    row = db.execute("SELECT hash FROM event WHERE run = ? AND seq = ?", (run, seq)).fetchone()
    if row is None:
        raise JournalCorrupt("event_missing", f"event {seq} of run `{run}` is not here")
    return bytes(row[0])


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event's row with its body, wherever it is kept; a body that is gone is empty."""

    run: str
    seq: int
    at_ms: int
    v: int
    kind: str
    body: bytes
    prev: bytes
    hash: bytes


def event_rows(db: sqlite3.Connection, run: str, after: int) -> Iterator[EventRow]:
    """The rows of a run's events in order of sequence, unverified."""
    rows = db.execute(
        """SELECT run, seq, event.at_ms, v, kind, body, event.blob, blob.bytes, prev, hash
 FROM event LEFT JOIN blob ON blob.digest = event.blob WHERE run = ? AND seq > ? ORDER BY seq""",
        (run, after),
    )
    for run_, seq, at_ms, v, kind, text, digest, kept, prev, hash_ in rows:
        body = text.encode() if digest is None else kept or b""
        yield EventRow(run_, seq, at_ms, v, kind, body, prev, hash_)


def event_in(row: EventRow) -> RunEvent:
    """The event of a row whose place in the chain has been verified.

    Raises:
        JournalCorrupt: a later version wrote it, or its kind is not that of its body.
    """
    event = event_of(row.body)
    if row.v > VERSION or event.__struct_config__.tag != row.kind:
        raise JournalCorrupt(
            "event_unreadable", f"event {row.seq} of run `{row.run}` is none of this version"
        )
    return event


def link_broken(row: EventRow, run: str, seq: int, head: bytes) -> str | None:
    """Why a row is not the event at this place of the chain, or None when it is."""
    if row.seq != seq:
        return f"the event is missing, event {row.seq} stands in its place"
    if row.prev != head:
        return "the event does not follow the event before it"
    if event_hash(head, run, row.seq, row.at_ms, row.v, row.kind, row.body) != row.hash:
        return "the event is not what was written"
    return None


def audit_rows(db: sqlite3.Connection, run: str | None) -> list[tuple[AuditRow, bytes, bytes]]:
    """Audit rows with the hash before each and its own, of one run or of all, in order."""
    if run is None:
        rows = db.execute(f"{_AUDIT} ORDER BY seq")
    else:
        rows = db.execute(f"{_AUDIT} WHERE run = ? ORDER BY seq", (run,))
    found: list[tuple[AuditRow, bytes, bytes]] = []
    for row in rows:
        columns: tuple[Any, ...] = (*row[:17], _rules(row[17]), *row[18:20])
        found.append((AuditRow(*columns), row[20], row[21]))
    return found


def _rules(text: str) -> tuple[str, ...]:
    try:
        return msgspec.json.decode(text, type=tuple[str, ...])
    except (msgspec.MsgspecError, ValueError):
        # Not what any row was written with: its hash shows it.
        return (text, "unreadable")


def blob(db: sqlite3.Connection, digest: Digest) -> bytes:
    """The bytes under a digest, checked.

    Raises:
        JournalCorrupt: they are not here, or not the bytes that were kept.
    """
    row = db.execute("SELECT bytes FROM blob WHERE digest = ?", (digest,)).fetchone()
    if row is None:
        raise JournalCorrupt("blob_missing", f"the journal holds nothing under `{digest}`")
    if digest_of(row[0]) != digest:
        raise JournalCorrupt("blob_broken", f"the bytes under `{digest}` are not what was kept")
    return bytes(row[0])


def late_outcomes(db: sqlite3.Connection, run: str) -> tuple[LateOutcome, ...]:
    """Outcomes that came too late to be events, in the order they came."""
    rows = db.execute(
        "SELECT run, call, epoch, at_ms, body FROM late_outcome WHERE run = ? ORDER BY at_ms, call, epoch",
        (run,),
    )
    return tuple(LateOutcome(run_, call, epoch, at, event_of(body)) for run_, call, epoch, at, body in rows)


def snapshot(db: sqlite3.Connection, run: str) -> Snapshot | None:
    """The latest snapshot of a run, checked against the event it was folded up to; None when there is none.

    Raises:
        JournalCorrupt: it is not what was written.
    """
    row = db.execute(
        """SELECT snapshot.seq, snapshot.body, snapshot.hash, event.hash FROM snapshot
 LEFT JOIN event ON event.run = snapshot.run AND event.seq = snapshot.seq
 WHERE snapshot.run = ? ORDER BY snapshot.seq DESC LIMIT 1""",
        (run,),
    ).fetchone()
    if row is None:
        return None
    if row[3] is None or snapshot_hash(row[3], row[1]) != row[2]:
        raise JournalCorrupt("snapshot_broken", f"the snapshot of run `{run}` is not what was written")
    return Snapshot(run, row[0], bytes(row[1]))


def signals(db: sqlite3.Connection, run: str) -> tuple[Signal, ...]:
    """The signals that reached a run, in the order they came."""
    rows = db.execute("SELECT run, id, at_ms, body FROM signal WHERE run = ? ORDER BY number", (run,))
    return tuple(Signal(*row) for row in rows)
