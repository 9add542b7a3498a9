"""Ways along the edges of a flow that leave some of them out: which states are reached then, and the shortest way.

Of a parallel state every branch is passed. Its join is therefore reached without the edges that are left out only
where every branch reaches it so, and then by the parallel state's own edge to it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from remit.definitions.state import ParallelState
from remit.definitions.work import ApprovalWork, HandoffWork
from remit.diagnostic import Note
from remit.flow.states import Edge, Flow, FlowState
from remit.graph import reachable

Exits: TypeAlias = Mapping[str, tuple[Edge, ...]]
"""The ways out of each state. Those that lead to no state are no hop of any way."""

FAILURES = frozenset(("error", "denied", "expired", "exhausted"))


class Hop(NamedTuple):
    """One step of a way: from a state by one of its edges."""

    source: str
    edge: Edge


Way: TypeAlias = tuple[Hop, ...]


def is_approved(state: FlowState, edge: Edge) -> bool:
    """Whether an edge is taken only where people have approved."""
    return isinstance(state.work, ApprovalWork) and edge.outcome == "approved"


def is_failure(state: FlowState, edge: Edge) -> bool:
    """Whether an edge is taken where something failed; a check that fails is a choice like any other."""
    return edge.outcome in FAILURES or (isinstance(state.work, HandoffWork) and edge.outcome == "failed")


def exits(flow: Flow, leave_out: Callable[[FlowState, Edge], bool], at: Iterable[str] | None = None) -> Exits:
    """The edges without those that are left out, with those of parallel states as the module says.

    `at` are the states whose edges are asked about, where others have none to leave out.
    """
    kept = {name: state.edges for name, state in flow.states.items()}
    for name in flow.states if at is None else at:
        state = flow.states[name]
        kept[name] = tuple(edge for edge in state.edges if not leave_out(state, edge))
    for name in flow.parallel:
        work = flow.states[name].work
        if isinstance(work, ParallelState):
            _joined(flow, kept, name, work)
    return kept


def every_exit(flow: Flow) -> Exits:
    """All edges."""
    return exits(flow, lambda _state, _edge: False, ())


def _joined(flow: Flow, kept: dict[str, tuple[Edge, ...]], name: str, work: ParallelState) -> None:
    """Leaves the way to a join to the parallel state alone, where every branch gets there."""
    starts = [start for start in work.branches.values() if start != work.join and start in flow.states]
    inner = {source: tuple(t for t in flow.edges[source] if t != work.join) for source in flow.edges}
    inside = reachable(inner, starts)
    passes = all(_gets_to(kept, start, work.join) for start in starts)
    for source in inside:
        kept[source] = tuple(edge for edge in kept[source] if edge.target != work.join)
    if not passes:
        kept[name] = tuple(edge for edge in kept[name] if edge.outcome != "join")


def _gets_to(kept: Exits, start: str, goal: str) -> bool:
    return goal in reachable(targets_of(kept), [start])


def targets_of(kept: Exits) -> dict[str, tuple[str, ...]]:
    """Where each state leads by the edges that were kept."""
    return {
        name: tuple(dict.fromkeys(edge.target for edge in edges if edge.target is not None))
        for name, edges in kept.items()
    }


def without(kept: Exits, states: Collection[str]) -> Exits:
    """The same edges but for those that lead to some states."""
    return {name: tuple(e for e in edges if e.target not in states) for name, edges in kept.items()}


def shortest_way(kept: Exits, starts: Iterable[str], goal: str) -> Way | None:
    """A shortest way from some states to a goal: empty where it is one of them, None where there is none."""
    before: dict[str, Hop | None] = dict.fromkeys(starts)
    if goal in before:
        return ()
    waiting = deque(before)
    while waiting:
        here = waiting.popleft()
        for edge in kept.get(here, ()):
            target = edge.target
            if target is None or target in before:
                continue
            before[target] = Hop(here, edge)
            if target == goal:
                return _traced(before, goal)
            waiting.append(target)
    return None


def _traced(before: Mapping[str, Hop | None], goal: str) -> Way:
    way: list[Hop] = []
    hop = before[goal]
    while hop is not None:
        way.append(hop)
        hop = before[hop.source]
    return tuple(reversed(way))


def notes_of(flow: Flow, way: Way, goal: str) -> tuple[Note, ...]:
    """A note for each hop of a way that begins where the run does; of a way without hops, that the run starts there."""
    if not way:
        return (Note("the run starts here", flow.span(goal)),)
    return tuple(flow.hop(hop.source, hop.edge) for hop in way)
