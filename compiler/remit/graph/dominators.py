"""Domination: the states that no path from the start avoids.

To ask it of one state is one walk (`path_avoiding`), which also gives the witness. What dominates what in a whole graph
is computed by networkx. Its import costs more than the check of ten files: ask here only where something was found.
"""

from __future__ import annotations

from collections.abc import Mapping

from remit.graph.reach import Edges, reachable


def immediate_dominators(edges: Edges, start: str) -> Mapping[str, str]:
    """The nearest state, other than itself, that is on every way from `start` to each reached state but `start`."""
    import networkx

    found = reachable(edges, [start])
    graph: networkx.DiGraph[str] = networkx.DiGraph({name: edges.get(name, ()) for name in found})
    return {
        name: above for name, above in networkx.immediate_dominators(graph, start).items() if name != start
    }


def on_every_way(edges: Edges, start: str, goal: str) -> tuple[str, ...]:
    """The states on every path from `start` to `goal`, both included, in the order in which they are passed.

    Empty where no path leads there.
    """
    above = immediate_dominators(edges, start)
    if goal != start and goal not in above:
        return ()
    passed = [goal]
    while passed[-1] != start:
        passed.append(above[passed[-1]])
    return tuple(reversed(passed))
