"""Whatever is changed in the record afterwards is found, and the first bad row is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit_runtime.canonical import canonical_json
from remit_runtime.errors import JournalCorrupt
from remit_runtime.journal.audit import row_hash, verify_export
from remit_runtime.journal.chain import event_hash
from remit_runtime.journal.events import OutputAccepted, RunEnded, RunEvent, StateEntered, ToolSettled
from remit_runtime.journal.read import audit_rows
from remit_runtime.journal.records import Appended, Broken, Lease, Refused, Verified
from remit_runtime.journal.sqlite import Journal
from remit_runtime.journal.store import connected
from remit_runtime.journal.verify import verify_audit, verify_runs

Start = Callable[..., Lease]
Allowed = Callable[..., list[RunEvent]]
Settled = Callable[..., ToolSettled]

EVENT_COLUMNS = ("run", "seq", "at_ms", "v", "kind", "body", "blob", "prev", "hash")
AUDIT_COLUMNS = (
    "seq", "v", "at_ms", "run", "run_seq", "event_hash", "event", "principal", "agent", "version", "bundle", "call",
    "tool", "resource_type", "resource", "outcome", "code", "rules", "arguments_digest", "detail", "prev", "hash",
)  # fmt: skip


def taken(result: Appended | Refused) -> Lease:
    assert isinstance(result, Appended), result
    return result.lease


@pytest.fixture
def written(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled, path: Path
) -> sqlite3.Connection:
    """A connection to the file of two finished runs, without the triggers that guard its rows."""
    for run in ("run_a", "run_b"):
        lease = taken(journal.append(start(run), [StateEntered("look", 1)]))
        lease = taken(journal.append(lease, allowed(lease)))
        lease = taken(journal.append(lease, [settled(f"{run}:3")]))
        lease = taken(journal.append(lease, [OutputAccepted("look", "ok", '"' + "x" * 20_000 + '"', None)]))
        taken(journal.append(lease, [RunEnded("succeeded", "", None, ())]))
    db = connected(path)
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("PRAGMA ignore_check_constraints = ON")
    for (trigger,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {trigger}")
    assert journal.verify() == Verified(14, "")
    assert isinstance(journal.verify_audit(), Verified)
    return db


def flipped(value: object) -> object:
    """A value of the same type that differs in one bit, or in being there."""
    match value:
        case int():
            return value ^ 64
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case str():
            return value[:-1] + chr(ord(value[-1]) ^ 1) if value else "x"
        case _:
            return None


def found_after(
    db: sqlite3.Connection,
    check: Callable[[sqlite3.Connection], Verified | Broken],
    statement: str,
    arguments: tuple[object, ...],
) -> Verified | Broken:
    """What a check finds after one statement, which is taken back again."""
    db.execute("SAVEPOINT before")
    db.execute(statement, arguments)
    found = check(db)
    db.execute("ROLLBACK TO before")
    db.execute("RELEASE before")
    return found


def test_a_flip_in_any_column_of_any_event_is_found(written: sqlite3.Connection) -> None:
    missed: list[tuple[str, int, str]] = []
    for run, seq in written.execute("SELECT run, seq FROM event").fetchall():
        for column in EVENT_COLUMNS:
            (value,) = written.execute(
                f"SELECT {column} FROM event WHERE run = ? AND seq = ?", (run, seq)
            ).fetchone()
            if value is None:
                continue
            statement = f"UPDATE event SET {column} = ? WHERE run = ? AND seq = ?"
            found = found_after(written, verify_runs, statement, (flipped(value), run, seq))
            if not (isinstance(found, Broken) and found.table == "event"):
                missed.append((run, seq, column))
    assert missed == []


@pytest.mark.parametrize("column", ["at_ms", "v", "kind", "body", "prev", "hash"])
def test_the_first_bad_event_is_named(journal: Journal, written: sqlite3.Connection, column: str) -> None:
    (value,) = written.execute(f"SELECT {column} FROM event WHERE run = 'run_b' AND seq = 4").fetchone()
    written.execute(f"UPDATE event SET {column} = ? WHERE run = 'run_b' AND seq = 4", (flipped(value),))
    found = journal.verify()
    assert isinstance(found, Broken)
    assert (found.table, found.run, found.seq) == ("event", "run_b", 4)
    assert isinstance(journal.verify("run_a"), Verified)
    with pytest.raises(JournalCorrupt, match="event 4 of run `run_b`"):
        journal.events("run_b")


def test_a_flip_in_any_column_of_any_audit_row_is_found(written: sqlite3.Connection) -> None:
    missed: list[tuple[int, str]] = []
    for (seq,) in written.execute("SELECT seq FROM audit").fetchall():
        for column in AUDIT_COLUMNS:
            (value,) = written.execute(f"SELECT {column} FROM audit WHERE seq = ?", (seq,)).fetchone()
            changed = 99 if column == "seq" else 1 if value is None else flipped(value)
            statement = f"UPDATE audit SET {column} = ? WHERE seq = ?"
            found = found_after(written, verify_audit, statement, (changed, seq))
            if not (isinstance(found, Broken) and found.seq == seq):
                missed.append((seq, column))
    assert missed == []


def test_the_tables_have_no_column_that_these_tests_do_not_try(written: sqlite3.Connection) -> None:
    for table, columns in (("event", EVENT_COLUMNS), ("audit", AUDIT_COLUMNS)):
        names = written.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchall()
        assert {name for (name,) in names} == set(columns)


@pytest.mark.parametrize("seq", range(1, 8))
def test_a_dropped_event_is_found(journal: Journal, written: sqlite3.Connection, seq: int) -> None:
    written.execute("DELETE FROM event WHERE run = 'run_a' AND seq = ?", (seq,))
    found = journal.verify()
    assert isinstance(found, Broken)
    assert (found.run, found.seq) == ("run_a", seq)
    assert ("missing" in found.why) == (seq < 7)
    with pytest.raises(JournalCorrupt):
        journal.events("run_a")


def test_a_dropped_audit_row_is_found_wherever_it_stood(
    journal: Journal, written: sqlite3.Connection
) -> None:
    (last,) = written.execute("SELECT max(seq) FROM audit").fetchone()
    for seq in range(1, last + 1):
        written.execute("BEGIN")
        written.execute("CREATE TEMP TABLE kept AS SELECT * FROM audit WHERE seq = ?", (seq,))
        written.execute("DELETE FROM audit WHERE seq = ?", (seq,))
        written.execute("COMMIT")
        found = journal.verify_audit()
        assert isinstance(found, Broken)
        assert found.seq == seq
        assert ("missing" in found.why) == (seq < last)
        written.execute("INSERT INTO audit SELECT * FROM kept")
        written.execute("DROP TABLE kept")
    assert isinstance(journal.verify_audit(), Verified)


def test_an_event_rewritten_with_its_own_right_hash_is_found_at_the_next(
    journal: Journal, written: sqlite3.Connection
) -> None:
    at_ms, v, kind, prev = written.execute(
        "SELECT at_ms, v, kind, prev FROM event WHERE run = 'run_a' AND seq = 2"
    ).fetchone()
    body = canonical_json(StateEntered("elsewhere", 1))
    hash_ = event_hash(prev, "run_a", 2, at_ms, v, kind, body)
    written.execute(
        "UPDATE event SET body = ?, hash = ? WHERE run = 'run_a' AND seq = 2", (body.decode(), hash_)
    )
    found = journal.verify()
    assert isinstance(found, Broken)
    assert (found.run, found.seq) == ("run_a", 3)


def test_an_audit_row_rewritten_with_its_own_right_hash_is_found_at_the_next(
    journal: Journal, written: sqlite3.Connection
) -> None:
    row, prev, _ = audit_rows(written, None)[1]
    other = msgspec.structs.replace(row, principal="os:eve")
    written.execute("UPDATE audit SET principal = 'os:eve', hash = ? WHERE seq = 2", (row_hash(prev, other),))
    found = journal.verify_audit()
    assert isinstance(found, Broken)
    assert found.seq == 3


@pytest.mark.parametrize(
    ("v", "kind", "body"),
    [
        (0, "dreamt", b'{"type":"dreamt"}'),
        (0, "state_entered", b"[]"),
        (0, "dreamt", canonical_json(StateEntered("look", 1))),
        (1, "state_entered", canonical_json(StateEntered("look", 1))),
    ],
)
def test_an_event_that_this_version_does_not_know_is_not_passed_over(
    journal: Journal, start: Start, db: sqlite3.Connection, v: int, kind: str, body: bytes
) -> None:
    lease = start()
    (head,) = db.execute("SELECT head_hash FROM run").fetchone()
    hash_ = event_hash(head, lease.run, 2, 1_000_000, v, kind, body)
    row = (lease.run, 2, 1_000_000, v, kind, body.decode(), None, head, hash_)
    db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.execute("UPDATE run SET head_seq = 2, head_hash = ?", (hash_,))
    found = journal.verify()
    assert isinstance(found, Broken)
    assert found.seq == 2
    with pytest.raises(JournalCorrupt):
        journal.events(lease.run)


@pytest.mark.parametrize("table", ["event", "audit"])
@pytest.mark.parametrize("whole", [True, False])
def test_swapped_rows_are_found(
    journal: Journal, written: sqlite3.Connection, table: str, whole: bool
) -> None:
    of_run = " AND run = 'run_a'" if table == "event" else ""
    for old, new in ((3, 100), (4, 3), (100, 4)):
        written.execute(f"UPDATE {table} SET seq = ? WHERE seq = ?{of_run}", (new, old))
    if whole:
        # Both rows keep their own text and take each other's place in the chain as well.
        rows = written.execute(f"SELECT seq, prev, hash FROM {table} WHERE seq IN (3, 4){of_run}").fetchall()
        for (seq, _, _), (_, prev, hash_) in zip(rows, reversed(rows), strict=True):
            written.execute(
                f"UPDATE {table} SET prev = ?, hash = ? WHERE seq = ?{of_run}", (prev, hash_, seq)
            )
    found = journal.verify() if table == "event" else journal.verify_audit()
    assert isinstance(found, Broken)
    assert found.seq == 3


def test_events_of_two_runs_are_not_interchangeable(journal: Journal, written: sqlite3.Connection) -> None:
    for old, new in (("run_a", "run_x"), ("run_b", "run_a"), ("run_x", "run_b")):
        written.execute("UPDATE event SET run = ? WHERE run = ?", (new, old))
    found = journal.verify()
    assert isinstance(found, Broken)
    assert (found.run, found.seq) == ("run_a", 1)


def test_an_added_event_is_found(journal: Journal, written: sqlite3.Connection) -> None:
    written.execute(
        "INSERT INTO event SELECT run, 8, at_ms, v, kind, body, blob, hash, hash FROM event WHERE run='run_a' AND seq=7"
    )
    found = journal.verify()
    assert isinstance(found, Broken)
    assert (found.run, found.seq) == ("run_a", 8)


def test_events_without_a_run_are_found(journal: Journal, written: sqlite3.Connection) -> None:
    written.execute("DELETE FROM run WHERE id = 'run_a'")
    found = journal.verify()
    assert found == Broken("event", "run_a", 1, "the event belongs to no run")
    assert isinstance(journal.verify("run_a"), Broken)


@pytest.mark.parametrize("column", ["head_seq", "head_hash"])
def test_a_changed_head_is_found(journal: Journal, written: sqlite3.Connection, column: str) -> None:
    (value,) = written.execute(f"SELECT {column} FROM run WHERE id = 'run_a'").fetchone()
    written.execute(f"UPDATE run SET {column} = ? WHERE id = 'run_a'", (flipped(value),))
    assert isinstance(journal.verify(), Broken)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("effect", "UPDATE effect SET status = 'intent' WHERE key = 'run_a:3'"),
        ("effect", "DELETE FROM effect WHERE key = 'run_a:3'"),
        ("effect", "UPDATE effect SET key = 'run_a:4' WHERE key = 'run_a:3'"),
        ("ledger", "UPDATE ledger SET limit_microusd = limit_microusd + 1 WHERE scope = 'run_a'"),
        ("ledger", "UPDATE ledger SET spent_tool_calls = 0 WHERE scope = 'run_a'"),
        ("ledger", "UPDATE ledger SET reserved_steps = 1 WHERE scope = 'run_a'"),
        ("run", "UPDATE run SET principal = 'os:eve' WHERE id = 'run_a'"),
        ("run", "UPDATE run SET deadline_ms = deadline_ms + 1 WHERE id = 'run_a'"),
        ("run", "UPDATE run SET reason = 'failed' WHERE id = 'run_a'"),
        ("run", "UPDATE run SET status = 'running', reason = NULL, ended_ms = NULL WHERE id = 'run_a'"),
    ],
)
def test_a_table_that_does_not_say_what_the_events_come_to_is_found(
    journal: Journal, written: sqlite3.Connection, table: str, change: str
) -> None:
    written.execute(change)
    found = journal.verify()
    assert isinstance(found, Broken)
    assert (found.table, found.run) == (table, "run_a")


def test_a_changed_or_lost_blob_of_an_event_is_found(journal: Journal, written: sqlite3.Connection) -> None:
    written.execute("UPDATE blob SET bytes = x'7b7d'")
    assert isinstance(journal.verify(), Broken)
    written.execute("DELETE FROM blob")
    assert isinstance(journal.verify(), Broken)
    with pytest.raises(JournalCorrupt):
        journal.events("run_a")


def test_text_that_is_no_text_any_more_is_found(journal: Journal, written: sqlite3.Connection) -> None:
    written.execute("UPDATE event SET body = CAST(x'ff7b' AS TEXT) WHERE run = 'run_a' AND seq = 2")
    written.execute("UPDATE audit SET principal = CAST(x'ff' AS TEXT) WHERE seq = 2")
    found = journal.verify()
    assert isinstance(found, Broken)
    assert (found.run, found.seq) == ("run_a", 2)
    audit = journal.verify_audit()
    assert isinstance(audit, Broken)
    assert audit.seq == 2
    with pytest.raises(JournalCorrupt):
        journal.events("run_a")


def test_an_audit_row_that_names_another_event_is_found(
    journal: Journal, written: sqlite3.Connection
) -> None:
    # Both chains are sound in themselves; what ties them together is not.
    written.execute("DELETE FROM event WHERE run = 'run_b'")
    written.execute("DELETE FROM run WHERE id = 'run_b'")
    assert isinstance(journal.verify(), Verified)
    found = journal.verify_audit()
    assert isinstance(found, Broken)
    assert found.run == "run_b"


def test_an_export_verifies_without_the_journal(journal: Journal, written: sqlite3.Connection) -> None:
    lines = journal.export_audit()
    online = journal.verify_audit()
    assert isinstance(online, Verified)
    assert verify_export(lines) == online
    assert verify_export([line + b"\n" for line in lines], known_head=online.head) == online


def test_an_empty_audit_exports_and_verifies(journal: Journal) -> None:
    assert verify_export(journal.export_audit()) == Verified(0, "00" * 32)


def test_a_cut_export_is_found_with_its_header_or_with_the_known_head(
    journal: Journal, written: sqlite3.Connection
) -> None:
    lines = journal.export_audit()
    assert isinstance(verify_export(lines[:-1]), Broken)
    assert isinstance(verify_export(lines[:1] + lines[2:]), Broken)
    assert isinstance(verify_export([lines[0], lines[2], lines[1], *lines[3:]]), Broken)
    assert isinstance(verify_export(lines[1:]), Broken)
    assert isinstance(verify_export([]), Broken)
    assert isinstance(verify_export(lines, known_head="00" * 32), Broken)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_of_an_export_is_found(
    journal: Journal, written: sqlite3.Connection, data: st.DataObject
) -> None:
    whole = b"\n".join(journal.export_audit())
    at = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    changed = whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :]
    assert isinstance(verify_export(changed.split(b"\n")), Broken)


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_hostile_lines_are_broken_and_nothing_worse(lines: list[bytes]) -> None:
    assert isinstance(verify_export(lines), Broken)
    header = b'{"format":"remit-audit","head":"' + b"0" * 64 + b'","rows":1,"version":0}'
    assert isinstance(verify_export([header, *lines]), Broken)
