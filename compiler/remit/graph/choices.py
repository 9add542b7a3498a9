"""Routes over what a decision may be: which are taken by no decision, and which decisions are taken by no route.

A decision is a combination of one value for each field. Every combination is a bit, so that what a route takes is one
number, and routes are compared by arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import NamedTuple, TypeAlias

MOST_COMBINATIONS = 4096
"""Combinations that are compared; of fields that have more nothing is said."""

Cube: TypeAlias = Mapping[str, int]
"""Combinations that agree on the value (by its number) of some fields, whatever the others are."""
Pattern: TypeAlias = Mapping[str, Sequence[int]]
"""What a route takes: of each field it speaks of one of these values."""


class Choices(NamedTuple):
    """The fields that routes speak of, each with the combinations in which it has each of its values."""

    all: int
    of: Mapping[str, tuple[int, ...]]


class Taken(NamedTuple):
    """What is left for each route when those before it have taken theirs, and in the end for none."""

    routes: tuple[int, ...]
    left: int


def choices(counts: Mapping[str, int]) -> Choices | None:
    """The combinations of fields that have so many values each; None where they are too many."""
    whole = prod(counts.values())
    if whole > MOST_COMBINATIONS:
        return None
    masks: dict[str, tuple[int, ...]] = {}
    stride = 1
    for name, count in counts.items():
        # A value of a field is there for `stride` combinations in a row, once in each `stride * count` of them.
        once = (1 << stride) - 1
        repeated = ((1 << whole) - 1) // ((1 << stride * count) - 1) if count else 0
        masks[name] = tuple((once << index * stride) * repeated for index in range(count))
        stride *= count
    return Choices((1 << whole) - 1, masks)


def combinations(of: Choices, pattern: Pattern) -> int:
    """The combinations that a pattern holds for."""
    found = of.all
    for name, values in pattern.items():
        some = 0
        for value in values:
            some |= of.of[name][value]
        found &= some
    return found


def taken(of: Choices, patterns: Sequence[Pattern]) -> Taken:
    """The combinations that each route takes, the first that holds, and those that none takes."""
    left = of.all
    routes: list[int] = []
    for pattern in patterns:
        mine = combinations(of, pattern) & left
        routes.append(mine)
        left &= ~mine
    return Taken(tuple(routes), left)


def cubes(of: Choices, some: int) -> Iterator[Cube]:
    """Combinations in few words: each cube leaves out every field that makes no difference."""
    left = some
    while left:
        lowest = left & -left
        cube = {
            name: next(index for index, mask in enumerate(masks) if mask & lowest)
            for name, masks in of.of.items()
        }
        for name in of.of:
            wider = {other: value for other, value in cube.items() if other != name}
            if not _together(of, wider) & ~some:
                cube = wider
        yield cube
        left &= ~_together(of, cube)


def _together(of: Choices, cube: Cube) -> int:
    return combinations(of, {name: (value,) for name, value in cube.items()})
