"""Paths over plain edges: what can be reached, and a shortest path to it. Each is linear in states and edges."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping

Edges = Mapping[str, tuple[str, ...]]
"""Where each state can go, in the order in which that is written."""


def reachable(edges: Edges, starts: Iterable[str]) -> frozenset[str]:
    """The states on some path from the starts, these included."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        for target in edges.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return frozenset(found)


def reversed_edges(edges: Edges) -> dict[str, tuple[str, ...]]:
    """The same edges, each from its end to its beginning."""
    back: dict[str, list[str]] = {name: [] for name in edges}
    for name, targets in edges.items():
        for target in targets:
            back.setdefault(target, []).append(name)
    return {name: tuple(sources) for name, sources in back.items()}


def shortest_path(edges: Edges, start: str, goal: str) -> tuple[str, ...]:
    """A shortest path of at least one step from `start` to `goal`, both included; empty when there is none."""
    return _path(edges, start, goal, ())


def path_avoiding(edges: Edges, start: str, goal: str, avoided: Collection[str]) -> tuple[str, ...]:
    """A shortest path from `start` to `goal`, both included, that passes none of `avoided`; empty where there is none.

    A path from a state to itself is that state alone. It is empty exactly where `start` or `goal` is avoided, or where
    every path from one to the other passes one of the avoided: together they dominate the goal.
    """
    if start in avoided or goal in avoided:
        return ()
    return (start,) if start == goal else _path(edges, start, goal, avoided)


def _path(edges: Edges, start: str, goal: str, avoided: Collection[str]) -> tuple[str, ...]:
    before: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        for target in edges.get(here, ()):
            if target == goal:
                return _traced(before, start, here, goal)
            if target not in before and target != start and target not in avoided:
                before[target] = here
                waiting.append(target)
    return ()


def _traced(before: Mapping[str, str], start: str, last: str, goal: str) -> tuple[str, ...]:
    path = [goal, last]
    while path[-1] != start:
        path.append(before[path[-1]])
    return tuple(reversed(path))
