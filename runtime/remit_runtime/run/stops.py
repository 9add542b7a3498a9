"""What a refusal of the journal means for the run that asked: how it ends, or that it waits."""

from __future__ import annotations

from remit_runtime.journal.records import Refused
from remit_runtime.run.effects import Finish, Wait

_LIMITS = {
    "steps": "steps",
    "model_calls": "model calls",
    "tool_calls": "tool calls",
    "microusd": "money",
}


def stop_after(refused: Refused) -> Finish | Wait | None:
    """The end or the pause that a refusal asks for, or None where the run is no longer this worker's."""
    match refused.reason:
        case "over_budget":
            return Finish(
                "budget_exhausted", f"the budget of {_LIMITS.get(refused.limit or '', 'the run')} is used up"
            )
        case "deadline":
            return Finish("expired", "the deadline of the run has passed")
        case "cancelled":
            return Finish("cancelled", f"cancelled by {refused.limit or 'an operator'}")
        case "killed":
            return Finish("killed", f"killed by {refused.limit or 'an operator'}")
        case "approval_spent":
            return Finish("failed", f"the approval {refused.limit or ''} cannot be used".replace("  ", " "))
        case "halted":
            return Wait("", "halted", f"halted by {refused.limit or 'an operator'}")
        case "fenced" | "leased" | "ended" | "settled" | "key_conflict":
            return None
