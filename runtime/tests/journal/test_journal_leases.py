"""One worker at a time drives a run: leases, epochs, and what a worker that lost its run may still say."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from remit_runtime.errors import JournalCorrupt
from remit_runtime.journal.events import RunEvent, StateEntered, ToolSettled
from remit_runtime.journal.records import ActiveLease, Appended, Lease, Refused, RunFilter, Signal, Snapshot
from remit_runtime.journal.sqlite import Journal

Start = Callable[..., Lease]
Allowed = Callable[..., list[RunEvent]]
Settled = Callable[..., ToolSettled]
MOVE = [StateEntered("next", 1)]


def taken(result: Appended | Refused) -> Lease:
    assert isinstance(result, Appended), result
    return result.lease


def test_a_run_is_not_claimed_while_its_lease_lasts(journal: Journal, start: Start, now: list[int]) -> None:
    start()
    now[0] = 1_029_999
    assert journal.claim("run_a", "two") == Refused("leased", "one")
    now[0] = 1_030_000
    assert journal.claim("run_a", "two") == Lease("run_a", 2, 1)


def test_the_lease_of_an_owner_known_to_be_gone_is_not_waited_for(journal: Journal, start: Start) -> None:
    start()
    assert journal.claim("run_a", "two", gone="three") == Refused("leased", "one")
    assert journal.claim("run_a", "two", gone="one") == Lease("run_a", 2, 1)
    assert journal.read("run_a").lease == ActiveLease("two", 2, 1_030_000)


def test_an_append_and_a_heartbeat_renew_the_lease(journal: Journal, start: Start, now: list[int]) -> None:
    lease = start()
    now[0] = 1_020_000
    lease = taken(journal.append(lease, MOVE))
    now[0] = 1_040_000
    assert journal.claim("run_a", "two") == Refused("leased", "one")
    assert journal.heartbeat(lease) == lease
    assert journal.read("run_a").lease == ActiveLease("one", 1, 1_070_000)


def test_a_worker_that_lost_its_run_is_fenced(journal: Journal, start: Start, now: list[int]) -> None:
    lost = start()
    now[0] = 1_030_000
    held = journal.claim("run_a", "two")
    assert isinstance(held, Lease)
    assert journal.append(lost, MOVE) == Refused("fenced")
    assert journal.heartbeat(lost) == Refused("fenced")
    assert journal.park(lost) == Refused("fenced")
    assert journal.release(lost) == Refused("fenced")
    assert journal.keep_snapshot(lost, b"state") == Refused("fenced")
    taken(journal.append(held, MOVE))


def test_after_a_takeover_the_old_workers_outcome_is_kept_as_late(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled, now: list[int]
) -> None:
    lost = start()
    lost = taken(journal.append(lost, allowed(lost)))
    now[0] = 1_030_000
    held = journal.claim("run_a", "two")
    assert isinstance(held, Lease)
    assert journal.append(lost, [settled("run_a:2")]) == Refused("fenced", late=True)
    (late,) = journal.late_outcomes("run_a")
    assert (late.call, late.epoch, late.at_ms, late.event) == ("run_a:2", 1, 1_030_000, settled("run_a:2"))
    assert [effect.call for effect in journal.open_effects("run_a")] == ["run_a:2"]
    taken(journal.append(held, [late.event]))
    assert journal.open_effects("run_a") == ()


def test_the_same_owner_may_claim_again_and_fences_itself(journal: Journal, start: Start) -> None:
    lease = start()
    again = journal.claim("run_a", "one")
    assert again == Lease("run_a", 2, 1)
    assert journal.append(lease, MOVE) == Refused("fenced")


def test_a_parked_run_waits_without_a_lease_until_it_is_claimed(journal: Journal, start: Start) -> None:
    lease = start()
    assert journal.park(lease, wake_at_ms=1_050_000) is None
    record = journal.read("run_a")
    assert (record.status, record.lease, record.wake_at_ms) == ("waiting", None, 1_050_000)
    assert journal.append(lease, MOVE) == Refused("fenced")
    claimed = journal.claim("run_a", "two")
    assert isinstance(claimed, Lease)
    record = journal.read("run_a")
    assert (record.status, record.wake_at_ms) == ("running", None)
    taken(journal.append(claimed, MOVE))


def test_a_released_run_is_claimed_at_once(journal: Journal, start: Start) -> None:
    assert journal.release(start()) is None
    assert journal.read("run_a").status == "running"
    assert isinstance(journal.claim("run_a", "two"), Lease)


def test_two_appends_from_one_place_are_not_both_taken(journal: Journal, start: Start) -> None:
    lease = start()
    taken(journal.append(lease, MOVE))
    assert journal.append(lease, MOVE) == Refused("fenced", "sequence")
    assert journal.read("run_a").seq == 2


def test_a_signal_reaches_a_run_once_and_wakes_it(journal: Journal, start: Start) -> None:
    journal.park(start())
    assert journal.signal("run_a", "answer-1", b"yes")
    assert not journal.signal("run_a", "answer-1", b"no")
    assert journal.signal("run_a", "answer-0", b"more")
    assert journal.signals("run_a") == (
        Signal("run_a", "answer-1", 1_000_000, b"yes"),
        Signal("run_a", "answer-0", 1_000_000, b"more"),
    )
    assert journal.read("run_a").wake_at_ms == 1_000_000


def test_a_snapshot_stands_for_the_events_before_it(journal: Journal, start: Start) -> None:
    lease = start()
    assert journal.snapshot("run_a") is None
    assert journal.keep_snapshot(lease, b"one") is None
    lease = taken(journal.append(lease, MOVE))
    assert journal.keep_snapshot(lease, b"two") is None
    lease = taken(journal.append(lease, MOVE))
    assert journal.snapshot("run_a") == Snapshot("run_a", 2, b"two")
    assert [one.seq for one in journal.events("run_a", after=2)] == [3]


def test_a_snapshot_is_of_the_last_event_only(journal: Journal, start: Start) -> None:
    lease = start()
    taken(journal.append(lease, MOVE))
    assert journal.keep_snapshot(lease, b"one") == Refused("fenced", "sequence")
    assert journal.snapshot("run_a") is None


@pytest.mark.parametrize("change", ["body = x'00'", "seq = 1", "seq = 3"])
def test_a_changed_snapshot_is_not_resumed_from(
    journal: Journal, db: sqlite3.Connection, start: Start, change: str
) -> None:
    lease = taken(journal.append(start(), MOVE))
    journal.keep_snapshot(lease, b"one")
    db.execute(f"UPDATE snapshot SET {change}")
    with pytest.raises(JournalCorrupt):
        journal.snapshot("run_a")


def test_runs_are_listed_newest_first_and_narrowed(journal: Journal, start: Start) -> None:
    start("run_a")
    start("run_b", agent="acme.other")
    journal.park(start("run_c"))
    assert [one.run for one in journal.runs()] == ["run_c", "run_b", "run_a"]
    assert [one.run for one in journal.runs(RunFilter(agent="acme.digest"))] == ["run_c", "run_a"]
    assert [one.run for one in journal.runs(RunFilter(status="waiting"))] == ["run_c"]
    assert [one.run for one in journal.runs(RunFilter(limit=1))] == ["run_c"]
