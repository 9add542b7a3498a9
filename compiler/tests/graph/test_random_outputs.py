"""Outputs on random graphs: what is certain is what every walk has been given, and every witness is a shortest walk."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from remit.graph import Fan, Hop, Place, Way, Ways, given, way_between, way_without
from remit.graph.without import silent_way

NAMES = ("a", "b", "c", "d", "e", "f", "g", "h")
Outputs = frozenset[str]


class Walk(NamedTuple):
    """A walk that visits no state twice: the states it has entered, and what has been given by then."""

    states: tuple[str, ...]
    outputs: Outputs


@st.composite
def graphs(draw: st.DrawFn, most_fans: int = 0) -> Ways:
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    one = st.sampled_from(names)
    some = st.lists(st.builds(Way, one, st.booleans()), max_size=3, unique=True).map(tuple)
    fans = draw(st.lists(one, max_size=most_fans, unique=True))
    starts = st.lists(one, min_size=1, max_size=2).map(lambda states: dict(zip("xy", states, strict=False)))
    return Ways(
        "a",
        {name: draw(some) for name in names if name not in fans},
        {name: Fan(draw(starts), draw(one)) for name in fans},
    )


# ---- by enumeration


def walks(ways: Ways, here: Walk) -> Iterator[Walk]:
    """Every walk on from where one stands, through a fan in one step."""
    yield here
    state = here.states[-1]
    for target, outputs in onward(ways, state):
        if target not in here.states:
            yield from walks(ways, Walk((*here.states, target), here.outputs | outputs))


def onward(ways: Ways, state: str) -> Iterator[tuple[str, Outputs]]:
    if state not in ways.fans:
        for way in ways.ways.get(state, ()):
            yield way.target, frozenset({state} if way.gives else ())
        return
    starts, join = ways.fans[state]
    for ends in product(*(set(ended(ways, start, join)) for start in starts.values())):
        yield join, frozenset({state}).union(*ends)


def is_nested(ways: Ways, start: str, join: str) -> bool:
    return any(state in ways.fans for state in touched(ways, start, join))


def touched(ways: Ways, start: str, join: str, been: Outputs = frozenset()) -> Outputs:
    """Every state of a branch, also of fans inside it."""
    if start == join or start in been:
        return been
    been |= {start}
    fan = ways.fans.get(start)
    targets = [way.target for way in ways.ways.get(start, ())]
    for target in targets if fan is None else (*fan.branches.values(), fan.join):
        been = touched(ways, target, join, been)
    return been


def ended(ways: Ways, start: str, join: str) -> Iterator[Outputs]:
    """What each walk through a branch gives; one that holds a fan counts as giving all there is."""
    if is_nested(ways, start, join):
        yield frozenset((*ways.ways, *ways.fans))
        return
    for walk in inside(ways, start, join):
        if walk.states[-1] == join:
            yield walk.outputs


def inside(ways: Ways, start: str, join: str) -> Iterator[Walk]:
    """Every walk in a branch, up to its join."""
    without = Ways(start, {**ways.ways, join: ()}, {})
    yield from walks(without, Walk((start,), frozenset()))


def by_place(ways: Ways) -> Mapping[Place, list[Walk]]:
    """Every walk to every place, `states` being those outside of branches."""
    found: dict[Place, list[Walk]] = {}
    for walk in walks(ways, Walk(("a",), frozenset())) if "a" in (*ways.ways, *ways.fans) else ():
        state = walk.states[-1]
        found.setdefault(Place(state), []).append(walk)
        fan = ways.fans.get(state, Fan({}, ""))
        for branch, start in fan.branches.items():
            if start == fan.join or is_nested(ways, start, fan.join):
                continue
            for one in inside(ways, start, fan.join):
                if one.states[-1] != fan.join:
                    place = Place(one.states[-1], state, branch)
                    found.setdefault(place, []).append(walk._replace(outputs=walk.outputs | one.outputs))
    return found


def in_all(found: list[Walk]) -> Outputs:
    return found[0].outputs.intersection(*(walk.outputs for walk in found))


# ---- witnesses


def outside(ways: Ways, hops: tuple[Hop, ...]) -> list[Hop]:
    """The hops of a witness that are in no branch; every hop is seen to be a step that a run can make."""
    fan, branch_at, left = "", "", list[Hop]()
    for hop in hops:
        if hop.branch:
            assert ways.fans[hop.source].branches[hop.branch] == hop.target
            fan, branch_at = hop.source, hop.target
        elif hop.source in ways.fans:
            assert hop.target == ways.fans[hop.source].join
            assert branch_at in ("", hop.target)
            fan, branch_at = "", ""
            left.append(hop)
        else:
            assert Way(hop.target, hop.gives) in ways.ways[hop.source]
            assert not fan or hop.source == branch_at
            branch_at = hop.target if fan else ""
            left += [] if fan else [hop]
    return left


def silent_branches(hops: tuple[Hop, ...], state: str) -> bool:
    return not any(hop.source == state and hop.gives for hop in hops)


@for_all(graphs())
def test_what_is_certain_without_fans_is_what_every_walk_is_given(ways: Ways) -> None:
    certain = given(ways)

    found = by_place(ways)
    assert certain.at.keys() == found.keys()
    for place, all_walks in found.items():
        assert certain.names(place) == in_all(all_walks)


@for_all(graphs(most_fans=2))
@settings(max_examples=100)
def test_what_is_certain_with_fans_is_what_every_walk_is_given(ways: Ways) -> None:
    certain = given(ways)

    found = by_place(ways)
    assert certain.at.keys() == found.keys()
    for place, all_walks in found.items():
        assert certain.names(place) == in_all(all_walks)


@for_all(graphs(most_fans=2), st.sampled_from(NAMES))
@settings(max_examples=100)
def test_a_witness_is_a_walk_without_the_output_and_none_is_shorter(ways: Ways, state: str) -> None:
    certain = given(ways)

    for place, all_walks in by_place(ways).items():
        if state not in certain.bits:
            continue
        hops = way_without(ways, certain, place, state)
        silent = [len(walk.states) - 1 for walk in all_walks if state not in walk.outputs]
        assert silent_branches(hops, state)
        assert len(outside(ways, hops)) == min(silent, default=0)
        assert bool(silent) == certain.lacks(place, state)
        if hops:
            assert certain.lacks(place, state)
            assert (hops[0].source, hops[-1].target) == ("a", place.state)


@for_all(graphs(most_fans=2))
def test_a_branch_has_a_silent_way_exactly_where_a_walk_through_it_gives_nothing(ways: Ways) -> None:
    for fan, (starts, join) in ways.fans.items():
        for branch, start in starts.items():
            if start == join or is_nested(ways, start, join):
                continue
            hops = silent_way(ways, fan, branch)
            lengths = [
                len(walk.states)
                for walk in inside(ways, start, join)
                if walk.states[-1] == join and not walk.outputs
            ]
            assert len(hops) == min(lengths, default=0)
            assert not any(hop.gives for hop in hops)


@for_all(graphs(most_fans=2), st.sampled_from(NAMES))
def test_a_way_between_is_a_shortest_walk(ways: Ways, goal: str) -> None:
    lengths = [
        len(walk.states) - 1
        for walk in walks(
            Ways("a", ways.ways, {name: Fan({}, fan.join) for name, fan in ways.fans.items()}),
            Walk(("a",), frozenset()),
        )
        if walk.states[-1] == goal
    ]
    assert len(way_between(ways, "a", goal)) == min(lengths, default=0)
