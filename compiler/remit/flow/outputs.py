"""Which states have given their output where, along the states of an agent (docs/graphs.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from remit.definitions.state import EndState, ParallelState
from remit.diagnostic import Note
from remit.flow.states import Edge, Flow, FlowState, Slot, Work
from remit.graph import Fan, Given, Hop, Place, Way, Ways, given, silent_way, way_between, way_without

SILENT = {
    "model": ("exhausted", "error"),
    "tool": ("denied", "error"),
    "memory": ("denied",),
    "handoff": ("failed",),
}
"""The outcomes on which a state gives no output, by its type."""


class Lack(NamedTuple):
    """A state reads a value that need not be there: `root` gives nothing on the way that the notes tell.

    `branch` is set where it is the branch of the parallel state `root` that gives nothing.
    """

    state: str
    slot: Slot
    notes: tuple[Note, ...]
    branch: str | None = None


def lacks(flow: Flow, most: int) -> Iterator[Lack]:
    """At most so many of the values that a state of a graph reads and that need not be there: each state once a reader.

    The other forms go straight on, and read what came before.
    """
    if flow.agent.spec.orchestration.graph is None:
        return
    ways = ways_of(flow)
    certain = given(ways)
    places_of = _places(certain)
    told = 0
    for state, places in places_of.items():
        read: set[tuple[str, str]] = set()
        for slot in flow.reads(state):
            root = slot.reference.root
            if root not in places_of or isinstance(flow.states[root].work, EndState):
                continue  # the input, or a state that nothing reaches or that gives nothing: other rules say so
            found = None if told == most else _lack(flow, ways, certain, places, slot, read)
            if found is not None:
                told += 1
                yield found


def ways_of(flow: Flow) -> Ways:
    """The ways that a run can take. A parallel state with a branch or a join that is none leads nowhere."""
    fans = {name: fan for name, state in flow.states.items() if (fan := _fan(flow, state)) is not None}
    return Ways(flow.start, {name: _ways(one) for name, one in flow.states.items() if name not in fans}, fans)


def _fan(flow: Flow, state: FlowState) -> Fan | None:
    work = state.work
    if not isinstance(work, ParallelState) or not {*work.branches.values(), work.join} <= flow.states.keys():
        return None
    return Fan(work.branches, work.join)


def gives(state: FlowState, edge: Edge) -> bool:
    """Whether a state has given its output when it is left by an edge."""
    return edge.outcome not in SILENT.get(state.work.type, ())


def is_taken(state: FlowState, edge: Edge) -> bool:
    """Whether a run can take an edge: without `max_visits` nothing is ever exhausted."""
    return edge.target is not None and (edge.outcome != "exhausted" or is_bounded(state.work))


def is_bounded(work: Work) -> bool:
    """Whether a state may be visited a stated number of times."""
    return not isinstance(work, EndState) and work.max_visits is not None


def _ways(state: FlowState) -> tuple[Way, ...]:
    work = state.work
    if isinstance(work, ParallelState):
        return ()
    silent = SILENT.get(work.type, ())
    found: dict[tuple[str, bool], None] = {}
    for outcome, target, _, _ in state.edges:
        if target is not None and (outcome != "exhausted" or is_bounded(work)):
            found[target, outcome not in silent] = None
    return tuple([Way(target, gives) for target, gives in found])


def _places(certain: Given) -> dict[str, list[Place]]:
    """The places of each state, that on its own first."""
    found: dict[str, list[Place]] = {}
    for place in certain.at:
        found.setdefault(place.state, []).append(place)
    return found


def _lack(
    flow: Flow, ways: Ways, certain: Given, places: Iterable[Place], slot: Slot, read: set[tuple[str, str]]
) -> Lack | None:
    """What a slot lacks at one of the places of its state, if anything that was not told of this state before."""
    root, steps = slot.reference
    branch = steps[0] if root in ways.fans and len(steps) > 1 else ""
    if (root, branch) in read:
        return None
    read.add((root, branch))
    bare = next((place for place in places if certain.lacks(place, root)), None)
    if bare is not None:
        read.add((root, ""))
        return Lack(bare.state, slot, hop_notes(flow, way_without(ways, certain, bare, root)))
    if not branch or branch not in ways.fans[root].branches:
        return None
    silent = silent_way(ways, root, branch)
    place = next(iter(places))
    if not silent or any(hop.source in ways.fans for hop in silent[1:]):
        return None
    into = way_between(ways, flow.start, root)
    onward = _onward(ways, root, place)
    return Lack(place.state, slot, hop_notes(flow, (*into, *silent, *onward)), branch)


def _onward(ways: Ways, fan: str, place: Place) -> tuple[Hop, ...]:
    """A shortest way from a fan to a place."""
    if not place.fan:
        return way_between(ways, fan, place.state)
    start, join = ways.fans[place.fan].branches[place.branch], ways.fans[place.fan].join
    inside = Ways(start, {**ways.ways, join: ()}, {})
    return (
        *way_between(ways, fan, place.fan),
        Hop(place.fan, start, False, place.branch),
        *way_between(inside, start, place.state),
    )


def hop_notes(flow: Flow, hops: Iterable[Hop]) -> tuple[Note, ...]:
    """A note for each hop, at the place that says where it leads."""
    return tuple(flow.hop(hop.source, _edge(flow.states[hop.source], hop)) for hop in hops)


def _edge(state: FlowState, hop: Hop) -> Edge:
    """The edge that a hop takes."""
    if isinstance(state.work, ParallelState):
        outcome = "branch" if hop.branch else "join"
        named = (edge for edge in state.edges if edge.outcome == outcome and edge.target == hop.target)
        return next(edge for edge in named if not hop.branch or edge.at[-1] == hop.branch)
    return next(
        edge
        for edge in state.edges
        if edge.target == hop.target and is_taken(state, edge) and gives(state, edge) == hop.gives
    )
