"""A journal in a fresh file, a clock that tests move, and runs, calls and outcomes to put into it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remit_runtime.bundle.graph import Budget
from remit_runtime.canonical import Digest, digest_of
from remit_runtime.journal.events import RunEvent, RunStarted, Spend, ToolDecided, ToolIntended, ToolSettled
from remit_runtime.journal.records import Lease, NewRun, next_call
from remit_runtime.journal.sqlite import Journal
from remit_runtime.journal.store import connected

BUNDLE = digest_of(b"bundle")


@pytest.fixture
def now() -> list[int]:
    """The time, in a list of one so that a test can move it."""
    return [1_000_000]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def db(path: Path) -> sqlite3.Connection:
    """The connection under the journal, for tests that look or reach beneath it."""
    return connected(path)


@pytest.fixture
def journal(db: sqlite3.Connection, now: list[int]) -> Iterator[Journal]:
    opened = Journal(db, lambda: now[0])
    yield opened
    opened.close()


@pytest.fixture
def started() -> Callable[..., RunStarted]:
    """The first event of a run; keywords change its fields."""

    def make(**changes: Any) -> RunStarted:
        plain = RunStarted(
            agent="acme.digest",
            version="1.0.0",
            closure=digest_of(b"closure"),
            bundle=BUNDLE,
            environment="dev",
            task="range",
            input='{"since":"v1"}',
            workspaces=(("repository", "0" * 40),),
            user="os:ada",
            asserted_user=True,
            tenant=None,
            budget=Budget(steps=5, model_calls=3, tool_calls=3, microusd=1000, milliseconds=60_000),
            parent=None,
            model_adapter="scripted",
            deadline_ms=1_060_000,
        )
        return msgspec.structs.replace(plain, **changes)

    return make


@pytest.fixture
def start(journal: Journal, started: Callable[..., RunStarted]) -> Callable[..., Lease]:
    """The lease of a new run; keywords change its first event."""

    def make(run: str = "run_a", owner: str = "one", **changes: Any) -> Lease:
        lease = journal.create(NewRun(run, owner), started(**changes))
        assert isinstance(lease, Lease)
        return lease

    return make


@pytest.fixture
def allowed() -> Callable[..., list[RunEvent]]:
    """An allowing decision and the intent of one tool call, for the next append under a lease."""

    def make(
        lease: Lease, tool: str = "git.log", reserved: Spend | None = None, **changes: Any
    ) -> list[RunEvent]:
        call = next_call(lease)
        decided = ToolDecided(
            call=call,
            state="look",
            tool=tool,
            arguments='{"since":"v1"}',
            arguments_digest=digest_of(b'{"since":"v1"}'),
            resource_type="Repo",
            resource="acme/digest",
            facts=(("recent", True),),
            outcome="allow",
            stage="policy",
            code="permitted",
            reason="reads are permitted",
            rules=("std:read",),
            approvals=(),
            request=digest_of(b"request"),
        )
        intended = ToolIntended(call, "look", tool, reserved or Spend(tool_calls=1), "bubblewrap")
        return [msgspec.structs.replace(decided, **changes), intended]

    return make


@pytest.fixture
def settled() -> Callable[..., ToolSettled]:
    """The good outcome of a call; keywords change its fields."""

    def make(call: str, **changes: Any) -> ToolSettled:
        plain = ToolSettled(
            call=call,
            state="look",
            tool="git.log",
            outcome="ok",
            code=None,
            output='["a"]',
            output_digest=Digest(digest_of(b'["a"]')),
            redactions=(),
            spent=Spend(tool_calls=1),
        )
        return msgspec.structs.replace(plain, **changes)

    return make
