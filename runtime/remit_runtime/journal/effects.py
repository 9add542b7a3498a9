"""Effects: what has begun and may have left the process, each under its wire key until its outcome is known."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from remit_runtime.canonical import Digest, canonical_json, digest_of
from remit_runtime.journal.events import (
    VERSION,
    ChildEnded,
    ChildStarted,
    ModelIntended,
    ModelSettled,
    RunEvent,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.journal.ledger import NOTHING, Amount, charge_of, reserved_by
from remit_runtime.journal.records import EffectKind, EffectStatus, Reservation

_STATUS_AFTER_CALL: dict[str, EffectStatus] = {"ok": "done", "error": "failed", "unknown": "unknown"}

Intent = ModelIntended | ToolIntended | ChildStarted
Outcome = ModelSettled | ToolSettled | ChildEnded


@dataclass(frozen=True, slots=True)
class Begun:
    """An effect that has begun, as its outcome finds it."""

    key: str
    status: EffectStatus
    reserved: Amount


def begun_effect(db: sqlite3.Connection, run: str, outcome: Outcome) -> Begun:
    """The effect whose outcome this is.

    Raises:
        RuntimeError: this run has begun no such effect.
    """
    columns = "key, status, reserved_steps, reserved_model_calls, reserved_tool_calls, reserved_microusd"
    if isinstance(outcome, ChildEnded):
        # ":" and ";" are neighbours, so the range holds the keys of this run and is found by the primary key.
        row = db.execute(
            f"SELECT {columns} FROM effect WHERE key > ? AND key < ? AND kind = 'child' AND name = ?",  # noqa: S608
            (f"{run}:", f"{run};", outcome.child),
        ).fetchone()
    else:
        kind = "tool" if isinstance(outcome, ToolSettled) else "model"
        row = db.execute(
            f"SELECT {columns} FROM effect WHERE key = ? AND run = ? AND kind = ?",  # noqa: S608
            (outcome.call, run, kind),
        ).fetchone()
    if row is None:
        raise RuntimeError(f"run `{run}` has begun no effect that {outcome!r} could settle")
    return Begun(row[0], row[1], Amount(*row[2:]))


def begin(db: sqlite3.Connection, run: str, seq: int, event: Intent, with_: Sequence[RunEvent]) -> None:
    """Writes the row of an effect that begins, or counts one more attempt at one that is open.

    `with_` are the events of the same append, where a tool's intent finds the decision that allows it.

    Raises:
        RuntimeError: no allowing decision, a key that is not of this run, or an attempt at something else.
    """
    key = f"{run}:{seq}" if isinstance(event, ChildStarted) else _checked_key(event.call, run, seq)
    kind, name, arguments_digest, recovery = _described(event, with_)
    reserved = reserved_by(event)
    row = db.execute(
        "SELECT status, kind, name, arguments_digest FROM effect WHERE key = ?", (key,)
    ).fetchone()
    if row is None:
        db.execute(
            "INSERT INTO effect VALUES (?, ?, ?, ?, ?, ?, ?, 'intent', 1, ?, ?, ?, ?, NULL)",
            (key, run, seq, kind, name, arguments_digest, recovery, *_counts(reserved)),
        )
        return
    if row != ("intent", kind, name, arguments_digest):
        raise RuntimeError(f"the key `{key}` belongs to another call, or to one that is settled")
    db.execute(
        """UPDATE effect SET attempts = attempts + 1, reserved_steps = reserved_steps + ?,
 reserved_model_calls = reserved_model_calls + ?, reserved_tool_calls = reserved_tool_calls + ?,
 reserved_microusd = reserved_microusd + ? WHERE key = ?""",
        (*_counts(reserved), key),
    )


def _described(event: Intent, with_: Sequence[RunEvent]) -> tuple[EffectKind, str, Digest, str]:
    match event:
        case ModelIntended():
            return "model", event.model, event.request, "idempotent"
        case ChildStarted():
            return "child", event.child, digest_of(event.input.encode()), "idempotent"
        case ToolIntended():
            for other in with_:
                if isinstance(other, ToolDecided) and other.call == event.call and other.outcome == "allow":
                    return "tool", event.tool, other.arguments_digest, event.recovery
            raise RuntimeError(f"the call `{event.call}` is intended without the decision that allows it")


def _checked_key(key: str, run: str, seq: int) -> str:
    prefix, _, number = key.rpartition(":")
    if prefix != run or not (number.isascii() and number.isdigit()) or not 0 < int(number) <= seq:
        raise RuntimeError(f"`{key}` is not a key of run `{run}` up to its event {seq}")
    return key


def _counts(amount: Amount) -> tuple[int, int, int, int]:
    return amount.steps, amount.model_calls, amount.tool_calls, amount.microusd


def charge_for(db: sqlite3.Connection, outcome: Outcome, reserved: Amount) -> Amount:
    """What an outcome costs its run; a child costs what it spent, and nothing when it was never created.

    Raises:
        RuntimeError: the child has not ended.
    """
    if not isinstance(outcome, ChildEnded):
        return charge_of(outcome, reserved)
    row = db.execute(
        """SELECT run.status, spent_steps, spent_model_calls, spent_tool_calls, spent_microusd
 FROM run JOIN ledger ON ledger.scope = run.id WHERE run.id = ?""",
        (outcome.child,),
    ).fetchone()
    if row is None:
        return NOTHING
    if row[0] != "ended":
        raise RuntimeError(f"the child `{outcome.child}` is settled before it has ended")
    return Amount(*row[1:])


def close(db: sqlite3.Connection, begun: Begun, outcome: Outcome, seq: int) -> None:
    """Writes that an effect has its outcome."""
    db.execute(
        "UPDATE effect SET status = ?, settled_seq = ? WHERE key = ?",
        (status_after(outcome), seq, begun.key),
    )


def status_after(outcome: Outcome) -> EffectStatus:
    """The status of an effect that has this outcome."""
    match outcome:
        case ChildEnded():
            return "done" if outcome.reason == "succeeded" else "failed"
        case ToolSettled():
            return _STATUS_AFTER_CALL[outcome.outcome]
        case ModelSettled():
            return "done" if outcome.outcome == "ok" else "failed"


def abandon_open(db: sqlite3.Connection, run: str, seq: int) -> None:
    """Writes that every open effect of a run that ends has no known outcome."""
    db.execute(
        "UPDATE effect SET status = 'unknown', settled_seq = ? WHERE run = ? AND status = 'intent'",
        (seq, run),
    )


def keep_late(
    db: sqlite3.Connection, run: str, epoch: int, begun: Begun, outcome: Outcome, now_ms: int
) -> Literal["kept", "known"]:
    """Keeps an outcome that can no longer be an event; the same worker's second report of it changes nothing."""
    if db.execute("SELECT 1 FROM late_outcome WHERE call = ? AND epoch = ?", (begun.key, epoch)).fetchone():
        return "known"
    db.execute(
        "INSERT INTO late_outcome VALUES (?, ?, ?, ?, ?, ?)",
        (begun.key, epoch, run, now_ms, VERSION, canonical_json(outcome).decode()),
    )
    return "kept"


def open_effects(db: sqlite3.Connection, run: str) -> tuple[Reservation, ...]:
    """The effects of a run that have begun and have no outcome yet, in the order they began."""
    rows = db.execute(
        """SELECT key, seq, kind, name, arguments_digest, recovery, attempts, reserved_steps, reserved_model_calls,
 reserved_tool_calls, reserved_microusd FROM effect WHERE run = ? AND status = 'intent' ORDER BY seq, key""",
        (run,),
    )
    found: list[tuple[Any, ...]] = [(*row[:7], Amount(*row[7:])) for row in rows]
    return tuple(Reservation(*columns) for columns in found)
