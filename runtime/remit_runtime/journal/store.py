"""The file under the journal: how it is opened, and that no error of SQLite leaves it untranslated."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from remit_runtime.errors import StoreUnavailable, UsageError
from remit_runtime.journal.schema import make_or_check

BUSY_MILLISECONDS = 30_000


def connected(path: Path) -> sqlite3.Connection:
    """An open connection to the journal file, made with mode 0600 when it is not there.

    WAL with synchronous=FULL: an intent that has been acknowledged survives a power failure, else an effect could
    be performed twice.

    Raises:
        StoreUnavailable: the file cannot be made, opened or read, is no journal, or is of a later schema.
    """
    _make_private(path)
    try:
        db = sqlite3.connect(
            path,
            timeout=BUSY_MILLISECONDS / 1000,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )
    except sqlite3.Error as error:
        raise _unavailable(path, error) from error
    # Text that was damaged in the file is read with marks in it, so that a chain can name its row.
    db.text_factory = _text
    try:
        db.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        with writing(db):
            make_or_check(db)
    except sqlite3.Error as error:
        db.close()
        raise _unavailable(path, error) from error
    except StoreUnavailable:
        db.close()
        raise
    return db


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise StoreUnavailable("journal_unreadable", f"the journal `{path}` is not a file")
            os.fchmod(handle, 0o600)
        finally:
            os.close(handle)
    except (OSError, ValueError) as error:
        raise _unavailable(path, error) from error


def _unavailable(path: Path, error: Exception) -> StoreUnavailable:
    return StoreUnavailable("journal_unreadable", f"the journal `{path}` cannot be opened: {error}")


@contextmanager
def writing(db: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """One transaction that holds the write lock from its start; everything in it is durable at its end, or nothing.

    Raises:
        StoreUnavailable: the store did not take it.
        RuntimeError: a row broke a rule of the schema, which is our own bug.
    """
    with translated():
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


@contextmanager
def reading(db: sqlite3.Connection) -> Generator[sqlite3.Connection]:
    """One consistent view of the store.

    Raises:
        StoreUnavailable: the store cannot be read.
    """
    with translated():
        db.execute("BEGIN")
        try:
            yield db
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")


@contextmanager
def translated() -> Generator[None]:
    """Every error of SQLite as one of ours.

    Raises:
        StoreUnavailable: the store does not answer.
        RuntimeError: a row broke a rule of the schema, which is our own bug.
        UsageError: a name is not valid text.
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise RuntimeError(f"a row breaks a rule of the journal: {error}") from error
    except sqlite3.Error as error:
        raise StoreUnavailable("journal_failed", f"the journal cannot be used: {error}") from error
    except UnicodeEncodeError as error:
        raise UsageError("not_text", "a name given to the journal is not valid text") from error
