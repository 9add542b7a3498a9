"""What an answer is made of: sentences, each with the events that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from remit_runtime.journal.family import Family
from remit_runtime.journal.records import StoredEvent
from remit_runtime.models.json_text import Json
from remit_runtime.run.wording import one_json, one_line

NOT_CUT = 2**31


@dataclass(frozen=True)
class Fact:
    """One sentence, the events it was read from as `run:seq`, and its values by name."""

    run: str
    events: tuple[str, ...]
    text: str
    data: Mapping[str, Json]


@dataclass(frozen=True)
class Answer:
    """One question with its facts, of which there is at least one. `applies` is false where the one fact is why not."""

    number: int
    question: str
    applies: bool
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Wording:
    """How values stand in sentences: cut after `limit` characters, and rules with their file and line."""

    limit: int
    places: Mapping[str, str]

    def line(self, text: str) -> str:
        """Text from outside, on one line."""
        return one_line(text, self.limit)

    def json(self, text: str) -> str:
        """JSON text from outside, on one line."""
        return one_json(text, self.limit)

    def rule(self, rule: str) -> str:
        """A rule with its place, where that is known."""
        place = self.places.get(rule)
        return f"`{rule}`" if place is None else f"`{rule}` at {place}"


def fact(of: Family, stored: StoredEvent | tuple[StoredEvent, ...], text: str, **data: Json) -> Fact:
    """A fact read from one event or several of a run; values that are None are left out of its data."""
    read = stored if isinstance(stored, tuple) else (stored,)
    if not read:
        raise RuntimeError("a fact is read from at least one event")
    cites = tuple(f"{one.run}:{one.seq}" for one in read)
    return Fact(of.run, cites, text, {name: value for name, value in data.items() if value is not None})
