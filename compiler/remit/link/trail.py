"""The trail: what was looked up while something was judged, so that it is judged again when an answer changes."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Literal, TypeAlias

Question = Literal[
    "file",  # the bytes of a file of the repository, or why there are none
    "folder",  # the names below a folder
    "symbol",  # the file that defines a kind and id
    "ids",  # the ids of a kind
    "of",  # the definitions of a kind
    "holds",  # whether a kind has any id
    "users",  # the places that name a kind and id
    "asking",  # the agents that name the graph in a file
    "handoffs",  # the agents that an agent hands off to
    "words",  # the capabilities, hosts and facts that tools and policies declare; whether every file was taken
]
"""What can be looked up of other files."""


Lookup: TypeAlias = tuple[Question, str]
"""One thing that was looked up: what of it, and its path, its kind, or its kind and id with `/` between."""


class Trail:
    """Notes every lookup while it is followed; blocks may stand in each other, and an outer one notes all of it."""

    def __init__(self) -> None:
        self._notes: set[Lookup] | None = None

    @property
    def is_followed(self) -> bool:
        """Whether somebody wants to know what is looked up."""
        return self._notes is not None

    def note(self, question: Question, name: str) -> None:
        """Notes one lookup, if it is wanted."""
        if self._notes is not None:
            self._notes.add((question, name))

    def note_all(self, lookups: frozenset[Lookup]) -> None:
        """Notes what a result that is at hand already was made of."""
        if self._notes is not None:
            self._notes |= lookups

    @contextmanager
    def followed(self) -> Generator[set[Lookup]]:
        """Fills a set with what is looked up within the block."""
        outer, inner = self._notes, set[Lookup]()
        self._notes = inner
        try:
            yield inner
        finally:
            self._notes = outer
            if outer is not None:
                outer |= inner
