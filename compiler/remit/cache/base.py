"""The base: one whole check, unit by unit, from which a later check takes what did not change.

It holds of each definition file what others may look up in it, what was found in it, and what that hangs on. It is
read piece by piece: a check after one change needs a small part of it.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from remit.cache.pieces import joined, parted
from remit.cache.scan import ROW_BYTES, Scan
from remit.cache.store import Store
from remit.cache.told import DIGEST_BYTES, NO_DIGEST
from remit.diagnostic import Diagnostic, Edit, Note
from remit.source import Position, Span

FILE = "base"
_PIECES = 14


class Unit(NamedTuple):
    """A definition file as it was judged: its facts in JSON, the numbers of its lookups, and what was found."""

    path: str
    facts: bytes
    lookups: array[int]
    found: tuple[Diagnostic, ...]


class Base:
    """A base that was read back. Everything in it has been authenticated, so it is as we wrote it."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces

    @property
    def compiler(self) -> bytes:
        """The fingerprint of the compiler that made it."""
        return self._pieces[0]

    # ---- files

    @cached_property
    def names(self) -> list[bytes]:
        """The names of the files, sorted."""
        return self._pieces[1].split(b"\0") if self._pieces[1] else []

    def row(self, index: int) -> bytes:
        """How a file lay on disk."""
        return self._pieces[2][index * ROW_BYTES : (index + 1) * ROW_BYTES]

    def digest(self, index: int) -> bytes:
        """The digest of a file that was read, else `NO_DIGEST`."""
        return self._pieces[3][index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]

    @cached_property
    def racy(self) -> frozenset[int]:
        """The files that may have changed without a trace since they were read."""
        return frozenset(_numbers(self._pieces[4]))

    @cached_property
    def also(self) -> frozenset[bytes]:
        """The files outside of the folders of definitions that were looked up."""
        return frozenset(self._pieces[5].split(b"\0") if self._pieces[5] else ())

    # ---- units

    @cached_property
    def units(self) -> list[str]:
        """The paths of the definition files, sorted, those of the libraries among them."""
        return self._pieces[6].decode().split("\0") if self._pieces[6] else []

    def number(self, path: str) -> int | None:
        """The number of the unit at a path."""
        at = bisect_left(self.units, path)
        return at if at < len(self.units) and self.units[at] == path else None

    @cached_property
    def _fact_ends(self) -> array[int]:
        return _numbers(self._pieces[7])

    def facts(self, unit: int) -> bytes:
        """The facts of a unit, in JSON."""
        start = self._fact_ends[unit - 1] if unit else 0
        return self._pieces[8][start : self._fact_ends[unit]]

    @cached_property
    def tables(self) -> dict[str, Any]:
        """What is asked of the facts of all units, by the name of the table."""
        tables: dict[str, Any] = json.loads(self._pieces[9])
        return tables

    @cached_property
    def found(self) -> dict[str, tuple[Diagnostic, ...]]:
        """What was found, by the path of the unit."""
        stored = json.loads(self._pieces[10])
        return {path: tuple(map(_diagnostic, found)) for path, found in stored.items()}

    # ---- lookups

    @cached_property
    def lookups(self) -> list[str]:
        """Everything that was looked up, as `question:name`."""
        lookups: list[str] = json.loads(self._pieces[11])
        return lookups

    @cached_property
    def _numbers_of_lookups(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.lookups)}

    @cached_property
    def _by_unit(self) -> tuple[array[int], array[int]]:
        return _rows(self._pieces[12])

    def lookups_of(self, unit: int) -> array[int]:
        """The numbers of what was looked up for a unit."""
        ends, values = self._by_unit
        return values[ends[unit - 1] if unit else 0 : ends[unit]]

    @cached_property
    def _by_lookup(self) -> tuple[array[int], array[int]]:
        return _rows(self._pieces[13])

    def units_with(self, lookup: str) -> Sequence[int]:
        """The units that hang on an answer."""
        number = self._numbers_of_lookups.get(lookup)
        if number is None:
            return ()
        ends, values = self._by_lookup
        return values[ends[number - 1] if number else 0 : ends[number]]


def load(store: Store, compiler: bytes) -> Base | None:
    """The base of a repository, None where there is none that this compiler made."""
    data = store.read(FILE)
    pieces = None if data is None else parted(data, _PIECES)
    return None if pieces is None or pieces[0] != compiler else Base(pieces)


def save(
    store: Store,
    compiler: bytes,
    scan: Scan,
    digests: Mapping[bytes, bytes],
    racy: Iterable[int],
    also: Iterable[bytes],
    units: Sequence[Unit],
    tables: Mapping[str, Any],
    lookups: Sequence[str],
) -> bool:
    """Remembers a whole check; whether it could. `units` are sorted by path, `digests` are of files that were read."""
    by_lookup: list[array[int]] = [array("I") for _ in lookups]
    for number, unit in enumerate(units):
        for lookup in unit.lookups:
            by_lookup[lookup].append(number)
    found = {unit.path: [_plain(one) for one in unit.found] for unit in units if unit.found}
    return store.write(
        FILE,
        joined(
            [
                compiler,
                b"\0".join(scan.names),
                b"".join(scan.rows),
                b"".join(digests.get(name, NO_DIGEST) for name in scan.names),
                array("I", racy).tobytes(),
                b"\0".join(sorted(also)),
                "\0".join(unit.path for unit in units).encode(),
                _ends(len(unit.facts) for unit in units).tobytes(),
                b"".join(unit.facts for unit in units),
                json.dumps(tables, separators=(",", ":")).encode(),
                json.dumps(found, separators=(",", ":")).encode(),
                json.dumps(lookups, separators=(",", ":")).encode(),
                _rows_bytes([unit.lookups for unit in units]),
                _rows_bytes(by_lookup),
            ]
        ),
    )


# ---- numbers


def _numbers(data: bytes) -> array[int]:
    found: array[int] = array("I")
    found.frombytes(data)
    return found


def _ends(lengths: Iterable[int]) -> array[int]:
    ends: array[int] = array("I")
    end = 0
    for length in lengths:
        end += length
        ends.append(end)
    return ends


def _rows_bytes(rows: Sequence[array[int]]) -> bytes:
    ends = _ends(map(len, rows))
    return b"".join([len(rows).to_bytes(4, "little"), ends.tobytes(), *(row.tobytes() for row in rows)])


def _rows(data: bytes) -> tuple[array[int], array[int]]:
    count = int.from_bytes(data[:4], "little")
    ends = _numbers(data[4 : 4 + 4 * count])
    return ends, _numbers(data[4 + 4 * count :])


# ---- findings


def _plain(one: Diagnostic) -> list[Any]:
    return [
        one.code,
        one.name,
        one.severity,
        _plain_span(one.span),
        one.message,
        [[note.message, None if note.span is None else _plain_span(note.span)] for note in one.notes],
        one.help,
        [[_plain_span(edit.span), edit.new, edit.old] for edit in one.edits],
    ]


def _plain_span(span: Span) -> list[Any]:
    return [span.path, *span.start, *span.end]


def _diagnostic(plain: Sequence[Any]) -> Diagnostic:
    code, name, severity, span, message, notes, advice, edits = plain
    return Diagnostic(
        code,
        name,
        severity,
        _span(span),
        message,
        tuple(Note(said, None if place is None else _span(place)) for said, place in notes),
        advice,
        tuple(Edit(_span(place), new, old) for place, new, old in edits),
    )


def _span(plain: Sequence[Any]) -> Span:
    path, line, column, end_line, end_column = plain
    return Span(path, Position(line, column), Position(end_line, end_column))
