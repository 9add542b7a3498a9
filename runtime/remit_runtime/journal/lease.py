"""Who may append to a run: creating it, claiming it, showing a sign of life, and giving it up."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from remit_runtime.bundle.words import TerminalReason
from remit_runtime.journal.append import write
from remit_runtime.journal.audit import AuditEntry
from remit_runtime.journal.chain import GENESIS, snapshot_hash
from remit_runtime.journal.events import RunEnded, RunStarted
from remit_runtime.journal.ledger import Ledger, amount_of_budget, limit_passed
from remit_runtime.journal.records import Existing, Lease, NewRun, Refused
from remit_runtime.journal.rows import event_of
from remit_runtime.journal.standing import Ancestor, Standing, covers, standing_of, stop_of, switches_on

_END_OF: dict[str, tuple[TerminalReason, str]] = {
    "killed": ("killed", "killed by"),
    "cancelled": ("cancelled", "cancelled by"),
    "deadline": ("expired", "nobody drove the run when its time was over, the limit is"),
}


def create(
    db: sqlite3.Connection,
    new: NewRun,
    started: RunStarted,
    entries: Sequence[AuditEntry],
    now_ms: int,
) -> Lease | Existing | Refused:
    """The first lease of a new run, whose first event is `started`; or the run that serves this invocation already.

    A child (`started.parent`) is created only where its parent has set its budget aside with `ChildStarted`.

    Raises:
        RuntimeError: a child that its parent did not start, or with more budget than was carved for it.
    """
    existing = _existing(db, new, started)
    if existing is not None:
        return existing
    parent = None if started.parent is None else standing_of(db, started.parent)
    lineage = (Ancestor(new.run, started.agent, started.bundle), *(parent.lineage if parent else ()))
    refused = _create_refused(db, started, parent, lineage, now_ms)
    if refused is not None:
        return refused
    if parent is not None:
        _check_carved(db, new, started, parent)
    _insert(db, new, started, now_ms)
    standing = Standing(
        run=new.run,
        agent=started.agent,
        version=started.version,
        bundle=started.bundle,
        principal=started.user,
        epoch=1,
        seq=0,
        head=GENESIS,
        ended=False,
        deadline_ms=started.deadline_ms,
        ttl_ms=new.ttl_ms,
        killed=None,
        cancelled=None,
        lineage=lineage,
    )
    return write(db, standing, [started], None, None, None, entries, now_ms).lease


def _existing(db: sqlite3.Connection, new: NewRun, started: RunStarted) -> Existing | Refused | None:
    row = db.execute("SELECT id FROM run WHERE id = ?", (new.run,)).fetchone()
    if row is None and new.invocation_key is not None:
        row = db.execute(
            "SELECT id FROM run WHERE ifnull(tenant, '') = ? AND agent = ? AND invocation_key = ?",
            (started.tenant or "", started.agent, new.invocation_key),
        ).fetchone()
    if row is None:
        return None
    body, blob = db.execute("SELECT body, blob FROM event WHERE run = ? AND seq = 1", row).fetchone()
    if body is None:
        body = db.execute("SELECT bytes FROM blob WHERE digest = ?", (blob,)).fetchone()[0]
    first = event_of(body)
    # The same invocation differs in nothing but the clock.
    if isinstance(first, RunStarted) and first == msgspec.structs.replace(
        started, deadline_ms=first.deadline_ms
    ):
        return Existing(row[0])
    return Refused("key_conflict", row[0])


def _create_refused(
    db: sqlite3.Connection,
    started: RunStarted,
    parent: Standing | None,
    lineage: Sequence[Ancestor],
    now_ms: int,
) -> Refused | None:
    switches = switches_on(db)
    covering = [switch for switch in switches if covers(switch.scope, lineage)]
    for switch in sorted(covering, key=lambda one: one.mode != "kill"):
        return Refused("killed" if switch.mode == "kill" else "halted", str(switch.scope))
    if parent is not None:
        if parent.ended:
            return Refused("ended", parent.run)
        stopped = stop_of(parent, switches, now_ms)
        if stopped is not None:
            return stopped
    return Refused("deadline", "milliseconds") if now_ms >= started.deadline_ms else None


def _check_carved(db: sqlite3.Connection, new: NewRun, started: RunStarted, parent: Standing) -> None:
    row = db.execute(
        """SELECT reserved_steps, reserved_model_calls, reserved_tool_calls, reserved_microusd FROM effect
 WHERE key > ? AND key < ? AND kind = 'child' AND name = ? AND status = 'intent'""",
        (f"{parent.run}:", f"{parent.run};", new.run),
    ).fetchone()
    if row is None:
        raise RuntimeError(f"run `{parent.run}` has not started the child `{new.run}`")
    carved = Ledger(type(amount_of_budget(started.budget))(*row))
    if limit_passed(carved, amount_of_budget(started.budget)) is not None:
        raise RuntimeError(f"the child `{new.run}` asks for more than its parent set aside for it")
    if started.deadline_ms > parent.deadline_ms:
        raise RuntimeError(f"the child `{new.run}` has a later deadline than its parent")


def _insert(db: sqlite3.Connection, new: NewRun, started: RunStarted, now_ms: int) -> None:
    db.execute("INSERT OR IGNORE INTO bundle VALUES (?, ?)", (started.bundle, now_ms))
    db.execute(
        """INSERT INTO run (id, invocation_key, tenant, agent, version, bundle, parent, environment, task, principal,
 asserted_user, created_ms, deadline_ms, status, head_seq, head_hash, owner, epoch, ttl_ms, lease_until_ms)
 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', 0, ?, ?, 1, ?, ?)""",
        (
            new.run,
            new.invocation_key,
            started.tenant,
            started.agent,
            started.version,
            started.bundle,
            started.parent,
            started.environment,
            started.task,
            started.user,
            int(started.asserted_user),
            now_ms,
            started.deadline_ms,
            GENESIS,
            new.owner,
            new.ttl_ms,
            now_ms + new.ttl_ms,
        ),
    )
    budget = started.budget
    db.execute(
        """INSERT INTO ledger (scope, parent, limit_steps, limit_model_calls, limit_tool_calls, limit_microusd,
 limit_milliseconds) VALUES (?, ?, ?, ?, ?, ?, ?)""",
        (
            new.run,
            started.parent,
            budget.steps,
            budget.model_calls,
            budget.tool_calls,
            budget.microusd,
            budget.milliseconds,
        ),
    )


def claim(
    db: sqlite3.Connection, run: str, owner: str, ttl_ms: int, gone: str | None, now_ms: int
) -> Lease | Refused:
    """The lease of the next epoch; every lease before it is fenced from now on.

    Refused while another owner's lease lasts, unless that is `gone`, and when the run has ended. A killed, cancelled
    or halted run can be claimed: somebody must end it or wait with it.
    """
    standing = standing_of(db, run)
    if standing.ended:
        return Refused("ended")
    holder, until = db.execute("SELECT owner, lease_until_ms FROM run WHERE id = ?", (run,)).fetchone()
    if holder is not None and holder not in (owner, gone) and now_ms < until:
        return Refused("leased", holder)
    db.execute(
        """UPDATE run SET epoch = epoch + 1, owner = ?, ttl_ms = ?, lease_until_ms = ?, status = 'running',
 wake_at_ms = NULL WHERE id = ?""",
        (owner, ttl_ms, now_ms + ttl_ms, run),
    )
    return Lease(run, standing.epoch + 1, standing.seq)


def heartbeat(db: sqlite3.Connection, lease: Lease, now_ms: int) -> Lease | Refused:
    """The lease, good for its whole time again from now."""
    standing = standing_of(db, lease.run)
    refused = _holder_refused(standing, lease)
    if refused is not None:
        return refused
    db.execute("UPDATE run SET lease_until_ms = ? WHERE id = ?", (now_ms + standing.ttl_ms, lease.run))
    return Lease(lease.run, lease.epoch, standing.seq)


def release(db: sqlite3.Connection, lease: Lease) -> Refused | None:
    """Gives a run up for anybody to claim; the lease is fenced."""
    return _give_up(db, lease, "running", None)


def park(
    db: sqlite3.Connection, lease: Lease, wake_at_ms: int | None, *, people: bool, now_ms: int
) -> Refused | None:
    """Gives a run up until something wakes it: it waits, and holds no lease and no worker.

    `people` says that it waits for nobody else, so that its deadline stands still from now, or stands still already.
    """
    refused = _give_up(db, lease, "waiting", wake_at_ms)
    if refused is None and people:
        db.execute("UPDATE run SET waits_ms = ? WHERE id = ? AND waits_ms IS NULL", (now_ms, lease.run))
    return refused


def keep_snapshot(db: sqlite3.Connection, lease: Lease, body: bytes, now_ms: int) -> Refused | None:
    """Keeps a run's folded state after its last event, in the place of the one before."""
    standing = standing_of(db, lease.run)
    refused = _holder_refused(standing, lease)
    if refused is None and lease.seq != standing.seq:
        refused = Refused("fenced", "sequence")
    if refused is not None:
        return refused
    db.execute("DELETE FROM snapshot WHERE run = ?", (lease.run,))
    hash_ = snapshot_hash(standing.head, body)
    db.execute("INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)", (lease.run, lease.seq, now_ms, body, hash_))
    return None


def signal(db: sqlite3.Connection, run: str, id_: str, body: bytes, now_ms: int) -> bool:
    """Whether a signal was new to the run; it wakes a run that waits.

    Raises:
        UsageError: there is no such run.
    """
    standing_of(db, run)
    if db.execute("SELECT 1 FROM signal WHERE run = ? AND id = ?", (run, id_)).fetchone() is not None:
        return False
    db.execute(
        "INSERT INTO signal SELECT ?, ?, count(*) + 1, ?, ? FROM signal WHERE run = ?",
        (run, id_, now_ms, body, run),
    )
    db.execute("UPDATE run SET wake_at_ms = ? WHERE id = ? AND status = 'waiting'", (now_ms, run))
    return True


def to_end(db: sqlite3.Connection, now_ms: int) -> list[tuple[str, RunEnded]]:
    """The runs that nobody drives and that a kill, a cancel or the deadline has ended, with their terminal event."""
    found: list[tuple[str, RunEnded]] = []
    switches = switches_on(db)
    rows = db.execute(
        "SELECT id FROM run WHERE status <> 'ended' AND (owner IS NULL OR lease_until_ms <= ?) ORDER BY number",
        (now_ms,),
    ).fetchall()
    for (run,) in rows:
        stop = stop_of(standing_of(db, run), switches, now_ms)
        end = None if stop is None else _END_OF.get(stop.reason)
        if stop is not None and end is not None:
            reason, detail = end
            found.append((run, RunEnded(reason, f"{detail} {stop.limit}".rstrip(), None, ())))
    return found


def _give_up(db: sqlite3.Connection, lease: Lease, status: str, wake_at_ms: int | None) -> Refused | None:
    refused = _holder_refused(standing_of(db, lease.run), lease)
    if refused is not None:
        return refused
    db.execute(
        """UPDATE run SET status = ?, wake_at_ms = ?, owner = NULL, lease_until_ms = 0, epoch = epoch + 1
 WHERE id = ?""",
        (status, wake_at_ms, lease.run),
    )
    return None


def _holder_refused(standing: Standing, lease: Lease) -> Refused | None:
    if standing.ended:
        return Refused("ended")
    return None if lease.epoch == standing.epoch else Refused("fenced")
