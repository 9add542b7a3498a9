"""The state graph of a Graph definition: where each of its states can go, and where that is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from remit.definitions import Graph
from remit.definitions.state import (
    ApprovalState,
    CheckState,
    ContextState,
    EndState,
    HandoffState,
    MemoryState,
    ModelState,
    ParallelState,
    State,
    ToolState,
)
from remit.diagnostic import Note
from remit.graph.cycles import cycles_of
from remit.graph.reach import Edges, reachable, reversed_edges, shortest_path
from remit.read import ReadFile
from remit.source import Span


@dataclass(frozen=True)
class StateGraph:
    """The states of a graph in the order they were written, without edges to states that do not exist.

    `ends` are the end states, `bounded` those that may be visited a stated number of times, and `exhausted` says where
    these go on instead of one visit more.
    """

    start: str
    edges: Edges
    ends: frozenset[str]
    bounded: frozenset[str]
    exhausted: Mapping[str, str] = field(default_factory=dict[str, str])


def state_graph(graph: Graph) -> StateGraph:
    """The state graph of a definition."""
    states = graph.spec.states
    return StateGraph(
        graph.spec.start,
        {name: _known(_targets(state), states) for name, state in states.items()},
        frozenset(name for name, state in states.items() if isinstance(state, EndState)),
        frozenset(
            name
            for name, state in states.items()
            if not isinstance(state, EndState) and state.max_visits is not None
        ),
        {
            name: state.exhausted
            for name, state in states.items()
            if isinstance(state, ModelState) and state.max_visits is not None and state.exhausted in states
        },
    )


def _known(targets: Iterable[str | None], states: Mapping[str, State]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(target for target in targets if target is not None and target in states))


def _targets(state: State) -> tuple[str | None, ...]:
    match state:
        case EndState():
            return ()
        case ContextState():
            return (state.next,)
        case ModelState():
            # Without `max_visits` nothing is ever exhausted.
            exhausted = None if state.max_visits is None else state.exhausted
            return (*(route.to for route in state.next), exhausted, state.error)
        case ToolState():
            return (state.next.ok, state.next.denied, state.next.error)
        case ApprovalState():
            return (state.next.approved, state.next.denied, state.next.expired)
        case CheckState():
            return (state.next.passed, state.next.failed)
        case MemoryState():
            return (state.next.ok, state.next.denied)
        case HandoffState():
            return (state.next.ok, state.next.failed)
        case ParallelState():
            return (*state.branches.values(), state.join)


def without_way_to_end(graph: StateGraph) -> frozenset[str]:
    """The reachable states from which no end can be reached."""
    saved = reachable(reversed_edges(graph.edges), graph.ends)
    return reachable(graph.edges, [graph.start] if graph.start in graph.edges else []) - saved


def unbounded_cycles(graph: StateGraph) -> tuple[tuple[str, ...], ...]:
    """A shortest cycle for each knot of reachable states that nothing bounds; the first state stands last again.

    A cycle is bounded when one of its states says how often it may be visited. When that many visits are made the run
    passes the state by, if it is exhausted into another one: what is left of its ways then is that one.
    """
    live = reachable(graph.edges, [graph.start] if graph.start in graph.edges else [])
    return cycles_of({name: _lasting(graph, name) for name in graph.edges if name in live})


def _lasting(graph: StateGraph, name: str) -> tuple[str, ...]:
    """Where a state can go again and again."""
    if name not in graph.bounded:
        return graph.edges[name]
    return (graph.exhausted[name],) if name in graph.exhausted else ()


@dataclass(frozen=True)
class GraphFile:
    """A state graph and the file it was read from: what the graph rules look at and point to."""

    file: ReadFile
    graph: StateGraph

    def key_span(self, state: str) -> Span:
        """Where the state is written."""
        return self.file.key_span(("spec", "states", state))

    def value_span(self, key: str) -> Span:
        """Where the value of a key of `spec` is written."""
        return self.file.value_span(("spec", key))

    def note(self, state: str, message: str | None = None) -> Note:
        """A note that points at a state."""
        return Note(message or f"`{state}` is written here", self.key_span(state))

    def way_to(self, state: str) -> tuple[Note, ...]:
        """The shortest path from the start to a state, a note for each hop."""
        start = self.graph.start
        if state == start:
            return (self.note(start, "the run starts here"),)
        path = shortest_path(self.graph.edges, start, state)
        return tuple(
            Note(f"`{source}` leads to `{target}`", self.key_span(source))
            for source, target in pairwise(path)
        )
