"""Cancel, halt, kill and the deadline are read inside every append."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from remit_runtime.bundle.graph import Budget
from remit_runtime.canonical import digest_of
from remit_runtime.journal.events import (
    ChildStarted,
    OutputAccepted,
    RunEnded,
    RunEvent,
    RunStarted,
    StateEntered,
    ToolSettled,
)
from remit_runtime.journal.records import Appended, Lease, NewRun, Refused, Scope, Switch
from remit_runtime.journal.sqlite import Journal
from remit_runtime.journal.store import connected
from remit_runtime.journal.switch import kill

Start = Callable[..., Lease]
Started = Callable[..., RunStarted]
Allowed = Callable[..., list[RunEvent]]
Settled = Callable[..., ToolSettled]

MOVE = [StateEntered("next", 1)]
SCOPES = [
    Scope("run", "run_a"),
    Scope("agent", "acme.digest"),
    Scope("bundle", digest_of(b"bundle")),
    Scope("everything"),
]
ELSEWHERE = [Scope("run", "run_b"), Scope("agent", "acme.other"), Scope("bundle", digest_of(b"other"))]


def taken(result: Appended | Refused) -> Lease:
    assert isinstance(result, Appended), result
    return result.lease


def end(reason: str) -> list[RunEvent]:
    return [RunEnded(reason, "", None, ())]  # type: ignore[arg-type]  # every terminal reason is tried


def test_a_cancelled_run_decides_and_begins_nothing_more(
    journal: Journal, start: Start, allowed: Allowed
) -> None:
    lease = start()
    assert journal.request_cancel("run_a", "os:bob") is None
    assert journal.append(lease, MOVE) == Refused("cancelled", "os:bob")
    assert journal.append(lease, allowed(lease)) == Refused("cancelled", "os:bob")
    assert journal.append(lease, end("succeeded")) == Refused("cancelled", "os:bob")
    taken(journal.append(lease, end("cancelled")))
    assert journal.read("run_a").reason == "cancelled"


def test_a_second_cancel_changes_nothing_and_an_ended_run_is_not_cancelled(
    journal: Journal, start: Start
) -> None:
    lease = start()
    journal.request_cancel("run_a", "os:bob")
    journal.request_cancel("run_a", "os:eve")
    assert journal.stop("run_a") == Refused("cancelled", "os:bob")
    assert [row.principal for row in journal.audit_rows() if row.event == "cancel_requested"] == ["os:bob"]
    taken(journal.append(lease, end("cancelled")))
    assert journal.request_cancel("run_a", "os:bob") == Refused("ended")


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_a_killed_run_may_only_end_as_killed(journal: Journal, start: Start, scope: Scope) -> None:
    lease = start()
    assert journal.kill(scope, "os:bob", "it misbehaves") == 1
    assert journal.append(lease, MOVE) == Refused("killed", str(scope))
    for reason in ("succeeded", "failed", "cancelled", "budget_exhausted"):
        assert journal.append(lease, end(reason)) == Refused("killed", str(scope))
    taken(journal.append(lease, end("killed")))


@pytest.mark.parametrize("scope", SCOPES[1:], ids=str)
def test_no_run_starts_under_a_kill_until_it_is_lifted(
    journal: Journal, started: Started, scope: Scope
) -> None:
    journal.kill(scope, "os:bob", "it misbehaves")
    assert journal.create(NewRun("run_a", "one"), started()) == Refused("killed", str(scope))
    assert journal.lift(scope, "os:bob", "mended") == 1
    assert isinstance(journal.create(NewRun("run_a", "one"), started()), Lease)


def test_a_kill_covers_only_runs_that_have_not_ended(journal: Journal, start: Start) -> None:
    taken(journal.append(start(), end("succeeded")))
    start("run_b")
    assert journal.kill(Scope("everything"), "os:bob", "") == 1
    assert [(one.run, one.killed) for one in journal.runs()] == [("run_b", True), ("run_a", False)]


def test_lifting_a_kill_revives_no_run(journal: Journal, start: Start) -> None:
    lease = start()
    scope = Scope("agent", "acme.digest")
    journal.kill(scope, "os:bob", "it misbehaves")
    journal.lift(scope, "os:bob", "mended")
    assert journal.switches() == ()
    assert journal.append(lease, MOVE) == Refused("killed", str(scope))


@pytest.mark.parametrize("scope", SCOPES, ids=str)
def test_a_halted_run_waits_until_the_halt_is_lifted(journal: Journal, start: Start, scope: Scope) -> None:
    lease = start()
    journal.halt(scope, "os:bob", "looking into it")
    assert journal.append(lease, MOVE) == Refused("halted", str(scope))
    assert journal.append(lease, end("succeeded")) == Refused("halted", str(scope))
    assert journal.stop("run_a") == Refused("halted", str(scope))
    journal.lift(scope, "os:bob", "all is well")
    taken(journal.append(lease, MOVE))


def test_no_run_starts_under_a_halt(journal: Journal, started: Started) -> None:
    journal.halt(Scope("everything"), "os:bob", "looking into it")
    assert journal.create(NewRun("run_a", "one"), started()) == Refused("halted", "everything")


@pytest.mark.parametrize("scope", ELSEWHERE, ids=str)
def test_a_stop_elsewhere_stops_nothing_here(journal: Journal, start: Start, scope: Scope) -> None:
    lease = start()
    assert journal.kill(scope, "os:bob", "") == 0
    journal.halt(scope, "os:bob", "")
    taken(journal.append(lease, MOVE))


@pytest.mark.parametrize(("mode", "reason"), [("kill", "killed"), ("halt", "halted")])
def test_a_stopped_tool_is_not_called_and_its_run_goes_on(
    journal: Journal, start: Start, allowed: Allowed, mode: str, reason: str
) -> None:
    lease = start()
    stop = journal.kill if mode == "kill" else journal.halt
    stop(Scope("tool", "git.log"), "os:bob", "it misbehaves")
    refused = journal.append(lease, allowed(lease))
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.limit) == (reason, "tool:git.log")
    lease = taken(journal.append(lease, allowed(lease, tool="git.show")))
    taken(journal.append(lease, end("failed")))


@pytest.mark.parametrize("stop", ["cancel", "kill", "halt", "deadline", "budget"])
def test_the_outcome_of_an_effect_that_has_begun_is_always_accepted(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled, now: list[int], stop: str
) -> None:
    lease = start(budget=Budget(1, 0, 1, 0, 60_000))
    lease = taken(journal.append(lease, allowed(lease)))
    stops: dict[str, Callable[[], object]] = {
        "cancel": lambda: journal.request_cancel("run_a", "os:bob"),
        "kill": lambda: journal.kill(Scope("everything"), "os:bob", ""),
        "halt": lambda: journal.halt(Scope("everything"), "os:bob", ""),
        "deadline": lambda: now.__setitem__(0, 1_060_000),
        "budget": lambda: None,
    }
    stops[stop]()
    lease = taken(journal.append(lease, [settled("run_a:2"), OutputAccepted("look", "ok", "1", None)]))
    assert journal.open_effects("run_a") == ()
    assert [one.event for one in journal.events("run_a")][-2] == settled("run_a:2")
    assert journal.late_outcomes("run_a") == ()


def test_an_outcome_that_waited_while_the_run_went_on_is_accepted(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled
) -> None:
    lease = start()
    waiting = taken(journal.append(lease, allowed(lease)))
    onward = taken(journal.append(waiting, MOVE))
    lease = taken(journal.append(waiting, [settled("run_a:2")]))
    assert lease.seq == onward.seq + 1
    assert journal.append(waiting, MOVE) == Refused("fenced", "sequence")


def test_past_its_deadline_a_run_moves_no_more_and_does_not_succeed(
    journal: Journal, start: Start, now: list[int]
) -> None:
    lease = start()
    now[0] = 1_059_999
    lease = taken(journal.append(lease, MOVE))
    now[0] = 1_060_000
    assert journal.append(lease, MOVE) == Refused("deadline", "milliseconds")
    assert journal.append(lease, end("succeeded")) == Refused("deadline", "milliseconds")
    assert journal.append(lease, end("rejected")) == Refused("deadline", "milliseconds")
    taken(journal.append(lease, end("budget_exhausted")))


def test_a_kill_stands_before_a_cancel_and_a_cancel_before_a_halt(journal: Journal, start: Start) -> None:
    lease = start()
    journal.halt(Scope("everything"), "os:bob", "")
    journal.request_cancel("run_a", "os:bob")
    assert journal.append(lease, MOVE) == Refused("cancelled", "os:bob")
    journal.kill(Scope("run", "run_a"), "os:bob", "")
    assert journal.append(lease, MOVE) == Refused("killed", "run:run_a")
    taken(journal.append(lease, end("killed")))


@pytest.mark.parametrize("stop", ["cancel", "kill", "halt", "end"])
def test_what_stops_a_parent_stops_its_child(
    journal: Journal, start: Start, started: Started, stop: str
) -> None:
    share = Budget(1, 1, 1, 100, 60_000)
    parent = taken(journal.append(start(), [ChildStarted("ask", "run_c", "acme.child", "{}", share)]))
    child = journal.create(NewRun("run_c", "one"), started(agent="acme.child", parent="run_a", budget=share))
    assert isinstance(child, Lease)
    stops: dict[str, Callable[[], object]] = {
        "cancel": lambda: journal.request_cancel("run_a", "os:bob"),
        "kill": lambda: journal.kill(Scope("run", "run_a"), "os:bob", ""),
        "halt": lambda: journal.halt(Scope("agent", "acme.digest"), "os:bob", ""),
        "end": lambda: journal.append(parent, end("failed")),
    }
    expected = {
        "cancel": Refused("cancelled", "os:bob"),
        "kill": Refused("killed", "run:run_a"),
        "halt": Refused("halted", "agent:acme.digest"),
        "end": Refused("cancelled", "end of run_a"),
    }
    stops[stop]()
    assert journal.append(child, MOVE) == expected[stop]


@pytest.mark.parametrize("stop", ["cancel", "kill", "end"])
def test_no_child_is_created_under_a_parent_that_may_not_go_on(
    journal: Journal, start: Start, started: Started, stop: str
) -> None:
    share = Budget(1, 1, 1, 100, 60_000)
    parent = taken(journal.append(start(), [ChildStarted("ask", "run_c", "acme.child", "{}", share)]))
    stops: dict[str, Callable[[], object]] = {
        "cancel": lambda: journal.request_cancel("run_a", "os:bob"),
        "kill": lambda: journal.kill(Scope("run", "run_a"), "os:bob", ""),
        "end": lambda: journal.append(parent, end("failed")),
    }
    expected = {
        "cancel": Refused("cancelled", "os:bob"),
        "kill": Refused("killed", "run:run_a"),
        "end": Refused("ended", "run_a"),
    }
    stops[stop]()
    child = started(agent="acme.child", parent="run_a", budget=share)
    assert journal.create(NewRun("run_c", "one"), child) == expected[stop]


def test_an_append_waits_for_another_writer_and_sees_what_it_wrote(
    journal: Journal, start: Start, path: Path
) -> None:
    lease = start()
    other = connected(path)
    other.execute("BEGIN IMMEDIATE")
    kill(other, Scope("everything"), "os:bob", "it misbehaves", 1_000_000)
    timer = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    timer.start()
    result = journal.append(lease, MOVE)
    timer.join()
    other.close()
    assert result == Refused("killed", "everything")


def test_every_act_of_stopping_has_its_audit_row(journal: Journal, start: Start) -> None:
    start()
    journal.request_cancel("run_a", "os:ada")
    journal.halt(Scope("tool", "git.log"), "os:bob", "looking into it")
    journal.lift(Scope("tool", "git.log"), "os:eve", "all is well")
    journal.lift(Scope("tool", "git.log"), "os:eve", "nothing is left to lift")
    journal.kill(Scope("everything"), "os:bob", "it misbehaves")
    rows = journal.audit_rows()[1:]
    assert [(row.event, row.principal, row.resource_type, row.resource, row.detail) for row in rows] == [
        ("cancel_requested", "os:ada", None, None, None),
        ("halt", "os:bob", "tool", "git.log", "looking into it"),
        ("lift", "os:eve", "tool", "git.log", "all is well"),
        ("kill", "os:bob", "everything", None, "it misbehaves"),
    ]


def test_switches_in_force_are_listed_in_order(journal: Journal) -> None:
    journal.halt(Scope("tool", "git.log"), "os:bob", "why")
    journal.kill(Scope("everything"), "os:ada", "because")
    assert journal.switches() == (
        Switch("halt", Scope("tool", "git.log"), "os:bob", "why", 1_000_000),
        Switch("kill", Scope("everything"), "os:ada", "because", 1_000_000),
    )


def test_another_process_that_kills_is_seen_without_reading_a_table(
    journal: Journal, start: Start, path: Path
) -> None:
    start()
    before = journal.changes()
    assert journal.changes() == before
    other = Journal.open(path, lambda: 1_000_000)
    other.kill(Scope("everything"), "os:bob", "")
    other.close()
    assert journal.changes() != before


def test_runs_that_nobody_drives_are_ended_by_a_sweep(journal: Journal, start: Start, now: list[int]) -> None:
    start("run_killed")
    start("run_cancelled")
    start("run_late", deadline_ms=1_040_000)
    start("run_halted")
    held = start("run_held", deadline_ms=2_000_000)
    journal.kill(Scope("run", "run_killed"), "os:bob", "")
    journal.request_cancel("run_cancelled", "os:bob")
    journal.request_cancel("run_held", "os:bob")
    journal.halt(Scope("run", "run_halted"), "os:bob", "")
    now[0] = 1_040_000
    assert isinstance(journal.heartbeat(held), Lease)
    assert journal.sweep("sweeper") == ("run_killed", "run_cancelled", "run_late")
    assert [(one.run, one.status, one.reason) for one in journal.runs()] == [
        ("run_held", "running", None),
        ("run_halted", "running", None),
        ("run_late", "ended", "expired"),
        ("run_cancelled", "ended", "cancelled"),
        ("run_killed", "ended", "killed"),
    ]
    assert journal.sweep("sweeper") == ()
