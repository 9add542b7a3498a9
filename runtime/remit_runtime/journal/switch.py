"""Stopping from outside: cancel one run, halt or kill a scope, lift it again. Each act has its audit row.

A kill stamps every run it covers that has not ended, so that lifting it lets new runs start and revives none.
"""

from __future__ import annotations

import sqlite3

from remit_runtime.journal.audit import Actor, AuditEntry
from remit_runtime.journal.records import Refused, Scope
from remit_runtime.journal.rows import insert_audit
from remit_runtime.journal.standing import standing_of

_COVERED = {
    "run": "id = ?",
    "agent": "agent = ?",
    "bundle": "bundle = ?",
    "everything": "? = ''",
}


def request_cancel(db: sqlite3.Connection, run: str, by: str, now_ms: int) -> Refused | None:
    """Cancels a run: from here on it decides and begins nothing. Refused when it has ended; a second time is no change.

    Raises:
        UsageError: there is no such run.
    """
    standing = standing_of(db, run)
    if standing.ended:
        return Refused("ended")
    changed = db.execute("UPDATE run SET cancelled_by = ? WHERE id = ? AND cancelled_by IS NULL", (by, run))
    if changed.rowcount:
        actor = Actor(by, standing.agent, standing.version, standing.bundle)
        insert_audit(db, [(AuditEntry("cancel_requested"), None)], actor, run, now_ms)
    return None


def kill(db: sqlite3.Connection, scope: Scope, by: str, reason: str, now_ms: int) -> int:
    """Kills a scope for good: how many runs that had not ended it covers. They end as killed, and no new one starts.

    A tool's kill covers no run as a whole; it refuses the calls of that tool.
    """
    _insert(db, "kill", scope, by, reason, now_ms)
    where = _COVERED.get(scope.kind)
    if where is None:
        return 0
    changed = db.execute(
        f"UPDATE run SET killed_by = ? WHERE {where} AND status <> 'ended' AND killed_by IS NULL",  # noqa: S608
        (str(scope), scope.id),
    )
    return changed.rowcount


def halt(db: sqlite3.Connection, scope: Scope, by: str, reason: str, now_ms: int) -> None:
    """Suspends a scope until it is lifted."""
    _insert(db, "halt", scope, by, reason, now_ms)


def lift(db: sqlite3.Connection, scope: Scope, by: str, reason: str, now_ms: int) -> int:
    """Lifts the kills and halts of exactly this scope: how many were in force. Runs that were killed stay killed."""
    changed = db.execute(
        """UPDATE kill_switch SET lifted_ms = ?, lifted_by = ?, lifted_reason = ?
 WHERE kind = ? AND id = ? AND lifted_ms IS NULL""",
        (now_ms, by, reason, scope.kind, scope.id),
    )
    if changed.rowcount:
        _audited(db, "lift", scope, by, reason, now_ms)
    return changed.rowcount


def _insert(db: sqlite3.Connection, mode: str, scope: Scope, by: str, reason: str, now_ms: int) -> None:
    if (scope.kind == "everything") != (scope.id == ""):
        raise RuntimeError("a scope names what it covers, and everything has no name")
    db.execute(
        "INSERT INTO kill_switch (mode, kind, id, by, reason, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (mode, scope.kind, scope.id, by, reason, now_ms),
    )
    _audited(db, mode, scope, by, reason, now_ms)


def _audited(db: sqlite3.Connection, act: str, scope: Scope, by: str, reason: str, now_ms: int) -> None:
    entry = AuditEntry(act, resource_type=scope.kind, resource=scope.id or None, detail=reason)
    insert_audit(db, [(entry, None)], Actor(by), scope.id if scope.kind == "run" else None, now_ms)
