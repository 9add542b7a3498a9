"""Places in source files: what every diagnostic points at.

Paths are POSIX strings relative to the root of the repository, so that output is the same on every machine.
Files of the shipped library have paths such as `std@1/tools/git/log.yaml`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple


class Position(NamedTuple):
    """A line and a column, both from 1; columns count code points, as editors do."""

    line: int
    column: int


class Span(NamedTuple):
    """The text of one file from `start` up to, not including, `end`."""

    path: str
    start: Position
    end: Position


def whole_file(path: str) -> Span:
    """The span for a finding about a file as such: its first position, no width."""
    return Span(path, Position(1, 1), Position(1, 1))


def span_at(path: str, line: int, column: int, width: int = 0) -> Span:
    """A span on one line, `width` code points wide."""
    return Span(path, Position(line, column), Position(line, column + width))


@dataclass(frozen=True)
class SourceFile:
    """A file that diagnostics may quote; its text is decoded and split only when a report asks for a line."""

    path: str
    content: bytes

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines without their ends (LF, CRLF or CR, as in YAML 1.2 section 5.4); bad UTF-8 shows as U+FFFD.

        Text in UTF-16 has none: its bytes would say nothing to a reader.
        """
        if self.content.startswith((b"\xff\xfe", b"\xfe\xff")):
            return ()
        text = self.content.decode("utf-8", errors="replace").removeprefix("\ufeff")
        return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))

    def line(self, number: int) -> str | None:
        """The text of line `number` (from 1), or None where the file has no such line."""
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else None


Sources = Callable[[str], SourceFile | None]
"""Finds the file of a path for quoting; None when it cannot be quoted (too large, not a file, not there)."""
