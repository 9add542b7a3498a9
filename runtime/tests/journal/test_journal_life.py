"""The laws of a run's life against every order of acts that hypothesis can think of, and against many threads."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from remit_runtime.bundle.graph import Budget
from remit_runtime.canonical import digest_of
from remit_runtime.journal.events import (
    ModelIntended,
    ModelSettled,
    OutputAccepted,
    RunEnded,
    RunEvent,
    RunStarted,
    Spend,
    StateEntered,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.journal.ledger import NOTHING, Amount, Ledger, charge_of, reserved_by, steps_of
from remit_runtime.journal.records import Appended, Lease, NewRun, Refused, Scope, Verified, next_call
from remit_runtime.journal.sqlite import Journal

D = digest_of(b"{}")
BUDGET = Budget(steps=4, model_calls=3, tool_calls=3, microusd=40, milliseconds=100)
LIMITS = Amount(4, 3, 3, 40)
MOVING = (StateEntered, ModelIntended, ToolDecided, ToolIntended)
OUTCOMES = (ModelSettled, ToolSettled)

spends = st.builds(Spend, st.integers(0, 1), st.integers(0, 1), st.integers(0, 15))
acts = st.one_of(
    st.tuples(st.just("step")),
    st.tuples(st.just("model"), spends),
    st.tuples(st.just("tool"), spends),
    st.tuples(st.just("settle"), st.integers(0, 3), spends, st.sampled_from(["ok", "error", "unknown"])),
    st.tuples(st.just("accept")),
    st.tuples(st.just("end"), st.sampled_from(["succeeded", "failed", "cancelled", "killed", "expired"])),
    st.tuples(st.just("claim")),
    st.tuples(st.just("stale")),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("kill")),
    st.tuples(st.just("halt")),
    st.tuples(st.just("lift")),
    st.tuples(st.just("wait")),
    st.tuples(st.just("sweep")),
)


class Life:
    """One run, the leases somebody may still hold of it, and the calls somebody may still report on."""

    def __init__(self, path: Path) -> None:
        self.now = 1_000
        self.journal = Journal.open(path, lambda: self.now)
        first = RunStarted(
            "a.b", "1.0.0", D, D, "dev", "t", "{}", (), "os:ada", True, None, BUDGET, None, "scripted", 1_100
        )
        lease = self.journal.create(NewRun("run_a", "one", ttl_ms=0), first)
        assert isinstance(lease, Lease)
        self.lease = lease
        self.leases = [lease]
        self.begun: list[tuple[str, str]] = []

    def append(self, lease: Lease, events: list[RunEvent]) -> None:
        """Appends, and holds the laws that show at this one append."""
        before = self.journal.read("run_a")
        stop = self.journal.stop("run_a")
        result = self.journal.append(lease, events)
        outcome = any(isinstance(event, OUTCOMES) for event in events)
        after = self.journal.read("run_a")
        if isinstance(result, Appended):
            assert after.seq == before.seq + len(events)
            assert before.status != "ended"
            assert stop is None or not any(isinstance(event, MOVING) for event in events)
            self.lease = result.lease
            self.leases.append(result.lease)
        else:
            assert after == before
            assert result.late == outcome
        if outcome:
            assert isinstance(result, Appended) or result.reason in ("fenced", "ended", "settled")

    def act(self, act: tuple[Any, ...]) -> None:
        lease = self.lease
        match act:
            case ("step",):
                self.append(lease, [StateEntered("s", 1)])
            case ("accept",):
                self.append(lease, [OutputAccepted("s", "ok", "1", "s")])
            case ("model", spend):
                self._begin("model", lease, [ModelIntended(next_call(lease), "s", "m", 1, D, spend)])
            case ("tool", spend):
                self._begin("tool", lease, tool_call(next_call(lease), spend))
            case ("settle", index, spend, outcome):
                self._settle(index, spend, outcome)
            case ("end", reason):
                self.append(lease, [RunEnded(reason, "", None, ())])
            case ("stale",):
                self.append(self.leases[0], [StateEntered("s", 1)])
            case _:
                self._outside(act[0])

    def _begin(self, kind: str, lease: Lease, events: list[RunEvent]) -> None:
        self.append(lease, events)
        if self.lease != lease:
            self.begun.append((kind, next_call(lease)))

    def _settle(self, index: int, spend: Spend, outcome: Any) -> None:
        if self.begun:
            kind, call = self.begun[index % len(self.begun)]
            holder = self.leases[-1 - index % len(self.leases)]
            event: RunEvent
            if kind == "tool":
                event = ToolSettled(call, "s", "git.log", outcome, None, None, None, (), spend)
            else:
                tokens = None if outcome == "unknown" else 1
                told: Literal["ok", "error"] = "ok" if outcome == "ok" else "error"
                event = ModelSettled(call, "s", told, None, None, tokens, tokens, spend)
            self.append(holder, [event])

    def _outside(self, act: str) -> None:
        journal = self.journal
        if act == "claim":
            claimed = journal.claim("run_a", "two", ttl_ms=0)
            if isinstance(claimed, Lease):
                self.lease = claimed
                self.leases.append(claimed)
        elif act == "wait":
            self.now += 40
        else:
            everything = Scope("everything")
            outside: dict[str, Callable[[], object]] = {
                "cancel": lambda: journal.request_cancel("run_a", "os:bob"),
                "kill": lambda: journal.kill(everything, "os:bob", ""),
                "halt": lambda: journal.halt(everything, "os:bob", ""),
                "lift": lambda: journal.lift(everything, "os:bob", ""),
                "sweep": lambda: journal.sweep("sweeper"),
            }
            outside[act]()


def tool_call(call: str, spend: Spend) -> list[RunEvent]:
    return [
        ToolDecided(
            call, "s", "git.log", "{}", D, None, None, (), "allow", "policy", "permitted", "", (), (), None
        ),
        ToolIntended(call, "s", "git.log", spend, "none"),
    ]


def refolded(events: list[RunEvent]) -> Ledger:
    """The ledger as the events alone give it."""
    spent, overrun = NOTHING, NOTHING
    begun: dict[str, Amount] = {}
    for event in events:
        spent += steps_of([event])
        if isinstance(event, ModelIntended | ToolIntended):
            begun[event.call] = reserved_by(event)
        if isinstance(event, ModelSettled | ToolSettled):
            reserved = begun.pop(event.call)
            charged = charge_of(event, reserved)
            spent += charged
            overrun += charged.beyond(reserved)
        if isinstance(event, RunEnded):
            spent = sum(begun.values(), spent)
            begun = {}
    return Ledger(LIMITS, sum(begun.values(), NOTHING), spent, overrun)


def check_laws(life: Life) -> None:
    journal = life.journal
    record = journal.read("run_a")
    events = [stored.event for stored in journal.events("run_a")]
    assert isinstance(journal.verify(), Verified)
    assert isinstance(journal.verify_audit(), Verified)
    ends = [index for index, event in enumerate(events) if isinstance(event, RunEnded)]
    assert ends in ([], [len(events) - 1])
    assert (record.status == "ended") == bool(ends)
    assert Ledger(LIMITS, record.reserved, record.spent, record.overrun) == refolded(events)
    within = (record.spent + record.reserved).beyond(LIMITS)
    assert within.beyond(record.overrun) == NOTHING
    settled = Counter(event.call for event in events if isinstance(event, ModelSettled | ToolSettled))
    assert set(settled.values()) <= {1}
    begun = {event.call for event in events if isinstance(event, ModelIntended | ToolIntended)}
    open_calls = {effect.call for effect in journal.open_effects("run_a")}
    assert open_calls == (set() if ends else begun - set(settled))
    rows = Counter(row.event for row in journal.audit_rows("run_a"))
    for kind in (
        "tool_decided",
        "tool_intended",
        "tool_settled",
        "model_intended",
        "model_settled",
        "run_ended",
    ):
        assert rows[kind] == sum(event.__struct_config__.tag == kind for event in events)


@settings(max_examples=150, deadline=None)
@given(st.lists(acts, max_size=25))
def test_the_laws_hold_in_every_order_of_acts(order: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        life = Life(Path(folder) / "journal.db")
        try:
            for act in order:
                life.act(act)
            check_laws(life)
        finally:
            life.journal.close()


def test_threads_that_share_a_journal_never_pass_a_budget(tmp_path: Path) -> None:
    life = Life(tmp_path / "journal.db")
    results: list[Appended | Refused] = []

    def work() -> None:
        for _ in range(20):
            lease = life.journal.claim("run_a", "one", ttl_ms=0)
            if isinstance(lease, Lease):
                results.append(life.journal.append(lease, tool_call(next_call(lease), Spend(tool_calls=1))))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 160
    assert sum(isinstance(result, Appended) for result in results) == 3
    check_laws(life)
    life.journal.close()
