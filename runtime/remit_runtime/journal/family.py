"""A run with the runs it handed work to, read from the journal as one value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from remit_runtime.errors import UsageError
from remit_runtime.journal.events import ChildStarted, RunStarted
from remit_runtime.journal.records import StoredEvent
from remit_runtime.journal.sqlite import Journal


@dataclass(frozen=True)
class Family:
    """The events of a run, and its children in the order in which they were started.

    `outermost` is the run that nobody handed off to, at the top of the family that this run belongs to.
    """

    run: str
    outermost: str
    events: tuple[StoredEvent, ...]
    children: tuple[Family, ...]

    @property
    def started(self) -> RunStarted:
        """The first event of the run.

        Raises:
            RuntimeError: the journal holds a run without it.
        """
        first = self.events[0].event
        if not isinstance(first, RunStarted):
            raise RuntimeError(f"run `{self.run}` does not begin with its first event")
        return first

    def members(self) -> Iterator[Family]:
        """The run itself, then each child with its own children."""
        yield self
        for child in self.children:
            yield from child.members()


def family_of(journal: Journal, run: str) -> Family:
    """A run and its children, each event verified against its chain.

    Raises:
        UsageError: there is no such run.
        JournalCorrupt: an event is missing or is not what was written.
    """
    return _read(journal, run, _outermost(journal, run))


def _outermost(journal: Journal, run: str) -> str:
    record = journal.read(run)
    while record.parent is not None:
        record = journal.read(record.parent)
    return record.run


def _read(journal: Journal, run: str, outermost: str) -> Family:
    events = tuple(journal.events(run))
    started = [one.event.child for one in events if isinstance(one.event, ChildStarted)]
    children = tuple(_read(journal, child, outermost) for child in started if _exists(journal, child))
    return Family(run, outermost, events, children)


def _exists(journal: Journal, run: str) -> bool:
    # A parent writes down that it starts a child before there is one.
    try:
        journal.read(run)
    except UsageError:
        return False
    return True
