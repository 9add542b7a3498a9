"""The branches of parallel states: which states a run can be in before it reaches the join, and the ways there."""

from __future__ import annotations

from typing import NamedTuple

from remit.diagnostic import Note
from remit.flow.outputs import hop_notes, ways_of
from remit.flow.states import Flow
from remit.graph import MOST_WALKED, Hop, Ways, states_of_branch, way_between


class Branch(NamedTuple):
    """A branch of a parallel state that a run can reach, and the states that it can be in before the join."""

    fan: str
    name: str
    start: str
    join: str
    states: frozenset[str]
    ways: Ways

    @property
    def reaches_join(self) -> bool:
        """Whether some way of the branch leads to its join; one with another parallel state inside may."""
        ends = {way.target for state in self.states for way in self.ways.ways.get(state, ())}
        return self.join in ends or any(state in self.ways.fans for state in self.states)


def branches(flow: Flow) -> tuple[Branch, ...]:
    """The branches of every parallel state that a run can reach; of a very large graph not all of them."""
    return flow.once(_branches) if flow.parallel else ()


def _branches(flow: Flow) -> tuple[Branch, ...]:
    ways, walked = ways_of(flow), 0
    found: list[Branch] = []
    for fan, (starts, join) in ways.fans.items():
        for name, start in starts.items() if fan in flow.reached else ():
            if walked < MOST_WALKED:
                states = states_of_branch(ways, start, join)
                walked += len(states) + sum(len(flow.edges[state]) for state in states)
                found.append(Branch(fan, name, start, join, states, ways))
    return tuple(found)


def way_in_branch(flow: Flow, branch: Branch, state: str) -> tuple[Note, ...]:
    """The shortest way from the start to the parallel state, and through its branch to a state of it."""
    inside = Ways(branch.start, {**branch.ways.ways, branch.join: ()}, branch.ways.fans)
    hops = (Hop(branch.fan, branch.start, False, branch.name), *way_between(inside, branch.start, state))
    return (*flow.way(branch.fan), *hop_notes(flow, hops))
