"""What waits for people: every open request and question of a run and its children, read from their events."""

from __future__ import annotations

from dataclasses import dataclass

from remit_runtime.journal.events import QuestionAsked, RunStarted
from remit_runtime.journal.records import RunRecord
from remit_runtime.journal.sqlite import Journal
from remit_runtime.run.asked import Asked
from remit_runtime.run.state import EMPTY, RunState, fold_all


@dataclass(frozen=True)
class PendingApproval:
    """A request for an approval that is not settled. `record` is the run that asks."""

    record: RunRecord
    started: RunStarted
    asked: Asked
    seq: int


@dataclass(frozen=True)
class PendingQuestion:
    """A question of a model that nobody has answered."""

    record: RunRecord
    started: RunStarted
    asked: QuestionAsked
    seq: int


Pending = PendingApproval | PendingQuestion


def pending_in(journal: Journal, run: str) -> tuple[Pending, ...]:
    """What a run and its children wait for, those of a run in the order in which it asked.

    Raises:
        UsageError: there is no such run.
        JournalCorrupt: the journal does not hold.
    """
    own = pending_of(journal, run)
    return (*own, *(one for child in journal.children(run) for one in _of_child(journal, child)))


def state_of(journal: Journal, run: str) -> RunState:
    """A run's state, folded from its verified events."""
    return fold_all(EMPTY, [stored.event for stored in journal.events(run)])


def _of_child(journal: Journal, child: str) -> tuple[Pending, ...]:
    # A child that its parent set a budget aside for may never have been created.
    return pending_in(journal, child) if journal.exists(child) else ()


def pending_of(journal: Journal, run: str) -> tuple[Pending, ...]:
    """What a run itself waits for, without its children.

    Raises:
        UsageError: there is no such run.
        JournalCorrupt: the journal does not hold.
    """
    record = journal.read(run)
    stored = journal.events(run)
    state = fold_all(EMPTY, [one.event for one in stored])
    if state.started is None or state.ended is not None:
        return ()
    seq = stored[-1].seq
    found: list[Pending] = []
    for token in state.tokens:
        found += [
            PendingApproval(record, state.started, one, seq)
            for one in token.wanted.asked
            if one.settled is None
        ]
        if isinstance(token.last, QuestionAsked):
            found.append(PendingQuestion(record, state.started, token.last, seq))
    return tuple(found)
