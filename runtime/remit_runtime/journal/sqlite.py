"""The journal on SQLite: the one door to the store. Each method is one transaction."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from remit_runtime.canonical import Digest
from remit_runtime.journal import append as appending
from remit_runtime.journal import effects, read, rows, store, switch, verify, waiting
from remit_runtime.journal import lease as leases
from remit_runtime.journal.audit import Actor, AuditEntry, AuditRow, exported
from remit_runtime.journal.events import RunEnded, RunEvent, RunStarted, Spend
from remit_runtime.journal.records import (
    Appended,
    ApprovalUse,
    Broken,
    Existing,
    LateOutcome,
    Lease,
    NewRun,
    Refused,
    Reservation,
    RunFilter,
    RunRecord,
    Scope,
    Signal,
    Snapshot,
    StoredEvent,
    Switch,
    Verified,
)
from remit_runtime.journal.standing import standing_of, stop_of, switches_on, tool_stop_of

Clock = Callable[[], int]
"""Milliseconds since the epoch."""


class Journal:
    """An open journal. Safe to share between threads; processes open the file each for themselves.

    Every method raises `StoreUnavailable` when the store does not answer, and then nothing of the act happened.
    """

    def __init__(self, db: sqlite3.Connection, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._lock = threading.RLock()
        self._stops = 0

    @classmethod
    def open(cls, path: Path, clock: Clock) -> Journal:
        """The journal of a file, made with mode 0600 when it is not there.

        Raises:
            StoreUnavailable: it cannot be made or read, is no journal, or is of a later schema.
        """
        return cls(store.connected(path), clock)

    def close(self) -> None:
        """Closes the file; nothing more can be asked of this journal."""
        with self._lock:
            self._db.close()

    # A run: created, claimed, appended to, given up

    def create(
        self, run: NewRun, started: RunStarted, audit: Sequence[AuditEntry] = ()
    ) -> Lease | Existing | Refused:
        """The first lease of a new run whose first event is `started`, or the run that serves this invocation already.

        Refused while a kill or halt covers it, past its deadline, under a parent that may not go on, and as
        `key_conflict` when the run id or invocation key belongs to another invocation.

        Raises:
            RuntimeError: a child that its parent did not start, or with more budget than was carved for it.
        """
        with self._writing() as (db, now):
            return leases.create(db, run, started, audit, now)

    def claim(self, run: str, owner: str, ttl_ms: int = 30_000, gone: str | None = None) -> Lease | Refused:
        """The lease of the next epoch, which fences every earlier one; refused `leased` or `ended`.

        `gone` is an owner that is known to live no more: its lease is not waited for.

        Raises:
            UsageError: there is no such run.
        """
        with self._writing() as (db, now):
            return leases.claim(db, run, owner, ttl_ms, gone, now)

    def append(
        self,
        lease: Lease,
        events: Sequence[RunEvent],
        *,
        reserve: Spend | None = None,
        settle: tuple[str, Spend] | None = None,
        consume: ApprovalUse | None = None,
        audit: Sequence[AuditEntry] = (),
        settles_begun_effect: bool = False,
        then_waits: bool = False,
    ) -> Appended | Refused:
        """The next lease after events, effects, ledger, approvals and audit rows are durable, or what refused it.

        What is reserved, settled and audited follows from the events. `reserve`, `settle` and `settles_begun_effect`
        say what the caller means by them and must agree. An outcome (`ModelSettled`, `ToolSettled`, `ChildEnded`) is
        appended without moves or an end beside it, because it is kept whatever stops the run; what it records
        (`OutputAccepted`, `ApprovalSettled`) may stand with it. A tool's intent needs its allowing `ToolDecided` in
        the same append. Each audited event makes its own audit row; an `AuditEntry` of its name adds to that row.
        `then_waits` says that after this the run waits for nobody but people, and its deadline stands still.

        Raises:
            UsageError: there is no such run.
            RuntimeError: the events contradict each other, the journal or what the caller says of them.
        """
        appending.check_meant(events, reserve, settle, settles_begun_effect)
        with self._writing() as (db, now):
            done = appending.append(db, lease, events, consume, audit, now)
            if then_waits and isinstance(done, Appended):
                waiting.note_wait(db, standing_of(db, lease.run), now)
            return done

    def heartbeat(self, lease: Lease) -> Lease | Refused:
        """The lease with its whole time before it again."""
        with self._writing() as (db, now):
            return leases.heartbeat(db, lease, now)

    def park(self, lease: Lease, wake_at_ms: int | None = None, *, people: bool = False) -> Refused | None:
        """Leaves a run waiting: nobody drives it until somebody claims it; with `people` its deadline stands still."""
        with self._writing() as (db, now):
            return leases.park(db, lease, wake_at_ms, people=people, now_ms=now)

    def take_up(self, lease: Lease) -> Lease | Refused:
        """The lease of a run that goes on: the time for which it waited for people is written down and given back."""
        with self._writing() as (db, now):
            return waiting.take_up(db, lease, now)

    def answer(
        self, run: str, seq: int, events: Sequence[waiting.Answer], gone: str | None = None
    ) -> Refused | None:
        """Writes what a person answered to a run that nobody drives and whose last event is `seq`; None when it stands.

        Raises:
            UsageError: there is no such run.
        """
        with self._writing() as (db, now):
            return waiting.answer(db, run, seq, events, gone, now)

    def release(self, lease: Lease) -> Refused | None:
        """Gives a run up, still running, for anybody to claim."""
        with self._writing() as (db, _):
            return leases.release(db, lease)

    def keep_snapshot(self, lease: Lease, body: bytes) -> Refused | None:
        """Keeps the run's folded state after the lease's last event; the one before it is let go."""
        with self._writing() as (db, now):
            return leases.keep_snapshot(db, lease, body, now)

    def sweep(self, owner: str) -> tuple[str, ...]:
        """The runs that this ended: killed, cancelled or past their deadline, and driven by nobody."""
        with self._reading() as (db, now):
            waiting = leases.to_end(db, now)
        return tuple(run for run, end in waiting if self._ended(run, end, owner))

    def _ended(self, run: str, end: RunEnded, owner: str) -> bool:
        with self._writing() as (db, now):
            claimed = leases.claim(db, run, owner, 0, None, now)
            return isinstance(claimed, Lease) and isinstance(
                appending.append(db, claimed, [end], None, (), now), Appended
            )

    # Stopping from outside

    def request_cancel(self, run: str, by: str) -> Refused | None:
        """Cancels a run: from here on it decides and begins nothing.

        Raises:
            UsageError: there is no such run.
        """
        with self._writing() as (db, now):
            self._stops += 1
            return switch.request_cancel(db, run, by, now)

    def kill(self, scope: Scope, by: str, reason: str) -> int:
        """Kills a scope for good; how many runs it covers that had not ended. They end as `killed`."""
        with self._writing() as (db, now):
            self._stops += 1
            return switch.kill(db, scope, by, reason, now)

    def halt(self, scope: Scope, by: str, reason: str) -> None:
        """Suspends a scope until it is lifted."""
        with self._writing() as (db, now):
            self._stops += 1
            switch.halt(db, scope, by, reason, now)

    def lift(self, scope: Scope, by: str, reason: str) -> int:
        """Lifts the kills and halts of exactly this scope; how many were in force. Killed runs stay killed."""
        with self._writing() as (db, now):
            self._stops += 1
            return switch.lift(db, scope, by, reason, now)

    def switches(self) -> tuple[Switch, ...]:
        """The kills and halts in force."""
        with self._reading() as (db, _):
            return switches_on(db)

    def stop(self, run: str, tool: str | None = None) -> Refused | None:
        """What would refuse the run's next move now, or the tool's next call, for whoever waits on a call in flight.

        Raises:
            UsageError: there is no such run.
        """
        with self._reading() as (db, now):
            switches = switches_on(db)
            stop = stop_of(standing_of(db, run), switches, now)
            return tool_stop_of(switches, {tool}) if stop is None and tool is not None else stop

    def changes(self) -> int:
        """A number that differs when anybody has written since it was last read; costs no table read.

        What this connection itself writes does not count, unless it stops something.
        """
        with self._lock, store.translated():
            return int(self._db.execute("PRAGMA data_version").fetchone()[0]) + self._stops

    def signal(self, run: str, signal: str, body: bytes) -> bool:
        """Whether a signal was new; one with an id that reached the run before changes nothing.

        Raises:
            UsageError: there is no such run.
        """
        with self._writing() as (db, now):
            return leases.signal(db, run, signal, body, now)

    def note(self, entry: AuditEntry, run: str | None = None) -> None:
        """Audits an act outside a run's events: an invocation or an answer that was refused.

        Raises:
            RuntimeError: the entry names no principal.
        """
        if entry.principal is None:
            raise RuntimeError(f"the audit entry `{entry.event}` names no principal")
        with self._writing() as (db, now):
            rows.insert_audit(db, [(entry, None)], Actor(entry.principal), run, now)

    # Reading

    def read(self, run: str) -> RunRecord:
        """A run as it stands.

        Raises:
            UsageError: there is no such run.
        """
        with self._reading() as (db, now):
            return read.run_record(db, run, now)

    def runs(self, wanted: RunFilter | None = None) -> tuple[RunRecord, ...]:
        """Runs, the newest first."""
        with self._reading() as (db, now):
            return read.run_records(db, wanted or RunFilter(), now)

    def events(self, run: str, after: int = 0) -> list[StoredEvent]:
        """A run's events after sequence `after`, in order, each verified against the chain.

        Raises:
            UsageError: there is no such run.
            JournalCorrupt: an event is missing or is not what was written.
        """
        with self._reading() as (db, _):
            return read.stored_events(db, run, after)

    def spent(self, run: str) -> Spend:
        """What a run's settled calls have cost.

        Raises:
            UsageError: there is no such run.
        """
        spent = self.read(run).spent
        return Spend(spent.model_calls, spent.tool_calls, spent.microusd)

    def exists(self, run: str) -> bool:
        """Whether there is such a run."""
        with self._reading() as (db, _):
            return read.exists(db, run)

    def children(self, run: str) -> tuple[str, ...]:
        """The child runs of a run, the oldest first."""
        with self._reading() as (db, _):
            return read.children(db, run)

    def open_effects(self, run: str) -> tuple[Reservation, ...]:
        """The effects that have begun and have no outcome: what a resuming worker must settle first."""
        with self._reading() as (db, _):
            return effects.open_effects(db, run)

    def late_outcomes(self, run: str) -> tuple[LateOutcome, ...]:
        """Outcomes that came after a takeover, after another outcome, or after the end."""
        with self._reading() as (db, _):
            return read.late_outcomes(db, run)

    def snapshot(self, run: str) -> Snapshot | None:
        """The latest snapshot of a run, verified.

        Raises:
            JournalCorrupt: it is not what was written.
        """
        with self._reading() as (db, _):
            return read.snapshot(db, run)

    def signals(self, run: str) -> tuple[Signal, ...]:
        """The signals that reached a run, in order."""
        with self._reading() as (db, _):
            return read.signals(db, run)

    def keep_blob(self, data: bytes) -> Digest:
        """The digest of bytes that are now in the store."""
        with self._writing() as (db, now):
            return rows.keep_blob(db, data, now)

    def blob(self, digest: Digest) -> bytes:
        """The bytes under a digest, checked.

        Raises:
            JournalCorrupt: they are not here, or not the bytes that were kept.
        """
        with self._reading() as (db, _):
            return read.blob(db, digest)

    # Evidence

    def audit_rows(self, run: str | None = None) -> list[AuditRow]:
        """The audit rows of a run, or of all, in order."""
        with self._reading() as (db, _):
            return [row for row, _, _ in read.audit_rows(db, run)]

    def export_audit(self) -> list[bytes]:
        """The whole audit as JSON lines, which `audit.verify_export` verifies without the journal."""
        with self._reading() as (db, _):
            return list(exported(read.audit_rows(db, None)))

    def verify(self, run: str | None = None) -> Verified | Broken:
        """Whether the events of a run, or of all runs, are what was written; else the first that is not."""
        with self._reading() as (db, _):
            return verify.verify_runs(db) if run is None else verify.verify_run(db, run)

    def verify_audit(self) -> Verified | Broken:
        """Whether the audit rows are what was written and name the events that are there."""
        with self._reading() as (db, _):
            return verify.verify_audit(db)

    @contextmanager
    def _writing(self) -> Generator[tuple[sqlite3.Connection, int]]:
        with self._lock, store.writing(self._db) as db:
            # The clock is read under the write lock, so that time and sequence agree.
            yield db, self._clock()

    @contextmanager
    def _reading(self) -> Generator[tuple[sqlite3.Connection, int]]:
        with self._lock, store.reading(self._db) as db:
            yield db, self._clock()
