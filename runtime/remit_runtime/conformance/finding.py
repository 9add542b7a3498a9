"""What was found of one invariant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["holds", "violated", "not_applicable", "not_proven"]


@dataclass(frozen=True)
class Finding:
    """One invariant: its status, how many attempts were made, and the events or rows that show it.

    `reasons` say what is violated, not proven, or why it does not apply.
    """

    number: int
    invariant: str
    status: Status
    tried: int
    evidence: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass
class Attempts:
    """Attempts against one invariant as they are made."""

    tried: int = 0
    evidence: list[str] = field(default_factory=list[str])
    violated: list[str] = field(default_factory=list[str])
    unproven: list[str] = field(default_factory=list[str])

    def saw(self, held: bool, shown: str | None, otherwise: str) -> None:
        """Counts an attempt: where it held with what shows it, else with what happened instead."""
        self.tried += 1
        if not held:
            self.violated.append(otherwise)
        elif shown is not None:
            self.evidence.append(shown)


def found(number: int, invariant: str, attempts: Attempts, not_applicable: str = "") -> Finding:
    """The finding that attempts come to. `not_applicable` says why there was nothing to try, where there was not."""
    evidence = tuple(attempts.evidence)
    if attempts.violated:
        return Finding(number, invariant, "violated", attempts.tried, evidence, tuple(attempts.violated))
    if attempts.unproven:
        return Finding(number, invariant, "not_proven", attempts.tried, evidence, tuple(attempts.unproven))
    if not attempts.tried:
        reason = not_applicable or "nothing of it could be tried"
        status: Status = "not_applicable" if not_applicable else "not_proven"
        return Finding(number, invariant, status, 0, (), (reason,))
    return Finding(number, invariant, "holds", attempts.tried, evidence, ())
