"""Rows as the tables hold them: written by the append, read by everything else."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from remit_runtime.canonical import Digest, canonical_json, digest_of
from remit_runtime.errors import JournalCorrupt
from remit_runtime.journal.audit import VERSION as AUDIT_VERSION
from remit_runtime.journal.audit import AuditEntry, AuditRow, row_hash
from remit_runtime.journal.chain import event_hash
from remit_runtime.journal.events import VERSION, RunEvent
from remit_runtime.journal.ledger import Amount, Ledger

INLINE_BYTES = 16 * 1024
"""An event longer than this is kept as a blob, and its row holds the digest."""

_EVENT: msgspec.json.Decoder[RunEvent] = msgspec.json.Decoder(RunEvent)


def event_of(body: bytes | str) -> RunEvent:
    """The event of its canonical JSON.

    Raises:
        JournalCorrupt: it is no event that this version knows.
    """
    try:
        return _EVENT.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise JournalCorrupt(
            "event_unreadable", f"an event of the journal cannot be read: {error}"
        ) from error


def keep_blob(db: sqlite3.Connection, data: bytes, now_ms: int) -> Digest:
    """The digest of bytes that are now in the store; bytes that are there already are not written again."""
    digest = digest_of(data)
    db.execute("INSERT OR IGNORE INTO blob (digest, at_ms, bytes) VALUES (?, ?, ?)", (digest, now_ms, data))
    return digest


def insert_events(
    db: sqlite3.Connection, run: str, seq: int, head: bytes, events: Sequence[RunEvent], now_ms: int
) -> list[tuple[int, bytes]]:
    """The sequence and hash of each event, chained after `head` at `seq` and written."""
    placed: list[tuple[int, bytes]] = []
    for event in events:
        seq += 1
        body = canonical_json(event)
        kind = str(event.__struct_config__.tag)
        hash_ = event_hash(head, run, seq, now_ms, VERSION, kind, body)
        blob = keep_blob(db, body, now_ms) if len(body) > INLINE_BYTES else None
        text = body.decode() if blob is None else None
        db.execute(
            "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (run, seq, now_ms, VERSION, kind, text, blob, head, hash_),
        )
        placed.append((seq, hash_))
        head = hash_
    return placed


def insert_audit(
    db: sqlite3.Connection,
    entries: Sequence[tuple[AuditEntry, str | None, tuple[int, bytes] | None]],
    now_ms: int,
) -> None:
    """Chains and writes audit rows: each entry with its run and the place of its event, where it has them."""
    if not entries:
        return
    seq, prev = db.execute("SELECT seq, hash FROM audit_head").fetchone()
    for entry, run, place in entries:
        seq += 1
        row = _audit_row(entry, seq, now_ms, run, place)
        hash_ = row_hash(prev, row)
        db.execute(
            "INSERT INTO audit VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                row.seq,
                row.v,
                row.at_ms,
                row.run,
                row.run_seq,
                row.event_hash,
                row.event,
                row.principal,
                row.agent,
                row.version,
                row.bundle,
                row.call,
                row.tool,
                row.resource_type,
                row.resource,
                row.outcome,
                row.code,
                canonical_json(row.rules).decode(),
                row.arguments_digest,
                row.detail,
                prev,
                hash_,
            ),
        )
        prev = hash_
    db.execute("UPDATE audit_head SET seq = ?, hash = ?", (seq, prev))


def _audit_row(
    entry: AuditEntry, seq: int, now_ms: int, run: str | None, place: tuple[int, bytes] | None
) -> AuditRow:
    if entry.principal is None:
        raise RuntimeError(f"the audit entry `{entry.event}` names no principal")
    return AuditRow(
        AUDIT_VERSION,
        seq,
        now_ms,
        run,
        None if place is None else place[0],
        None if place is None else place[1].hex(),
        entry.event,
        entry.principal,
        entry.agent,
        entry.version,
        entry.bundle,
        entry.call,
        entry.tool,
        entry.resource_type,
        entry.resource,
        entry.outcome,
        entry.code,
        entry.rules,
        entry.arguments_digest,
        entry.detail,
    )


def ledger_of(db: sqlite3.Connection, run: str) -> Ledger:
    """A run's ledger as it is written."""
    row = db.execute(
        """SELECT limit_steps, limit_model_calls, limit_tool_calls, limit_microusd,
 reserved_steps, reserved_model_calls, reserved_tool_calls, reserved_microusd,
 spent_steps, spent_model_calls, spent_tool_calls, spent_microusd,
 overrun_steps, overrun_model_calls, overrun_tool_calls, overrun_microusd FROM ledger WHERE scope = ?""",
        (run,),
    ).fetchone()
    return Ledger(Amount(*row[0:4]), Amount(*row[4:8]), Amount(*row[8:12]), Amount(*row[12:16]))


def write_ledger(db: sqlite3.Connection, run: str, ledger: Ledger) -> None:
    """Writes what stands against a run's limits."""
    counts = [
        count
        for amount in (ledger.reserved, ledger.spent, ledger.overrun)
        for count in (amount.steps, amount.model_calls, amount.tool_calls, amount.microusd)
    ]
    db.execute(
        """UPDATE ledger SET reserved_steps = ?, reserved_model_calls = ?, reserved_tool_calls = ?,
 reserved_microusd = ?, spent_steps = ?, spent_model_calls = ?, spent_tool_calls = ?, spent_microusd = ?,
 overrun_steps = ?, overrun_model_calls = ?, overrun_tool_calls = ?, overrun_microusd = ? WHERE scope = ?""",
        (*counts, run),
    )
