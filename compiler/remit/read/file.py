"""What reading one file gives: its value, the place of every key and value, and what was wrong."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from remit.diagnostic import Fault
from remit.source import Position, Span, whole_file

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | bool | Decimal | None"
Path = tuple[str | int, ...]
"""Keys and indices from the root of a document to a value in it."""

Place = tuple[int, int, int, int]
"""Start line, start column, end line, end column, each from 0 as the parser counts them."""
Places = dict[str | int, tuple[Place, Place]]
"""The places (key, value) of the children of one mapping, or of one list, whose items are their own keys."""


class ReadFile(NamedTuple):
    """One file after reading.

    `complete` is false where reading stopped early (bad YAML, a limit): what is missing from `value` may well
    stand in the file, so nothing may be said about absent keys. `places` is keyed by the identity of the mapping
    or list, which `value` keeps alive.
    """

    path: str
    value: Value
    complete: bool
    faults: tuple[Fault, ...]
    root: Place
    places: dict[int, Places]

    def value_span(self, path: Path) -> Span:
        """The place of the value at `path`, or of the deepest value on the way there that exists."""
        return self._span(path, 1)

    def key_span(self, path: Path) -> Span:
        """The place of the key that leads to `path` (for a list item: the item), or of its nearest ancestor."""
        return self._span(path, 0)

    def locate(self, steps: Sequence[str | int]) -> Path:
        """The path of `steps` without the elements that lead nowhere, such as the tag of a chosen union member."""
        found: list[str | int] = []
        value: Any = self.value
        for step in steps:
            if step in self.places.get(id(value), ()):
                value = value[step]
                found.append(step)
        return tuple(found)

    def _span(self, path: Path, side: int) -> Span:
        value: Any = self.value
        place = self.root
        for step in path:
            children = self.places.get(id(value), {})
            if step not in children:
                break
            value, place = value[step], children[step][side]
        return span_of(self.path, place)


def span_of(path: str, place: Place) -> Span:
    """The span, counted from 1, of a place counted from 0."""
    line, column, end_line, end_column = place
    return Span(path, Position(line + 1, column + 1), Position(end_line + 1, end_column + 1))


def nothing_read(path: str, fault: Fault) -> ReadFile:
    """A file of which nothing could be read, and why."""
    return ReadFile(path, None, complete=False, faults=(fault,), root=(0, 0, 0, 0), places={})


def file_fault(kind: str, path: str, subject: str = "") -> Fault:
    """A fault of a file as such."""
    return Fault(kind, whole_file(path), subject)
