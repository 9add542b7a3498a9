"""Words that several parts of a bundle share: outcomes, effects, risks, and the form every part has."""

from __future__ import annotations

from typing import Literal

import msgspec

FORMAT = 0

Outcome = Literal["succeeded", "rejected", "failed"]
TerminalReason = Literal[
    "succeeded",
    "rejected",
    "failed",
    "cancelled",
    "killed",
    "expired",
    "budget_exhausted",
    "decision_invalid",
    "output_invalid",
    "audit_unavailable",
]
Effect = Literal["read", "write", "irreversible"]
Risk = Literal["low", "medium", "high", "critical"]
Autonomy = Literal["advisory", "propose", "act_with_approval", "autonomous"]


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A frozen part of a bundle that refuses unknown fields."""
