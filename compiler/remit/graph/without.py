"""The ways on which a state gives no output: the witnesses of what `outputs` finds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

from remit.graph.outputs import Branch, Given, Place, Way, Ways


class Hop(NamedTuple):
    """A step of a witness: along a way that `gives` or not, or into the `branch` of a fan."""

    source: str
    target: str
    gives: bool
    branch: str = ""


def way_without(ways: Ways, certain: Given, place: Place, state: str) -> tuple[Hop, ...]:
    """A shortest way from the start to a place on which `state` gives no output.

    The way through a fan is one step of it; where `state` is in its branches, the way through these stands before that
    step. Empty where there is no such way, and at the start itself.
    """
    bit = certain.bits[state]

    def onward(here: str) -> Iterator[Way]:
        fan = ways.fans.get(here)
        if fan is None:
            yield from (way for way in ways.ways.get(here, ()) if here != state or not way.gives)
        elif here != state and all(_silent(certain.branches[here, one], bit) for one in fan.branches):
            yield Way(fan.join, True)

    alone = _shortest(ways.start, place.fan or place.state, onward)
    if not alone and ways.start != (place.fan or place.state):
        return ()
    hops = tuple(inner for hop in alone for inner in (*_through(ways, certain, hop.source, state), hop))
    if not place.fan:
        return hops
    start, join = ways.fans[place.fan].branches[place.branch], ways.fans[place.fan].join
    inside = _shortest(start, place.state, _inside(ways, join, state))
    return (
        (*hops, Hop(place.fan, start, False, place.branch), *inside) if inside or start == place.state else ()
    )


def silent_way(ways: Ways, fan: str, branch: str) -> tuple[Hop, ...]:
    """A shortest way through a branch, the step into it first, on which no state gives an output.

    Empty where there is none, and where there is another fan inside.
    """
    start, join = ways.fans[fan].branches[branch], ways.fans[fan].join

    def onward(here: str) -> Iterator[Way]:
        if here != join:
            yield from (way for way in ways.ways.get(here, ()) if not way.gives)

    found = () if start == join else _shortest(start, join, onward)
    return (Hop(fan, start, False, branch), *found) if found else ()


def way_between(ways: Ways, start: str, goal: str) -> tuple[Hop, ...]:
    """A shortest way from a state to another, through fans in one step."""

    def onward(here: str) -> Iterator[Way]:
        fan = ways.fans.get(here)
        yield from ways.ways.get(here, ()) if fan is None else (Way(fan.join, True),)

    return _shortest(start, goal, onward)


def _inside(ways: Ways, join: str, state: str) -> Callable[[str], Iterator[Way]]:
    """The ways inside a branch on which a state gives nothing."""

    def onward(here: str) -> Iterator[Way]:
        if here != join:
            yield from (way for way in ways.ways.get(here, ()) if here != state or not way.gives)

    return onward


def _silent(branch: Branch, bit: int) -> bool:
    """Whether a branch can get to its join without an output of a state."""
    return branch.at_end is not None and not branch.at_end & bit


def _through(ways: Ways, certain: Given, fan: str, state: str) -> Iterator[Hop]:
    """The ways through those branches of a fan that could give an output of a state, on which it does not."""
    if fan not in ways.fans:
        return
    starts, join = ways.fans[fan]
    for branch, start in starts.items():
        if state in certain.branches[fan, branch].inside:
            yield Hop(fan, start, False, branch)
            yield from _shortest(start, join, _inside(ways, join, state))


def _shortest(start: str, goal: str, onward: Callable[[str], Iterator[Way]]) -> tuple[Hop, ...]:
    before: dict[str, Hop] = {}
    waiting = deque([start])
    while waiting and goal not in before and goal != start:
        here = waiting.popleft()
        for target, gives in onward(here):
            if target not in before and target != start:
                before[target] = Hop(here, target, gives)
                waiting.append(target)
    if goal == start or goal not in before:
        return ()
    hops = [before[goal]]
    while hops[-1].source != start:
        hops.append(before[hops[-1].source])
    return tuple(reversed(hops))
