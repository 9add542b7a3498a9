"""Suppressions: findings that somebody answers for until a day, as `remit.yaml` lists them.

A suppression hides the findings of one rule in one file. It does so only while it is whole: it says why, a Team
answers for it, and its last day is neither past nor more than a year ahead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from remit.definitions import Root
from remit.definitions.root import Suppression
from remit.diagnostic import Diagnostic, Suppressed
from remit.read import ReadFile
from remit.source import Span

LONGEST = timedelta(days=366)
"""How far ahead the last day of a suppression may lie."""

Standing = Literal["holds", "locked", "lacking", "too-long", "expired", "idle", "unknown"]
"""What a suppression is: it holds, or why it hides nothing."""


@dataclass(frozen=True)
class Suppressions:
    """The suppressions of a repository, each with its standing: what the rules about them look at."""

    file: ReadFile
    entries: tuple[Suppression, ...]
    standings: tuple[Standing, ...]

    def span(self, index: int, key: str = "") -> Span:
        """The place of one of them, or of the value of one of its keys."""
        at = ("suppressions", index, key) if key else ("suppressions", index, "rule")
        return self.file.value_span(at)


def suppress(
    root: Root,
    file: ReadFile,
    found: Sequence[Diagnostic],
    today: date,
    codes: Mapping[str, str],
    locked: Collection[str],
) -> tuple[tuple[Diagnostic, ...], tuple[Suppressed, ...], Suppressions]:
    """The findings that are left, those that are suppressed, and what each suppression is.

    `codes` are those of all rules by code and name, `locked` those that nothing hides.
    """
    standings: list[Standing] = [_standing(entry, today, codes, locked) for entry in root.suppressions]
    holds = {
        (codes[entry.rule], entry.path): index
        for index, entry in enumerate(root.suppressions)
        if standings[index] == "holds"
    }
    kept: list[Diagnostic] = []
    hidden: list[Suppressed] = []
    used: set[int] = set()
    for one in found:
        index = holds.get((one.code, one.span.path))
        if index is None:
            kept.append(one)
            continue
        used.add(index)
        entry = root.suppressions[index]
        hidden.append(Suppressed(one, entry.reason or "", entry.owner or "", entry.expires or ""))
    for index, standing in enumerate(standings):
        if standing == "holds" and index not in used:
            standings[index] = "idle"
    return tuple(kept), tuple(hidden), Suppressions(file, root.suppressions, tuple(standings))


def _standing(entry: Suppression, today: date, codes: Mapping[str, str], locked: Collection[str]) -> Standing:
    code = codes.get(entry.rule)
    if code is None:
        return "unknown"
    if code in locked:
        return "locked"
    if entry.reason is None or entry.owner is None or entry.expires is None:
        return "lacking"
    last = date.fromisoformat(entry.expires)
    if last < today:
        return "expired"
    return "too-long" if last > today + LONGEST else "holds"
