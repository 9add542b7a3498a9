"""Rows as the tables hold them: written by the append, read by everything else."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from remit_runtime.canonical import Digest, canonical_json, digest_of
from remit_runtime.errors import JournalCorrupt
from remit_runtime.journal.audit import VERSION as AUDIT_VERSION
from remit_runtime.journal.audit import Actor, AuditEntry, AuditRow, row_hash
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
    entries: Sequence[tuple[AuditEntry, tuple[int, bytes] | None]],
    actor: Actor,
    run: str | None,
    now_ms: int,
) -> None:
    """Chains and writes audit rows: each entry with the place of its event, where it has one."""
    if not entries:
        return
    seq, prev = db.execute("SELECT seq, hash FROM audit_head").fetchone()
    for entry, place in entries:
        seq += 1
        row = _audit_row(entry, actor, seq, now_ms, run, place)
        hash_ = row_hash(prev, row)
        rules = canonical_json(row.rules).decode() if row.rules else "[]"
        columns = msgspec.structs.astuple(row)
        db.execute(
            """INSERT INTO audit (v, seq, at_ms, run, run_seq, event_hash, event, principal, agent, version, bundle,
 call, tool, resource_type, resource, outcome, code, rules, arguments_digest, detail, prev, hash)
 VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)""",
            (*columns[:17], rules, *columns[18:], prev, hash_),
        )
        prev = hash_
    db.execute("UPDATE audit_head SET seq = ?, hash = ?", (seq, prev))


def _audit_row(
    entry: AuditEntry, actor: Actor, seq: int, now_ms: int, run: str | None, place: tuple[int, bytes] | None
) -> AuditRow:
    return AuditRow(
        AUDIT_VERSION,
        seq,
        now_ms,
        run,
        None if place is None else place[0],
        None if place is None else place[1].hex(),
        entry.event,
        entry.principal or actor.principal,
        entry.agent or actor.agent,
        entry.version or actor.version,
        entry.bundle or actor.bundle,
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
