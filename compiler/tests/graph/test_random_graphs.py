"""State graphs: what the proofs say equals what walking every path says, and every witness is a path."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from remit.graph import (
    StateGraph,
    immediate_dominators,
    on_every_way,
    path_avoiding,
    reachable,
    shortest_path,
    unbounded_cycles,
    without_way_to_end,
)

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h")


@st.composite
def graphs(draw: st.DrawFn) -> StateGraph:
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    some = st.lists(st.sampled_from(names), max_size=3, unique=True).map(tuple)
    ends = draw(st.frozensets(st.sampled_from(names)))
    edges = {name: () if name in ends else draw(some) for name in names}
    bounded = draw(st.frozensets(st.sampled_from(names)))
    return StateGraph("a", edges, ends, bounded)


def walks(graph: StateGraph, here: str, been: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every path from a state that visits no state twice, but for a last step back."""
    path = (*been, here)
    yield path
    for target in graph.edges[here]:
        if target in path:
            yield (*path, target)
        else:
            yield from walks(graph, target, path)


@given(graphs())
def test_reachable_states_are_those_on_some_walk(graph: StateGraph) -> None:
    walked = {name for walk in walks(graph, "a") for name in walk}

    assert reachable(graph.edges, ["a"]) == walked


@given(graphs())
def test_a_state_has_a_way_to_end_exactly_when_some_walk_from_it_ends(graph: StateGraph) -> None:
    seen = {name for walk in walks(graph, "a") for name in walk}

    lost = {name for name in seen if not any(walk[-1] in graph.ends for walk in walks(graph, name))}

    assert without_way_to_end(graph) == lost


@given(graphs())
def test_an_unbounded_cycle_is_found_exactly_when_some_walk_makes_one(graph: StateGraph) -> None:
    on_cycles: set[str] = set()
    for walk in walks(graph, "a"):
        if len(set(walk)) < len(walk):
            cycle = walk[walk.index(walk[-1]) : -1]
            if not graph.bounded.intersection(cycle):
                on_cycles.update(cycle)

    found = unbounded_cycles(graph)

    assert bool(found) == bool(on_cycles)
    assert {name for cycle in found for name in cycle} <= on_cycles


@given(graphs())
def test_every_cycle_that_is_told_is_a_walk_back_to_its_start(graph: StateGraph) -> None:
    for cycle in unbounded_cycles(graph):
        assert cycle[0] == cycle[-1]
        assert all(target in graph.edges[source] for source, target in pairwise(cycle))


@given(graphs(), st.sampled_from(NAMES))
def test_no_walk_is_shorter_than_the_shortest_path(graph: StateGraph, goal: str) -> None:
    path = shortest_path(graph.edges, "a", goal)

    lengths = [len(walk) for walk in walks(graph, "a") if walk[-1] == goal and len(walk) > 1]
    assert len(path) == (min(lengths) if lengths else 0)


@given(graphs(), st.sampled_from(NAMES), st.frozensets(st.sampled_from(NAMES), max_size=3))
def test_a_path_avoids_states_exactly_where_some_walk_does_and_none_is_shorter(
    graph: StateGraph, goal: str, avoided: frozenset[str]
) -> None:
    path = path_avoiding(graph.edges, "a", goal, avoided)

    lengths = [len(walk) for walk in walks(graph, "a") if walk[-1] == goal and not avoided.intersection(walk)]
    assert len(path) == (min(lengths) if lengths else 0)
    assert not avoided.intersection(path)
    assert all(target in graph.edges[source] for source, target in pairwise(path))


@given(graphs(), st.sampled_from(NAMES))
def test_a_state_is_on_every_way_exactly_when_every_walk_passes_it(graph: StateGraph, goal: str) -> None:
    found = [set(walk) for walk in walks(graph, "a") if walk[-1] == goal]

    passed = on_every_way(graph.edges, "a", goal)

    everywhere = found[0].intersection(*found) if found else set[str]()
    assert set(passed) == everywhere
    assert all(shortest_path(graph.edges, one, other) for one, other in pairwise(passed))


@given(graphs())
def test_what_dominates_cannot_be_avoided_and_what_does_not_can(graph: StateGraph) -> None:
    above = immediate_dominators(graph.edges, "a")

    assert above.keys() == reachable(graph.edges, ["a"]) - {"a"}
    for name, dominator in above.items():
        assert not path_avoiding(graph.edges, "a", name, {dominator})
        others = graph.edges.keys() - set(on_every_way(graph.edges, "a", name))
        assert all(path_avoiding(graph.edges, "a", name, {other}) for other in others)
