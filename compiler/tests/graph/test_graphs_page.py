"""The tables of docs/graphs.md say what the analyses answer."""

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from remit.graph import (
    Fan,
    Hop,
    Place,
    StateGraph,
    Way,
    Ways,
    given,
    on_every_way,
    path_avoiding,
    reachable,
    unbounded_cycles,
    way_without,
    without_way_to_end,
)

PAGE = (Path(__file__).parents[3] / "docs" / "graphs.md").read_text(encoding="utf-8")
FAN = re.compile(r"(?P<name>\w+)\[(?P<starts>[\w, ]+)\]")


def cases(of: str) -> list[tuple[str, ...]]:
    """The rows of the table behind the mark `cases of ...`, their cells without back-ticks."""
    lines = PAGE.partition(f"<!-- cases of {of}:")[2].splitlines()[3:]
    rows = lines[: next(number for number, line in enumerate(lines) if not line.startswith("|"))]
    return [tuple(cell.strip() for cell in row.strip("|").replace("`", "").split("|")) for row in rows]


def graph_of(written: str) -> StateGraph:
    """The graph that the first table's notation says."""
    edges: dict[str, tuple[str, ...]] = {}
    marks: dict[str, str] = {}
    exhausted: dict[str, str] = {}
    for part in written.split(";"):
        name, _, ways = part.partition("->")
        state = name.strip().rstrip("!*")
        marks[state] = name.strip()[len(state) :]
        targets = ways.replace("~", ", ~").replace(",", " ").split()
        exhausted |= dict.fromkeys((state,), "".join(target[1:] for target in targets if target[0] == "~"))
        edges[state] = tuple(target.lstrip("~") for target in targets)
    marked = {mark: frozenset(name for name in marks if mark in marks[name]) for mark in "!*"}
    return StateGraph(
        next(iter(edges)), edges, marked["!"], marked["*"], {name: to for name, to in exhausted.items() if to}
    )


def ways_of(written: str) -> Ways:
    """The ways that the second table's notation says."""
    ways: dict[str, tuple[Way, ...]] = {}
    fans: dict[str, Fan] = {}
    names: list[str] = []
    for part in written.split(";"):
        name, _, targets = part.partition("->")
        fan = FAN.fullmatch(name.strip())
        found = targets.replace(",", " ").split()
        if fan is not None:
            starts = fan["starts"].replace(",", " ").split()
            fans[fan["name"]] = Fan({start: start for start in starts}, found[0].lstrip("+"))
            names.append(fan["name"])
        else:
            names.append(name.strip().rstrip("!"))
            ways[names[-1]] = tuple(Way(target.lstrip("+"), target[0] == "+") for target in found)
    return Ways(names[0], ways, fans)


def passed(hops: tuple[Hop, ...]) -> str:
    """The states that a witness passes, in order."""
    states = [hop.source for hop in hops[:1]] + [hop.target for hop in hops]
    return " ".join([*states[:1], *(after for before, after in pairwise(states) if before != after)])


def answer(graph: StateGraph, asked: str) -> str:
    if asked == "reached":
        return " ".join(sorted(reachable(graph.edges, [graph.start])))
    if asked == "lost":
        return " ".join(sorted(without_way_to_end(graph)))
    if asked == "loops":
        return ", ".join(" ".join(cycle) for cycle in unbounded_cycles(graph))
    if to := re.fullmatch(r"on every way to (\w)", asked):
        return " ".join(on_every_way(graph.edges, graph.start, to[1]))
    around = re.fullmatch(r"way to (\w) without (\w)", asked)
    assert around is not None
    return " ".join(path_avoiding(graph.edges, graph.start, around[1], {around[2]}))


def places(at: Mapping[Place, int], state: str) -> list[Place]:
    return [place for place in at if place.state == state]


def answer_of_outputs(ways: Ways, asked: str) -> str:
    certain = given(ways)
    if at := re.fullmatch(r"given at (\w)", asked):
        (place,) = places(certain.at, at[1])
        return " ".join(sorted(certain.names(place)))
    without = re.fullmatch(r"way to (\w) without (\w)", asked)
    assert without is not None
    (place,) = places(certain.at, without[1])
    return passed(way_without(ways, certain, place, without[2]))


@pytest.mark.parametrize(("states", "asked", "expected"), cases("ways"))
def test_a_question_about_ways_has_the_answer_of_the_page(states: str, asked: str, expected: str) -> None:
    assert answer(graph_of(states), asked) == expected


@pytest.mark.parametrize(("states", "asked", "expected"), cases("outputs"))
def test_a_question_about_outputs_has_the_answer_of_the_page(states: str, asked: str, expected: str) -> None:
    assert answer_of_outputs(ways_of(states), asked) == expected


def test_the_tables_are_there() -> None:
    assert len(cases("ways")) > 15
    assert len(cases("outputs")) > 15
