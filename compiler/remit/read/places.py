"""Where every key and value of a document stands: a walk over its events that is made at the first question.

Most files are good and nobody asks; to keep the places of all would cost as much as to read them.
"""

from functools import cached_property
from typing import Any, Final

from remit.read.events import Event, Events, events_of_clib

Path = tuple[str | int, ...]
"""Keys and indices from the root of a document to a value in it."""
Place = tuple[int, int, int, int]
"""Start line, start column, end line, end column, each from 0 as the parser counts them."""

MAX_DEPTH = 64
MAX_EVENTS = 50_000
"""Scalars, collections and their ends in one file."""

_NOWHERE: Final = (0, 0, 0, 0)


class Places:
    """The places of the first document in `content`, which is text that the parser takes as it stands."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def key(self, path: Path) -> Place:
        """The place of the key that leads to `path` (for a list item: the item), or of its nearest ancestor."""
        return self._nearest(path)[0]

    def value(self, path: Path) -> Place:
        """The place of the value at `path`, or of its nearest ancestor."""
        return self._nearest(path)[1]

    @cached_property
    def found(self) -> dict[Path, tuple[Place, Place]]:
        """The places of the key and of the value of every path."""
        return _Walk().over(self.content)

    def _nearest(self, path: Path) -> tuple[Place, Place]:
        while path and path not in self.found:
            path = path[:-1]
        return self.found.get(path, (_NOWHERE, _NOWHERE))


def place_of(event: Event) -> Place:
    """The place of an event; that of a mapping or list is its first character or bracket."""
    start, end = event.start_mark, event.end_mark
    return (start.line, start.column, end.line, end.column)


class _Open:
    """A mapping or list that has not ended. `path` is None where the builder drops what stands there."""

    def __init__(self, path: Path | None, key_place: Place | None, start: Place, *, is_mapping: bool) -> None:
        self.path = path
        self.key_place = key_place
        self.start = start
        self.is_mapping = is_mapping
        self.names: set[str] = set()
        self.count = 0
        self.waiting: tuple[Path | None, Place] | None = None
        """The key of a mapping whose value comes next."""

    def child(self, step: str | int) -> Path | None:
        return None if self.path is None else (*self.path, step)


class _Walk:
    """A walk over the events of a document, which takes and drops what the builder takes and drops."""

    def __init__(self) -> None:
        self.found: dict[Path, tuple[Place, Place]] = {}
        self.stack: list[_Open] = []
        self.last: Place = _NOWHERE

    def over(self, content: bytes) -> dict[Path, tuple[Place, Place]]:
        clib = events_of_clib()
        next_event = clib.parser(content).get_event
        try:
            for _ in range(MAX_EVENTS):
                event = next_event()
                if self.is_over(event, clib):
                    break
        except clib.error as error:
            mark = getattr(error, "problem_mark", None)
            if mark is not None:
                self.last = (mark.line, mark.column, mark.line, mark.column)
        while self.stack:  # cut short: what is open ends where reading stopped
            self.end_open()
        return self.found

    def is_over(self, event: Any, clib: Events) -> bool:
        """Takes one event, and says whether it ends the document."""
        kind = event.__class__
        if kind is clib.scalar or kind is clib.alias:
            self.put(event, event.value if kind is clib.scalar else None)
        elif kind is clib.mapping_start or kind is clib.sequence_start:
            if len(self.stack) == MAX_DEPTH:
                self.last = place_of(event)
                return True
            self.open(event, is_mapping=kind is clib.mapping_start)
        elif kind is clib.mapping_end or kind is clib.sequence_end:
            self.close(event)
        return kind is clib.document_end or kind is clib.stream_end

    def put(self, event: Event, name: str | None) -> None:
        """Takes a scalar or an alias, which has no name as a key."""
        self.last = place = place_of(event)
        slot = self.slot(place, name)
        if slot is not None:
            self.record(*slot, place)

    def open(self, event: Event, *, is_mapping: bool) -> None:
        place = place_of(event)
        path, key_place = self.slot(place, None) or (None, None)
        self.stack.append(_Open(path, key_place, place, is_mapping=is_mapping))

    def close(self, event: Event) -> None:
        """Ends the open mapping or list: at its bracket, or, a block having none, after its last scalar."""
        end = event.end_mark
        if end.index > event.start_mark.index:
            self.last = (end.line, end.column, end.line, end.column)
        self.end_open()

    def end_open(self) -> None:
        ended = self.stack.pop()
        self.record(ended.path, ended.key_place, (*ended.start[:2], *self.last[2:]))

    def slot(self, place: Place, name: str | None) -> tuple[Path | None, Place | None] | None:
        """The path of the value at `place` and the place of its key, or None where it is a key itself."""
        if not self.stack:
            return (), None
        here = self.stack[-1]
        if not here.is_mapping:
            here.count += 1
            return here.child(here.count - 1), None
        if here.waiting is not None:
            slot, here.waiting = here.waiting, None
            return slot
        is_kept = name is not None and name not in here.names
        here.waiting = (here.child(name) if name is not None and is_kept else None, place)
        if name is not None:
            here.names.add(name)
        return None

    def record(self, path: Path | None, key_place: Place | None, place: Place) -> None:
        if path is not None:
            self.found[path] = (key_place or place, place)
