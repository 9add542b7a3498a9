"""No budget is passed by one unit: the arithmetic as laws, then the store with real processes against it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.bundle.graph import Budget
from remit_runtime.canonical import MAX_INTEGER
from remit_runtime.journal.events import (
    ChildEnded,
    ChildStarted,
    ModelSettled,
    RunEnded,
    RunEvent,
    RunStarted,
    Spend,
    StateEntered,
    ToolSettled,
)
from remit_runtime.journal.ledger import (
    NOTHING,
    Amount,
    Ledger,
    amount_of_spend,
    charge_of,
    limit_passed,
    with_charged,
    with_reserved,
)
from remit_runtime.journal.records import Appended, Lease, NewRun, Refused
from remit_runtime.journal.sqlite import Journal

Start = Callable[..., Lease]
Started = Callable[..., RunStarted]
Allowed = Callable[..., list[RunEvent]]
Settled = Callable[..., ToolSettled]

UNITS = ("steps", "model_calls", "tool_calls", "microusd")
small = st.integers(0, 9)
amounts = st.builds(Amount, small, small, small, small)


def taken(result: Appended | Refused) -> Lease:
    assert isinstance(result, Appended), result
    return result.lease


def used(ledger: Ledger, unit: str) -> int:
    return int(getattr(ledger.spent, unit)) + int(getattr(ledger.reserved, unit))


@given(amounts, st.lists(st.tuples(amounts, amounts, st.floats(0, 1))))
def test_no_sequence_of_reservations_and_charges_passes_a_limit(
    limits: Amount, asks: list[tuple[Amount, Amount, float]]
) -> None:
    ledger = Ledger(limits)
    for ask, steps, fraction in asks:
        if limit_passed(ledger, ask + steps) is None:
            ledger = with_reserved(ledger, ask, steps)
            charged = Amount(*(int(getattr(ask, unit) * fraction) for unit in UNITS))
            ledger = with_charged(ledger, ask, charged)
        assert all(used(ledger, unit) <= getattr(limits, unit) for unit in UNITS)
    assert ledger.reserved == NOTHING
    assert ledger.overrun == NOTHING


@given(amounts, amounts, st.sampled_from(UNITS))
def test_a_limit_is_reached_and_not_passed_by_one(limits: Amount, spent: Amount, unit: str) -> None:
    limits = limits.at_least(spent)
    ledger = Ledger(limits, spent=spent)
    left = getattr(limits, unit) - getattr(spent, unit)
    assert limit_passed(ledger, Amount(**{unit: left})) is None
    assert limit_passed(ledger, Amount(**{unit: left + 1})) == unit


@given(amounts, amounts, amounts)
def test_settling_releases_the_reservation_and_charges_what_was_used(
    before: Amount, reserved: Amount, charged: Amount
) -> None:
    ledger = with_charged(Ledger(before, reserved=before + reserved), reserved, charged)
    assert ledger.reserved == before
    assert ledger.spent == charged
    assert ledger.overrun == charged.beyond(reserved)


@given(amounts, amounts, st.booleans())
def test_unknown_usage_is_charged_at_least_the_reservation(
    reserved: Amount, told: Amount, model: bool
) -> None:
    spent = Spend(told.model_calls, told.tool_calls, told.microusd)
    event: ModelSettled | ToolSettled = (
        ModelSettled("c", "s", "error", "timeout", None, None, None, spent)
        if model
        else ToolSettled("c", "s", "t", "unknown", "timeout", None, None, (), spent)
    )
    charged = charge_of(event, reserved)
    assert charged.beyond(reserved).at_least(NOTHING) == amount_of_spend(spent).beyond(reserved)
    assert reserved.beyond(charged) == NOTHING


@given(amounts)
def test_known_usage_is_charged_as_it_is(reserved: Amount) -> None:
    spent = Spend(1, 0, 7)
    assert charge_of(ModelSettled("c", "s", "ok", None, "{}", 1, 1, spent), reserved) == amount_of_spend(
        spent
    )


def test_sums_stop_at_the_largest_integer() -> None:
    most = Amount(MAX_INTEGER, MAX_INTEGER, MAX_INTEGER, MAX_INTEGER)
    assert most + most == most
    assert limit_passed(Ledger(most, spent=most), Amount(microusd=1)) == "microusd"


@pytest.mark.parametrize("spend", [Spend(-1), Spend(tool_calls=-1), Spend(microusd=MAX_INTEGER + 1)])
def test_a_count_outside_the_whole_numbers_is_our_bug(spend: Spend) -> None:
    with pytest.raises(RuntimeError, match="whole numbers"):
        amount_of_spend(spend)


def test_every_state_entered_is_a_step_and_the_limit_is_exact(journal: Journal, start: Start) -> None:
    lease = start(budget=Budget(3, 0, 0, 0, 60_000))
    lease = taken(journal.append(lease, [StateEntered("a", 1), StateEntered("b", 1)]))
    two = [StateEntered("c", 1), StateEntered("d", 1)]
    assert journal.append(lease, two) == Refused("over_budget", "steps")
    lease = taken(journal.append(lease, [StateEntered("c", 1)]))
    assert journal.append(lease, [StateEntered("d", 1)]) == Refused("over_budget", "steps")
    assert journal.read("run_a").spent == Amount(steps=3)
    taken(journal.append(lease, [RunEnded("budget_exhausted", "", None, ())]))


@pytest.mark.parametrize("unit", ["model_calls", "tool_calls", "microusd"])
def test_a_reservation_may_fill_a_limit_and_not_pass_it(
    journal: Journal, start: Start, allowed: Allowed, unit: str
) -> None:
    lease = start(budget=Budget(1, 2, 2, 2, 60_000))
    refused = journal.append(lease, allowed(lease, reserved=Spend(**{unit: 3})))
    assert refused == Refused("over_budget", unit)
    lease = taken(journal.append(lease, allowed(lease, reserved=Spend(**{unit: 2}))))
    assert journal.append(lease, allowed(lease, reserved=Spend(**{unit: 1}))) == Refused("over_budget", unit)


def test_more_use_than_was_reserved_is_charged_and_recorded_as_overrun(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled
) -> None:
    lease = start(budget=Budget(5, 3, 3, 100, 60_000))
    lease = taken(journal.append(lease, allowed(lease, reserved=Spend(tool_calls=1, microusd=60))))
    lease = taken(journal.append(lease, [settled("run_a:2", spent=Spend(tool_calls=1, microusd=130))]))
    record = journal.read("run_a")
    assert (record.spent.microusd, record.overrun) == (130, Amount(microusd=70))
    one = allowed(lease, reserved=Spend(tool_calls=1, microusd=1))
    assert journal.append(lease, one) == Refused("over_budget", "microusd")
    lease = taken(journal.append(lease, allowed(lease, reserved=Spend(tool_calls=1))))


def test_an_unknown_outcome_is_charged_its_reservation(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled
) -> None:
    lease = start()
    lease = taken(journal.append(lease, allowed(lease, reserved=Spend(tool_calls=1, microusd=60))))
    unknown = settled("run_a:2", outcome="unknown", code="timeout", output=None, spent=Spend())
    taken(journal.append(lease, [unknown]))
    record = journal.read("run_a")
    assert (record.spent.tool_calls, record.spent.microusd, record.reserved) == (1, 60, NOTHING)


SHARE = Budget(steps=2, model_calls=1, tool_calls=2, microusd=400, milliseconds=60_000)


def child_of(journal: Journal, parent: Lease, started: Started, **changes: object) -> tuple[Lease, Lease]:
    parent = taken(journal.append(parent, [ChildStarted("ask", "run_c", "acme.child", "{}", SHARE)]))
    first = started(**{"agent": "acme.child", "parent": "run_a", "budget": SHARE, **changes})
    child = journal.create(NewRun("run_c", "one"), first)
    assert isinstance(child, Lease)
    return parent, child


def test_a_childs_budget_is_carved_from_its_parents(journal: Journal, start: Start, started: Started) -> None:
    parent, _ = child_of(journal, start(), started)
    assert journal.read("run_a").reserved == Amount(2, 1, 2, 400)
    left = [StateEntered(f"s{number}", 1) for number in range(3)]
    assert journal.append(parent, [*left, StateEntered("s3", 1)]) == Refused("over_budget", "steps")
    taken(journal.append(parent, left))


def test_a_parent_does_not_carve_what_it_does_not_have(journal: Journal, start: Start) -> None:
    lease = start()
    over = Budget(steps=6, model_calls=1, tool_calls=1, microusd=1, milliseconds=1)
    child = ChildStarted("ask", "run_c", "acme.child", "{}", over)
    assert journal.append(lease, [child]) == Refused("over_budget", "steps")


def test_a_child_that_settles_costs_its_parent_what_it_spent(
    journal: Journal, start: Start, started: Started, allowed: Allowed, settled: Settled
) -> None:
    parent, child = child_of(journal, start(), started)
    child = taken(journal.append(child, [StateEntered("a", 1)]))
    child = taken(journal.append(child, allowed(child, reserved=Spend(tool_calls=1, microusd=400))))
    child = taken(journal.append(child, [settled("run_c:3", spent=Spend(tool_calls=1, microusd=10))]))
    ended = ChildEnded("ask", "run_c", "succeeded", None)
    with pytest.raises(RuntimeError, match="before it has ended"):
        journal.append(parent, [ended])
    taken(journal.append(child, [RunEnded("succeeded", "", None, ())]))
    taken(journal.append(parent, [ended]))
    record = journal.read("run_a")
    assert (record.reserved, record.spent) == (NOTHING, Amount(1, 0, 1, 10))


def test_a_child_that_was_never_created_costs_nothing(journal: Journal, start: Start) -> None:
    parent = taken(journal.append(start(), [ChildStarted("ask", "run_c", "acme.child", "{}", SHARE)]))
    taken(journal.append(parent, [ChildEnded("ask", "run_c", "failed", None)]))
    record = journal.read("run_a")
    assert (record.reserved, record.spent) == (NOTHING, NOTHING)


def test_a_child_gets_no_more_than_was_carved_and_no_later_deadline(
    journal: Journal, start: Start, started: Started
) -> None:
    lease = start()
    child = started(agent="acme.child", parent="run_a", budget=SHARE)
    with pytest.raises(RuntimeError, match="has not started the child"):
        journal.create(NewRun("run_c", "one"), child)
    more = Budget(steps=3, model_calls=1, tool_calls=2, microusd=400, milliseconds=60_000)
    with pytest.raises(RuntimeError, match="more than its parent set aside"):
        child_of(journal, lease, started, budget=more)
    later = started(agent="acme.child", parent="run_a", budget=SHARE, deadline_ms=1_060_001)
    with pytest.raises(RuntimeError, match="later deadline"):
        journal.create(NewRun("run_c", "one"), later)
    assert [one.run for one in journal.runs()] == ["run_a"]


def test_processes_that_race_for_one_budget_never_pass_it(path: Path, start: Start, journal: Journal) -> None:
    limit = 60
    start(budget=Budget(0, 0, limit, limit * 10, 60_000))
    worker = Path(__file__).with_name("spend_worker.py")
    processes = [
        subprocess.Popen(
            [sys.executable, str(worker), str(path), f"worker-{number}"], stdout=subprocess.PIPE, text=True
        )
        for number in range(4)
    ]
    taken_by_each = [int(process.communicate(timeout=60)[0]) for process in processes]
    record = journal.read("run_a")
    assert sum(taken_by_each) == limit
    assert (record.reserved.tool_calls, record.reserved.microusd) == (limit, limit * 10)
    assert len(journal.open_effects("run_a")) == limit
