"""Waiting for people eats nothing of a run's time, to the millisecond, whatever is restarted meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.graph import Constant, EndState, HandoffState, ObjectOf, Reference, ToolState
from remit_runtime.errors import RunRefused
from remit_runtime.journal.events import ApprovalRequested, RunResumed
from remit_runtime.journal.records import Broken, Verified
from remit_runtime.journal.sqlite import Journal
from remit_runtime.run.show import shown_of

RUN = "run_1"
HOUR = 3_600_000
MINUTES_5 = 300_000
MakeWorld = Callable[..., Any]


def deadline(world: Any, run: str = RUN) -> int:
    return int(world.runtime.journal.read(run).deadline_ms)


def test_a_run_that_waited_for_hours_has_the_time_it_had(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(seconds=86_400))
    started = world.clock.now_ms
    world.start()
    assert deadline(world) == started + MINUTES_5
    world.clock.now_ms += 5 * HOUR
    world.answer("os:ada")
    world.clock.now_ms += 2 * HOUR
    assert world.resume().reason == "succeeded"
    assert world.last(RunResumed).waited_ms == 7 * HOUR
    assert deadline(world) == started + MINUTES_5 + 7 * HOUR
    assert isinstance(world.runtime.journal.verify(RUN), Verified)


def test_looking_for_an_answer_that_is_not_there_takes_no_time(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(seconds=86_400))
    world.start()
    for _ in range(3):
        world.clock.now_ms += HOUR
        assert world.resume().status == "waiting"
    assert world.count(RunResumed) == 0
    world.answer("os:ada")
    assert world.resume().reason == "succeeded"
    assert world.last(RunResumed).waited_ms == 3 * HOUR


def test_time_that_a_worker_takes_counts(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(seconds=86_400))
    world.start()
    world.clock.now_ms += HOUR
    world.answer("os:ada")
    journal = world.runtime.journal
    lease = journal.take_up(journal.claim(RUN, world.runtime.owner))
    journal.release(lease)
    world.clock.now_ms += MINUTES_5
    assert world.resume().reason == "expired"


def test_the_clock_stands_from_the_very_request_on(make_world: MakeWorld, ask: Any) -> None:
    """A worker that dies after it has asked, and before it has parked the run, costs no time either."""
    world = make_world(asks=ask(seconds=86_400))
    world.start()
    asked = next(one for one in world.runtime.journal.events(RUN) if isinstance(one.event, ApprovalRequested))
    assert world.runtime.journal.read(RUN).waits_ms == asked.at_ms


def test_sweeping_ends_no_run_that_waits_for_people(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(seconds=86_400))
    world.start()
    world.clock.now_ms += HOUR
    assert world.runtime.journal.sweep("os:sweeper") == ()
    world.runtime.journal.request_cancel(RUN, "os:ada")
    assert world.runtime.journal.sweep("os:sweeper") == (RUN,)


def test_a_run_and_its_child_stand_still_together(make_world: MakeWorld, ask: Any, hand_agent: Any) -> None:
    log = ToolState(
        "log", "git.log", ObjectOf((("since", Reference("task", ("since",))),)), "done", None, None, None
    )
    other = hand_agent(
        "acme.other", (log, EndState("done", "succeeded", Reference("log"), ())), ("git.log",), asks=False
    )
    hand = HandoffState("hand", "acme.other", "range", Reference("task"), None, None, "done", None)
    ends = (EndState("done", "succeeded", Constant("{}"), ()),)
    world = make_world((hand, *ends), asks=ask(seconds=86_400), agents=(other,))
    started = world.clock.now_ms
    world.start()
    world.clock.now_ms += HOUR
    assert world.resume().status == "waiting"
    world.clock.now_ms += HOUR
    world.answer("os:ada")
    world.clock.now_ms += HOUR
    assert world.resume().reason == "succeeded"
    for run in (RUN, "run_2"):
        assert [e.waited_ms for e in world.events(run) if isinstance(e, RunResumed)] == [3 * HOUR]
        assert deadline(world, run) == started + MINUTES_5 + 3 * HOUR


def test_a_run_shows_its_deadline_as_it_stands(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(seconds=86_400))
    world.start()
    journal = world.runtime.journal
    assert "deadline    2026-11-18 11:11:40.000, standing still since" in shown_of(journal, RUN, None)
    world.clock.now_ms += HOUR
    world.answer("os:ada")
    world.resume()
    assert "deadline    2026-11-18 12:11:40.000, after 3600000 ms for which it waited" in shown_of(
        journal, RUN, None
    )


def test_a_deadline_that_somebody_moves_is_found(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    world.sql("UPDATE run SET deadline_ms = deadline_ms + 1")
    found = world.runtime.journal.verify(RUN)
    assert isinstance(found, Broken)
    assert found.table == "run"


def test_a_run_that_waits_cannot_go_on_without_being_taken_up(make_world: MakeWorld) -> None:
    from remit_runtime.journal.events import StateEntered

    world = make_world()
    world.start()
    journal = world.runtime.journal
    lease = journal.claim(RUN, world.runtime.owner)
    with pytest.raises(RuntimeError, match="was not taken up"):
        journal.append(lease, [StateEntered("log", 2)])


def test_a_journal_of_the_schema_before_is_brought_up(make_world: MakeWorld, tmp_path: Path) -> None:
    world = make_world()
    world.start()
    path = world.runtime.home / "journal.sqlite"
    world.runtime.journal.close()
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE run DROP COLUMN waits_ms")
        db.execute("UPDATE meta SET value = 1 WHERE key = 'schema_version'")
    db.close()
    again = Journal.open(path, world.clock)
    try:
        assert again.read(RUN).waits_ms is None
        assert isinstance(again.verify(RUN), Verified)
    finally:
        again.close()


def test_a_script_is_kept_with_its_run_and_another_is_refused(
    make_world: MakeWorld, loop: Any, script: Any
) -> None:
    call_ = {"call": {"tool": "git.log", "args": {"since": "v1"}}}
    respond = {"respond": {"summary": "One commit."}}
    world = make_world(loop, model=script(call_, respond))
    world.start()
    world.answer("os:ada")
    world.model = script(respond)
    with pytest.raises(RunRefused) as caught:
        world.resume()
    assert caught.value.code == "script_other"
    world.model = None
    assert world.resume().reason == "succeeded"
