"""What states have given when a run is somewhere: the outputs that are certain there, and a way on which one is not.

An output is kept for the whole run, so what is certain at a place is what every path to it has passed. Branches of a
parallel state run side by side: each begins with what was certain before, and at the join all of them have ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

MOST_WALKED = 50_000
"""States and ways that are walked in the branches of one graph. Of branches that come later nothing is said."""


class Way(NamedTuple):
    """A way out of a state, and whether the state has given its output by then."""

    target: str
    gives: bool


class Fan(NamedTuple):
    """A parallel state: where each branch begins, and where the run goes on when each has reached it."""

    branches: Mapping[str, str]
    join: str


@dataclass(frozen=True)
class Ways:
    """Every way that a run can take: from a fan through its branches, from any other state as `ways` says."""

    start: str
    ways: Mapping[str, tuple[Way, ...]]
    fans: Mapping[str, Fan]


class Place(NamedTuple):
    """A state as a run is in it: on its own, or in a branch of a fan."""

    state: str
    fan: str = ""
    branch: str = ""


class Branch(NamedTuple):
    """What a branch alone makes certain: at its end, None where it never gets there, and at each of its states."""

    at_end: int | None
    inside: Mapping[str, int]


@dataclass(frozen=True)
class Given:
    """The outputs that are certain at each place that a run can be in, as sets of bits.

    `branches` are those of each fan by its name and theirs.
    """

    bits: Mapping[str, int]
    at: Mapping[Place, int]
    branches: Mapping[tuple[str, str], Branch]

    def lacks(self, place: Place, state: str) -> bool:
        """Whether a run can be at a place without an output of a state."""
        return not self.at[place] & self.bits[state]

    def names(self, place: Place) -> frozenset[str]:
        """The states that have given an output whenever a run is at a place."""
        certain = self.at[place]
        return frozenset(name for name, bit in self.bits.items() if certain & bit)


Exits = Mapping[str, tuple[tuple[str, int], ...]]
"""The targets of each state, each with the outputs that are given on the way to it."""


def given(ways: Ways) -> Given:
    """What is certain at each place.

    Bits make it linear in the ways for each round, and only tangled loops take more than two rounds.
    """
    bits = {name: 1 << index for index, name in enumerate((*ways.ways, *ways.fans))}
    exits = {
        name: tuple([(target, bits[name] if gives else 0) for target, gives in found])
        for name, found in ways.ways.items()
    }
    branches = dict(_branches(ways, bits, exits))
    joins = {name: _joined(ways, bits, branches, name) for name in ways.fans}
    alone = _certain(ways.start, {**exits, **joins}) if ways.start in bits else {}
    at = {Place(state): certain for state, certain in alone.items()}
    for (fan, branch), (_, inside) in branches.items():
        if fan in alone:
            at.update({Place(state, fan, branch): alone[fan] | own for state, own in inside.items()})
    return Given(bits, at, branches)


def _joined(
    ways: Ways, bits: Mapping[str, int], branches: Mapping[tuple[str, str], Branch], fan: str
) -> tuple[tuple[str, int], ...]:
    """The way of a fan to its join, by when all its branches have ended; none where one never gets there."""
    ends = [branches[fan, branch].at_end for branch in ways.fans[fan].branches]
    known = [end for end in ends if end is not None]
    return ((ways.fans[fan].join, _together((*known, bits[fan]))),) if len(known) == len(ends) else ()


def _together(outputs: Iterable[int]) -> int:
    found = 0
    for each in outputs:
        found |= each
    return found


def _branches(ways: Ways, bits: Mapping[str, int], exits: Exits) -> Iterator[tuple[tuple[str, str], Branch]]:
    """Every branch of every fan.

    Of one with a fan inside, which the language forbids, nothing is said: it counts as giving all there is.
    """
    walked = 0
    done: dict[tuple[str, str], Branch] = {}
    silent = Branch(_together(bits.values()), {})
    for fan, (starts, join) in ways.fans.items():
        for branch, start in starts.items():
            if (start, join) not in done:
                states = (
                    states_of_branch(ways, start, join) if walked <= MOST_WALKED else frozenset(ways.fans)
                )
                walked += len(states) + sum(len(ways.ways.get(state, ())) for state in states)
                is_open = walked <= MOST_WALKED and ways.fans.keys().isdisjoint(states)
                done[start, join] = _branch(exits, start, join) if is_open else silent
            yield (fan, branch), done[start, join]


def _branch(exits: Exits, start: str, join: str) -> Branch:
    if start == join:
        return Branch(0, {})
    found = _certain(start, {**exits, join: ()})
    return Branch(found.pop(join, None), found)


def states_of_branch(ways: Ways, start: str, join: str) -> frozenset[str]:
    """The states that a branch can be in before it reaches the join."""
    found = {start} - {join}
    waiting = list(found)
    while waiting:
        state = waiting.pop()
        fan = ways.fans.get(state)
        onward = [way.target for way in ways.ways.get(state, ())]
        for target in onward if fan is None else (*fan.branches.values(), fan.join):
            if target not in found and target != join:
                found.add(target)
                waiting.append(target)
    return frozenset(found)


def _certain(start: str, exits: Exits) -> dict[str, int]:
    """What every path from `start` has been given by the time it enters a state, for each state that is entered."""
    order = _order(start, exits)
    certain = {start: 0}
    changed = set(order)
    while changed:
        for state in order:
            # One that no state has led to yet is looked at again when one has.
            if state not in changed or state not in certain:
                continue
            changed.discard(state)
            here = certain[state]
            for target, gives in exits.get(state, ()):
                then = certain.get(target)
                now = here | gives if then is None else (here | gives) & then
                if now != then:
                    certain[target] = now
                    changed.add(target)
    return certain


def _order(start: str, exits: Exits) -> list[str]:
    """The states that are reached, each after those that lead to it where no loop hinders (reverse postorder)."""
    seen = {start}
    left: list[str] = []
    path = [(start, iter(exits.get(start, ())))]
    while path:
        state, onward = path[-1]
        for target, _ in onward:
            if target not in seen:
                seen.add(target)
                path.append((target, iter(exits.get(target, ()))))
                break
        else:
            left.append(state)
            path.pop()
    left.reverse()
    return left
