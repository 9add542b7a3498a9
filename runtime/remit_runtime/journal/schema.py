"""The tables of the journal, all of them from the first day, and what opening a file asks of it.

Everything that is counted is an INTEGER, digests are `sha256:` text, chain hashes 32 bytes. Rows of `event`, `audit`
and `late_outcome` are never changed or removed: triggers refuse it, and the chains show it where triggers were dropped.
"""

from __future__ import annotations

import sqlite3

from remit_runtime.errors import StoreUnavailable
from remit_runtime.journal.chain import GENESIS

SCHEMA_VERSION = 2

_UPGRADES = {1: "ALTER TABLE run ADD COLUMN waits_ms INTEGER"}
"""What makes a file of a version one of the next."""

_APPEND_ONLY = {
    "event": "run = NEW.run AND seq = NEW.seq",
    "audit": "seq = NEW.seq",
    "late_outcome": "call = NEW.call AND epoch = NEW.epoch",
}

_TABLES = """
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  seq INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TABLE bundle (
  digest TEXT PRIMARY KEY,
  first_used_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
  digest TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  bytes BLOB NOT NULL
) STRICT;

CREATE TABLE run (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  invocation_key TEXT,
  tenant TEXT,
  agent TEXT NOT NULL,
  version TEXT NOT NULL,
  bundle TEXT NOT NULL REFERENCES bundle (digest),
  parent TEXT REFERENCES run (id),
  environment TEXT NOT NULL,
  task TEXT NOT NULL,
  principal TEXT NOT NULL,
  asserted_user INTEGER NOT NULL CHECK (asserted_user IN (0, 1)),
  created_ms INTEGER NOT NULL,
  deadline_ms INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('running', 'waiting', 'ended')),
  reason TEXT,
  ended_ms INTEGER,
  head_seq INTEGER NOT NULL,
  head_hash BLOB NOT NULL,
  owner TEXT,
  epoch INTEGER NOT NULL,
  ttl_ms INTEGER NOT NULL,
  lease_until_ms INTEGER NOT NULL,
  wake_at_ms INTEGER,
  cancelled_by TEXT,
  killed_by TEXT,
  waits_ms INTEGER,
  CHECK ((status = 'ended') = (reason IS NOT NULL)),
  CHECK ((status = 'ended') = (ended_ms IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX run_invocation ON run (ifnull(tenant, ''), agent, invocation_key) WHERE invocation_key IS NOT NULL;
CREATE INDEX run_open ON run (status) WHERE status <> 'ended';

CREATE TABLE event (
  run TEXT NOT NULL REFERENCES run (id),
  seq INTEGER NOT NULL CHECK (seq > 0),
  at_ms INTEGER NOT NULL,
  v INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body TEXT,
  blob TEXT REFERENCES blob (digest),
  prev BLOB NOT NULL CHECK (length(prev) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (run, seq),
  CHECK ((body IS NULL) <> (blob IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshot (
  run TEXT NOT NULL REFERENCES run (id),
  seq INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  body BLOB NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE effect (
  key TEXT PRIMARY KEY,
  run TEXT NOT NULL REFERENCES run (id),
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('model', 'tool', 'child')),
  name TEXT NOT NULL,
  arguments_digest TEXT NOT NULL,
  recovery TEXT NOT NULL CHECK (recovery IN ('idempotent', 'probe', 'manual')),
  status TEXT NOT NULL CHECK (status IN ('intent', 'done', 'failed', 'unknown')),
  attempts INTEGER NOT NULL CHECK (attempts > 0),
  reserved_steps INTEGER NOT NULL CHECK (reserved_steps >= 0),
  reserved_model_calls INTEGER NOT NULL CHECK (reserved_model_calls >= 0),
  reserved_tool_calls INTEGER NOT NULL CHECK (reserved_tool_calls >= 0),
  reserved_microusd INTEGER NOT NULL CHECK (reserved_microusd >= 0),
  settled_seq INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX effect_open ON effect (run, seq) WHERE status = 'intent';

CREATE TABLE late_outcome (
  call TEXT NOT NULL REFERENCES effect (key),
  epoch INTEGER NOT NULL,
  run TEXT NOT NULL REFERENCES run (id),
  at_ms INTEGER NOT NULL,
  v INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (call, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE approval (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL REFERENCES run (id),
  seq INTEGER NOT NULL,
  requirement TEXT NOT NULL,
  subject TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'denied', 'expired', 'used')),
  decided_by TEXT,
  expires_ms INTEGER NOT NULL,
  used_seq INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE signal (
  run TEXT NOT NULL REFERENCES run (id),
  id TEXT NOT NULL,
  number INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
  scope TEXT PRIMARY KEY REFERENCES run (id),
  parent TEXT REFERENCES ledger (scope),
  limit_steps INTEGER NOT NULL,
  limit_model_calls INTEGER NOT NULL,
  limit_tool_calls INTEGER NOT NULL,
  limit_microusd INTEGER NOT NULL,
  limit_milliseconds INTEGER NOT NULL,
  reserved_steps INTEGER NOT NULL DEFAULT 0 CHECK (reserved_steps >= 0),
  reserved_model_calls INTEGER NOT NULL DEFAULT 0 CHECK (reserved_model_calls >= 0),
  reserved_tool_calls INTEGER NOT NULL DEFAULT 0 CHECK (reserved_tool_calls >= 0),
  reserved_microusd INTEGER NOT NULL DEFAULT 0 CHECK (reserved_microusd >= 0),
  spent_steps INTEGER NOT NULL DEFAULT 0 CHECK (spent_steps >= 0),
  spent_model_calls INTEGER NOT NULL DEFAULT 0 CHECK (spent_model_calls >= 0),
  spent_tool_calls INTEGER NOT NULL DEFAULT 0 CHECK (spent_tool_calls >= 0),
  spent_microusd INTEGER NOT NULL DEFAULT 0 CHECK (spent_microusd >= 0),
  overrun_steps INTEGER NOT NULL DEFAULT 0,
  overrun_model_calls INTEGER NOT NULL DEFAULT 0,
  overrun_tool_calls INTEGER NOT NULL DEFAULT 0,
  overrun_microusd INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE kill_switch (
  number INTEGER PRIMARY KEY,
  mode TEXT NOT NULL CHECK (mode IN ('kill', 'halt')),
  kind TEXT NOT NULL CHECK (kind IN ('run', 'agent', 'tool', 'bundle', 'everything')),
  id TEXT NOT NULL,
  by TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  lifted_ms INTEGER,
  lifted_by TEXT,
  lifted_reason TEXT
) STRICT;
CREATE INDEX kill_switch_on ON kill_switch (number) WHERE lifted_ms IS NULL;

CREATE TABLE audit (
  seq INTEGER PRIMARY KEY CHECK (seq > 0),
  v INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  run TEXT,
  run_seq INTEGER,
  event_hash TEXT,
  event TEXT NOT NULL,
  principal TEXT NOT NULL,
  agent TEXT,
  version TEXT,
  bundle TEXT,
  call TEXT,
  tool TEXT,
  resource_type TEXT,
  resource TEXT,
  outcome TEXT,
  code TEXT,
  rules TEXT NOT NULL,
  arguments_digest TEXT,
  detail TEXT,
  prev BLOB NOT NULL CHECK (length(prev) = 32),
  hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX audit_run ON audit (run, seq) WHERE run IS NOT NULL;
"""


def _triggers() -> str:
    # The insert trigger stops INSERT OR REPLACE, whose silent delete fires no delete trigger.
    return "".join(
        f"""
CREATE TRIGGER {table}_is_not_changed BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_is_not_removed BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_is_not_replaced BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key})
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""  # noqa: S608 - the names are the constants above
        for table, key in _APPEND_ONLY.items()
    )


def make_or_check(db: sqlite3.Connection) -> None:
    """Makes the tables in an empty file, or checks that a file holds this schema. Runs inside one transaction.

    Raises:
        StoreUnavailable: `journal_newer` when a later Remit wrote the file, `journal_foreign` when it is no journal.
        sqlite3.Error: the file cannot be read or written.
    """
    tables = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables == 0:
        for statement in _statements(_TABLES) + _statements(_triggers()):
            db.execute(statement)
        db.execute("INSERT INTO meta VALUES ('schema_version', ?)", (SCHEMA_VERSION,))
        db.execute("INSERT INTO audit_head VALUES (1, 0, ?)", (GENESIS,))
        return
    version = _version(db)
    if version is None:
        raise StoreUnavailable("journal_foreign", "the file is a database but not a journal of Remit")
    if version > SCHEMA_VERSION:
        raise StoreUnavailable(
            "journal_newer",
            f"the journal has schema version {version} and this runtime reads up to {SCHEMA_VERSION}",
        )
    for older in range(version, SCHEMA_VERSION):
        db.execute(_UPGRADES[older])
    if version < SCHEMA_VERSION:
        db.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (SCHEMA_VERSION,))


def _version(db: sqlite3.Connection) -> int | None:
    if db.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'").fetchone() is None:
        return None
    row = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else None


def _statements(script: str) -> list[str]:
    """The statements of a script; `executescript` would commit the transaction around it."""
    statements: list[str] = []
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            statements.append(pending)
            pending = ""
    return statements
