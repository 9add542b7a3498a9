"""Cycles over plain edges: a shortest one for each knot. Never enumerated: a graph has more of them than states."""

from __future__ import annotations

from remit.graph.reach import Edges, reversed_edges, shortest_path


def cycles_of(edges: Edges) -> tuple[tuple[str, ...], ...]:
    """A shortest cycle for each knot of edges through its first state, which stands last again.

    A knot is a set of states of which each leads to each. Without cycles this is linear and loads nothing.
    """
    edges = _between_cycles(edges)
    if not edges:
        return ()
    import networkx

    knot_of: dict[str, int] = {}
    graph: networkx.DiGraph[str] = networkx.DiGraph(edges)
    for number, knot in enumerate(networkx.strongly_connected_components(graph)):
        knot_of.update(dict.fromkeys(knot, number))
    inside = {
        name: tuple(target for target in targets if knot_of[target] == knot_of[name])
        for name, targets in edges.items()
    }
    firsts: dict[int, str] = {}
    for name in edges:
        firsts.setdefault(knot_of[name], name)
    found = (shortest_path(inside, first, first) for first in firsts.values())
    return tuple(cycle for cycle in found if cycle)


def _between_cycles(edges: Edges) -> dict[str, tuple[str, ...]]:
    """The edges that are left when states without a way in, or without a way out, are taken away again and again."""
    left = {name: set(targets) for name, targets in edges.items()}
    back = {name: set(sources) for name, sources in reversed_edges(edges).items()}
    waiting = [name for name in left if not left[name] or not back[name]]
    while waiting:
        name = waiting.pop()
        if name not in left:
            continue
        for target in left.pop(name):
            back[target].discard(name)
            if not back[target]:
                waiting.append(target)
        for source in back[name]:
            if source in left:
                left[source].discard(name)
                if not left[source]:
                    waiting.append(source)
    return {name: tuple(t for t in edges[name] if t in left) for name in edges if name in left}
