"""The books of a run: effects, ledger and row, folded again from its events and compared with what the tables say.

Chains guard events; these tables are only what events come to. Somebody who marks an open effect as done, or writes
more budget than a run was started with, is found here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from remit_runtime.journal.effects import Intent, Outcome, charge_for, status_after
from remit_runtime.journal.events import (
    ApprovalRequested,
    ApprovalSettled,
    ChildEnded,
    ChildStarted,
    ModelIntended,
    ModelSettled,
    RunEnded,
    RunEvent,
    RunResumed,
    RunStarted,
    StateEntered,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.journal.ledger import (
    NOTHING,
    Amount,
    Ledger,
    amount_of_budget,
    reserved_by,
    steps_of,
    with_charged,
    with_reserved,
)
from remit_runtime.journal.records import Broken, EffectStatus
from remit_runtime.journal.rows import ledger_of


@dataclass(slots=True)
class _Books:
    ledger: Ledger
    status: dict[str, EffectStatus] = field(default_factory=dict[str, EffectStatus])
    reserved: dict[str, Amount] = field(default_factory=dict[str, Amount])
    children: dict[str, str] = field(default_factory=dict[str, str])


def books_broken(db: sqlite3.Connection, run: str, events: Sequence[RunEvent]) -> Broken | None:
    """The first table that does not say what the run's events, which have been verified, come to; None when all do."""
    first = events[0] if events else None
    if not isinstance(first, RunStarted):
        return Broken("event", run, 1, "the first event does not start the run")
    row_broken = _row_broken(db, run, first, events)
    if row_broken is not None:
        return row_broken
    books = _Books(Ledger(amount_of_budget(first.budget)))
    seq = 0
    try:
        for seq, event in enumerate(events, start=1):
            _enter(db, run, seq, event, books)
    except (KeyError, RuntimeError) as error:
        return Broken("effect", run, seq, f"the events of the run do not fit together: {error}")
    kept = dict(
        db.execute(
            "SELECT key, status FROM effect WHERE key > ? AND key < ?", (f"{run}:", f"{run};")
        ).fetchall()
    )
    if kept != books.status:
        key = next(key for key in sorted({*kept, *books.status}) if kept.get(key) != books.status.get(key))
        return Broken("effect", run, _seq_of(key), f"the effect `{key}` is not what the events say")
    if ledger_of(db, run) != books.ledger:
        return Broken("ledger", run, 0, "the ledger is not what the events come to")
    return _approvals_broken(db, run, events)


def _approvals_broken(db: sqlite3.Connection, run: str, events: Sequence[RunEvent]) -> Broken | None:
    said: dict[str, tuple[str, str, int]] = {}
    for event in events:
        if isinstance(event, ApprovalRequested):
            said[event.approval] = ("pending", event.subject, event.expires_ms)
        if isinstance(event, ApprovalSettled) and event.approval in said:
            said[event.approval] = (event.outcome, *said[event.approval][1:])
    # That an approval was used up is no event of its own; its audit row says it.
    for (used,) in db.execute("SELECT code FROM audit WHERE run = ? AND event = 'approval_used'", (run,)):
        said[used] = ("used", *said[used][1:]) if used in said else ("used", "", 0)
    rows = db.execute("SELECT id, status, subject, expires_ms FROM approval WHERE run = ?", (run,))
    kept = {id_: (status, subject, expires) for id_, status, subject, expires in rows}
    if kept == said:
        return None
    wrong = next(id_ for id_ in sorted({*kept, *said}) if kept.get(id_) != said.get(id_))
    return Broken("approval", run, 0, f"the approval `{wrong}` is not what the record says")


def _seq_of(key: str) -> int:
    number = key.rpartition(":")[2]
    return int(number) if number.isascii() and number.isdigit() else 0


def _row_broken(
    db: sqlite3.Connection, run: str, first: RunStarted, events: Sequence[RunEvent]
) -> Broken | None:
    last = events[-1]
    row = db.execute(
        """SELECT agent, version, bundle, principal, tenant, parent, environment, task, asserted_user, deadline_ms,
 reason FROM run WHERE id = ?""",
        (run,),
    ).fetchone()
    said = (
        first.agent,
        first.version,
        first.bundle,
        first.user,
        first.tenant,
        first.parent,
        first.environment,
        first.task,
        int(first.asserted_user),
        first.deadline_ms + sum(event.waited_ms for event in events if isinstance(event, RunResumed)),
        last.reason if isinstance(last, RunEnded) else None,
    )
    return None if row == said else Broken("run", run, 0, "the row of the run is not what its events say")


def _enter(db: sqlite3.Connection, run: str, seq: int, event: RunEvent, books: _Books) -> None:
    match event:
        case ModelIntended() | ToolIntended() | ChildStarted():
            _begin(run, seq, event, books)
        case ModelSettled() | ToolSettled() | ChildEnded():
            _settle(db, event, books)
        case StateEntered():
            books.ledger = with_reserved(books.ledger, NOTHING, steps_of([event]))
        case RunEnded():
            books.ledger = with_charged(books.ledger, books.ledger.reserved, books.ledger.reserved)
            for key, status in books.status.items():
                books.status[key] = "unknown" if status == "intent" else status
        case _:
            pass


def _begin(run: str, seq: int, event: Intent, books: _Books) -> None:
    key = f"{run}:{seq}" if isinstance(event, ChildStarted) else event.call
    if isinstance(event, ChildStarted):
        books.children[event.child] = key
    asked = reserved_by(event)
    books.ledger = with_reserved(books.ledger, asked, NOTHING)
    books.reserved[key] = books.reserved.get(key, NOTHING) + asked
    books.status[key] = "intent"


def _settle(db: sqlite3.Connection, event: Outcome, books: _Books) -> None:
    key = books.children[event.child] if isinstance(event, ChildEnded) else event.call
    reserved = books.reserved.pop(key)
    books.ledger = with_charged(books.ledger, reserved, charge_for(db, event, reserved))
    books.status[key] = status_after(event)
