"""The arithmetic of budgets: what an event asks for, what it is charged, and that no limit is passed by one unit.

Integers only, pure functions only: the store reads a `Ledger`, asks here, and writes what comes back. Money is in
micro-US-dollars. Time is no amount: the limit of milliseconds is the run's deadline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from remit_runtime.bundle.graph import Budget
from remit_runtime.canonical import MAX_INTEGER
from remit_runtime.journal.events import (
    ChildStarted,
    ModelIntended,
    ModelSettled,
    RunEvent,
    Spend,
    StateEntered,
    ToolIntended,
    ToolSettled,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """Four counts that belong together. Sums stop at 2^53 - 1, which is above every limit."""

    steps: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    microusd: int = 0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            min(self.steps + other.steps, MAX_INTEGER),
            min(self.model_calls + other.model_calls, MAX_INTEGER),
            min(self.tool_calls + other.tool_calls, MAX_INTEGER),
            min(self.microusd + other.microusd, MAX_INTEGER),
        )

    def beyond(self, other: Amount) -> Amount:
        """What this has above the other in each count, never less than zero."""
        return Amount(
            max(self.steps - other.steps, 0),
            max(self.model_calls - other.model_calls, 0),
            max(self.tool_calls - other.tool_calls, 0),
            max(self.microusd - other.microusd, 0),
        )

    def at_least(self, other: Amount) -> Amount:
        """The larger of the two in each count."""
        return Amount(
            max(self.steps, other.steps),
            max(self.model_calls, other.model_calls),
            max(self.tool_calls, other.tool_calls),
            max(self.microusd, other.microusd),
        )


NOTHING = Amount()


@dataclass(frozen=True, slots=True)
class Ledger:
    """A run's limits and what stands against them. `overrun` is what settled calls used above their reservation."""

    limits: Amount
    reserved: Amount = NOTHING
    spent: Amount = NOTHING
    overrun: Amount = NOTHING


def amount_of_budget(budget: Budget) -> Amount:
    """The counted limits of a budget; its milliseconds are kept as the deadline."""
    return Amount(budget.steps, budget.model_calls, budget.tool_calls, budget.microusd)


def amount_of_spend(spend: Spend) -> Amount:
    """A call's spend as an amount.

    Raises:
        RuntimeError: a count is negative or above 2^53 - 1.
    """
    if not (
        0 <= spend.model_calls <= MAX_INTEGER
        and 0 <= spend.tool_calls <= MAX_INTEGER
        and 0 <= spend.microusd <= MAX_INTEGER
    ):
        raise RuntimeError(f"a spend is counted in whole numbers from 0 to 2^53 - 1, not {spend!r}")
    return Amount(0, spend.model_calls, spend.tool_calls, spend.microusd)


def reserved_by(event: RunEvent) -> Amount:
    """What an event sets aside until its outcome: a call's reservation, or a child's whole budget."""
    match event:
        case ModelIntended() | ToolIntended():
            return amount_of_spend(event.reserved)
        case ChildStarted():
            return amount_of_budget(event.budget)
        case _:
            return NOTHING


def steps_of(events: Sequence[RunEvent]) -> Amount:
    """The steps that events use at once: one for each state entered."""
    return Amount(steps=sum(isinstance(event, StateEntered) for event in events))


def limit_passed(ledger: Ledger, ask: Amount) -> str | None:
    """The first limit that spent + reserved + ask would pass, or None when every one holds.

    A count that asks for nothing is not refused, so that an overrun in money does not stop a step that costs none.
    """
    for unit in ("model_calls", "tool_calls", "microusd", "steps"):
        asked: int = getattr(ask, unit)
        used: int = getattr(ledger.spent, unit) + getattr(ledger.reserved, unit)
        if asked > 0 and used + asked > getattr(ledger.limits, unit):
            return unit
    return None


def with_reserved(ledger: Ledger, ask: Amount, steps: Amount) -> Ledger:
    """The ledger after an append whose `ask` is set aside and whose `steps` are used."""
    return Ledger(ledger.limits, ledger.reserved + ask, ledger.spent + steps, ledger.overrun)


def with_charged(ledger: Ledger, reserved: Amount, charged: Amount) -> Ledger:
    """The ledger after a reservation is released and what was really used is charged, even above it."""
    return Ledger(
        ledger.limits,
        ledger.reserved.beyond(reserved),
        ledger.spent + charged,
        ledger.overrun + charged.beyond(reserved),
    )


def charge_of(event: ModelSettled | ToolSettled, reserved: Amount) -> Amount:
    """What an outcome costs: what it reports, and at least the reservation when the usage is unknown."""
    reported = amount_of_spend(event.spent)
    if isinstance(event, ToolSettled):
        unknown = event.outcome == "unknown"
    else:
        unknown = event.input_tokens is None or event.output_tokens is None
    return reported.at_least(reserved) if unknown else reported
