"""Opening the journal's file: private, of this schema, or a typed refusal."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from remit_runtime.errors import StoreUnavailable
from remit_runtime.journal.records import Lease, Verified
from remit_runtime.journal.sqlite import Journal


def clock() -> int:
    return 1_000_000


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def code_of_opening(path: Path) -> str:
    with pytest.raises(StoreUnavailable) as caught:
        Journal.open(path, clock)
    return caught.value.code


def test_the_file_and_those_beside_it_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = Journal.open(tmp_path / "home" / "journal.db", clock)
        journal.keep_blob(b"x")
        modes = {path.name: mode(path) for path in (tmp_path / "home").iterdir()}
        home = mode(tmp_path / "home")
        journal.close()
    finally:
        os.umask(before)
    assert modes == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}
    assert home == 0o700


def test_a_file_that_was_opened_to_others_is_closed_to_them(path: Path) -> None:
    path.touch(mode=0o644)
    Journal.open(path, clock).close()
    assert mode(path) == 0o600


def test_what_was_written_is_there_after_reopening(
    path: Path, journal: Journal, start: Callable[..., Lease]
) -> None:
    start()
    journal.close()
    again = Journal.open(path, clock)
    assert [one.run for one in again.runs()] == ["run_a"]
    assert isinstance(again.verify(), Verified)
    again.close()


def test_the_settings_that_durability_needs_are_on(journal: Journal, db: sqlite3.Connection) -> None:
    settings = {
        name: db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_every_table_is_strict(journal: Journal, db: sqlite3.Connection) -> None:
    rows = db.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'").fetchall()
    loose = {name for name, strict in rows if not strict and not name.startswith("sqlite_")}
    assert loose == set()
    assert {name for name, _ in rows} >= {
        "meta", "run", "event", "snapshot", "effect", "late_outcome", "approval", "signal", "ledger",
        "kill_switch", "bundle", "blob", "audit",
    }  # fmt: skip


def test_a_journal_of_a_later_schema_is_refused(path: Path) -> None:
    Journal.open(path, clock).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = 99 WHERE key = 'schema_version'")
    db.close()
    assert code_of_opening(path) == "journal_newer"


def test_another_database_is_refused_and_left_alone(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    db.close()
    assert code_of_opening(path) == "journal_foreign"
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT name FROM sqlite_schema").fetchall() == [("theirs",)]
    db.close()


@pytest.mark.parametrize("value", ["'one'", "x'01'", "1.5"])
def test_a_schema_version_that_is_no_number_is_refused(path: Path, value: str) -> None:
    Journal.open(path, clock).close()
    with sqlite3.connect(path) as db:
        db.execute(f"UPDATE meta SET value = {value} WHERE key = 'schema_version'")
    db.close()
    assert code_of_opening(path) == "journal_foreign"


@pytest.mark.parametrize("data", [b"not a database", b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    assert code_of_opening(path) == "journal_unreadable"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert code_of_opening(tmp_path) == "journal_unreadable"
    assert code_of_opening(fifo) == "journal_unreadable"
    assert code_of_opening(Path("/dev/null")) == "journal_unreadable"
    assert code_of_opening(tmp_path / "fifo" / "below") == "journal_unreadable"
    assert code_of_opening(tmp_path / "n\0ul") == "journal_unreadable"


def test_a_journal_cut_in_the_middle_is_unavailable_and_never_a_raw_error(
    path: Path, journal: Journal, start: Callable[..., Lease]
) -> None:
    for number in range(40):
        start(f"run_{number}")
    journal.close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"\xff" * (len(data) // 2))
    with pytest.raises(StoreUnavailable):  # noqa: PT012 - where it is noticed depends on the page
        again = Journal.open(path, clock)
        try:
            again.verify()
            again.runs()
        finally:
            again.close()


def test_a_closed_journal_is_unavailable(journal: Journal) -> None:
    journal.close()
    with pytest.raises(StoreUnavailable):
        journal.runs()
    with pytest.raises(StoreUnavailable):
        journal.keep_blob(b"x")


def test_a_full_disk_is_unavailable_and_changes_nothing(
    journal: Journal, db: sqlite3.Connection, start: Callable[..., Lease]
) -> None:
    start()
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable):
        journal.keep_blob(b"x" * 1_000_000)
    assert [one.run for one in journal.runs()] == ["run_a"]
    assert isinstance(journal.verify(), Verified)


@pytest.mark.parametrize("table", ["event", "audit", "late_outcome"])
def test_rows_of_the_record_are_never_changed_removed_or_replaced(
    db: sqlite3.Connection, start: Callable[..., Lease], table: str
) -> None:
    lease = start()
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("INSERT INTO late_outcome VALUES ('k', 1, ?, 1, 0, '{}')", (lease.run,))
    column = db.execute(f"SELECT name FROM pragma_table_info('{table}') WHERE pk = 0").fetchone()[0]
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            db.execute(statement)
