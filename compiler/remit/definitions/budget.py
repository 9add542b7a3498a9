"""Budgets: what a run may use at most, and what narrows it."""

from decimal import Decimal

from remit.definitions.words import Count, Maybe, Minutes, Part, Positive, Usd, micro, milli


class Budget(Part):
    """The limits of one run of an agent; a key left out has the default of `apiVersion`."""

    steps: Positive = 60
    model_calls: Count = 8
    tool_calls: Count = 20
    usd: Usd = Decimal("0.50")
    minutes: Minutes = Decimal(5)

    @property
    def microusd(self) -> int:
        """The money in micro-US-dollars."""
        return micro(self.usd)

    @property
    def milliseconds(self) -> int:
        """The time in milliseconds."""
        return milli(self.minutes)


class PartialBudget(Part):
    """Limits of a Tenant, an Environment or a handoff: what is left out (None) does not narrow."""

    steps: Maybe[Positive] = None
    model_calls: Maybe[Count] = None
    tool_calls: Maybe[Count] = None
    usd: Maybe[Usd] = None
    minutes: Maybe[Minutes] = None

    @property
    def microusd(self) -> int | None:
        """The money in micro-US-dollars, None where it is not limited."""
        return None if self.usd is None else micro(self.usd)

    @property
    def milliseconds(self) -> int | None:
        """The time in milliseconds, None where it is not limited."""
        return None if self.minutes is None else milli(self.minutes)


def default_budget() -> Budget:
    """The budget of an agent that states none."""
    return Budget.model_validate({})
