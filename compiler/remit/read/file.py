"""What reading one file gives: its value, the place of every key and value, and what was wrong."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias

from remit.diagnostic import Fault
from remit.read.places import Path, Place, Places
from remit.source import Position, Span, whole_file

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | bool | Decimal | None"


class ReadFile(NamedTuple):
    """One file after reading.

    `complete` is false where reading stopped early (bad YAML, a limit): what is missing from `value` may well
    stand in the file, so nothing may be said about absent keys.
    """

    path: str
    value: Value
    complete: bool
    faults: tuple[Fault, ...]
    places: Places

    def value_span(self, path: Path) -> Span:
        """The place of the value at `path`, or of the deepest value on the way there that exists."""
        return span_of(self.path, self.places.value(path))

    def key_span(self, path: Path) -> Span:
        """The place of the key that leads to `path` (for a list item: the item), or of its nearest ancestor."""
        return span_of(self.path, self.places.key(path))

    def locate(self, steps: Sequence[str | int]) -> Path:
        """The path of `steps` without the elements that lead nowhere, such as the tag of a chosen union member."""
        found: list[str | int] = []
        value: Any = self.value
        for step in steps:
            if _has_child(value, step):
                value = value[step]
                found.append(step)
        return tuple(found)


def _has_child(value: Any, step: str | int) -> bool:
    if isinstance(step, str):
        return isinstance(value, dict) and step in value
    return isinstance(value, list) and 0 <= step < len(value)  # pyright: ignore[reportUnknownArgumentType]


def span_of(path: str, place: Place) -> Span:
    """The span, counted from 1, of a place counted from 0."""
    line, column, end_line, end_column = place
    return Span(path, Position(line + 1, column + 1), Position(end_line + 1, end_column + 1))


def nothing_read(path: str, fault: Fault) -> ReadFile:
    """A file of which nothing could be read, and why."""
    return ReadFile(path, None, complete=False, faults=(fault,), places=Places(b""))


def file_fault(kind: str, path: str, subject: str = "") -> Fault:
    """A fault of a file as such."""
    return Fault(kind, whole_file(path), subject)
