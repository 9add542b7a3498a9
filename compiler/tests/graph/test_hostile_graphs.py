"""Graphs that were made to be slow: twice the graph takes no more than about twice the lines of our code that run."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import remit.graph
from remit.graph import (
    Fan,
    Place,
    StateGraph,
    Way,
    Ways,
    given,
    path_avoiding,
    reachable,
    unbounded_cycles,
    way_without,
    without_way_to_end,
)
from remit.graph.choices import choices, cubes, taken

OURS = str(Path(remit.graph.__file__).parent)
Edges = dict[str, tuple[str, ...]]


def names(count: int) -> list[str]:
    return [f"s{number}" for number in range(count)]


def chain(size: int) -> Edges:
    """One state after the other, each of which also ends."""
    all_of = names(size)
    return {name: (after, "end") for name, after in zip(all_of, [*all_of[1:], "end"], strict=True)}


def clique(size: int) -> Edges:
    """As many states as make so many edges between all of them."""
    all_of = names(int((size * 3) ** 0.5))
    return dict.fromkeys(all_of, (*all_of, "end"))


def ladder(size: int) -> Edges:
    """Loops that are entered from everywhere: none has a state that all of it is behind."""
    all_of = names(size)
    return {
        name: (all_of[min(at + 1, size - 1)], all_of[max(at - 1, 0)], all_of[size - 1 - at], "end")
        for at, name in enumerate(all_of)
    }


def knots(size: int) -> Edges:
    """Many small loops in a row."""
    all_of = names(size - size % 2)
    edges: Edges = {}
    for at in range(0, len(all_of), 2):
        onward = all_of[at + 2] if at + 2 < len(all_of) else "end"
        edges |= {all_of[at]: (all_of[at + 1], onward), all_of[at + 1]: (all_of[at],)}
    return edges


def lost(size: int) -> Edges:
    """Many dead ends in a row."""
    return {name: targets if at % 2 else (name,) for at, (name, targets) in enumerate(chain(size).items())}


FAMILIES = (chain, clique, ladder, knots, lost)


def graph_of(edges: Edges) -> StateGraph:
    return StateGraph("s0", {**edges, "end": ()}, frozenset({"end"}), frozenset())


def ways_of(edges: Edges) -> Ways:
    """The ways along these edges; every third state gives nothing on its first."""
    ways = {
        name: tuple(Way(target, at % 3 != 0 or target != targets[0]) for target in targets)
        for at, (name, targets) in enumerate(edges.items())
    }
    return Ways("s0", {**ways, "end": ()}, {})


def fans_of(edges: Edges) -> Ways:
    """The same states behind fans, whose branches go through all of them."""
    plain = ways_of(edges).ways
    count = len(edges) // 4
    fans = {
        f"f{number}": Fan(
            {str(at): f"s{(number * 7 + at) % len(edges)}" for at in range(4)},
            f"f{number + 1}" if number + 1 < count else "end",
        )
        for number in range(count)
    }
    return Ways("f0", plain, fans)


def without_in(ways: Ways) -> Any:
    certain = given(ways)
    return way_without(ways, certain, Place("end"), "s1")


QUESTIONS: tuple[Callable[[Edges], Any], ...] = (
    lambda edges: reachable(edges, ["s0"]),
    lambda edges: path_avoiding(edges, "s0", "end", {"s1"}),
    lambda edges: without_way_to_end(graph_of(edges)),
    lambda edges: unbounded_cycles(graph_of(edges)),
    lambda edges: given(ways_of(edges)),
    lambda edges: without_in(ways_of(edges)),
    lambda edges: given(fans_of(edges)),
)
WORDS = ("reachable", "avoiding", "lost", "loops", "given", "without", "fans")


def lines_of(ask: Callable[[], object]) -> int:
    """How many lines of the graph room run."""
    count = 0

    def within(_frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return within

    def entered(frame: FrameType, _event: str, _arg: object) -> Any:
        return within if frame.f_code.co_filename.startswith(OURS) else None

    before = sys.gettrace()
    sys.settrace(entered)
    try:
        ask()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
@pytest.mark.parametrize("question", QUESTIONS, ids=WORDS)
def test_twice_the_graph_takes_about_twice_the_lines(
    question: Callable[[Edges], Any], family: Callable[[int], Edges]
) -> None:
    small, large = family(100), family(200)
    question(small)  # what is loaded once is not counted

    # The branches of fans go through all states, up to a cap (MOST_WALKED), so these grow with the square till then.
    grown = 5 if question is QUESTIONS[-1] else 2.6
    assert lines_of(lambda: question(large)) <= grown * lines_of(lambda: question(small))


def test_branches_past_the_cap_are_not_walked() -> None:
    small, large = fans_of(clique(600)), fans_of(clique(2400))

    assert lines_of(lambda: given(large)) <= 8 * lines_of(lambda: given(small))


def test_as_many_routes_as_there_may_be_are_compared_by_arithmetic() -> None:
    of = choices(dict.fromkeys("abcdefghijkl", 2))
    assert of is not None
    patterns = [
        {"abcdefghijkl"[at % 12]: (at % 2,), "abcdefghijkl"[(at * 7) % 12]: (0,)} for at in range(500)
    ]

    assert lines_of(lambda: taken(of, patterns)) < 20_000
    assert lines_of(lambda: next(cubes(of, of.all), None)) < 2_000


def test_more_combinations_than_the_cap_are_not_made() -> None:
    assert choices(dict.fromkeys("abcdefghijklm", 2)) is None
