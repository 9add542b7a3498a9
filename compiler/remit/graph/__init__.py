"""State graphs: where each state can go, and the proofs that need no more than that (docs/graphs.md).

Every answer that says something is wrong comes with a witness, the shortest path that shows it. All of it is linear
in the edges but for the witnesses; cycles are never enumerated.
"""

from remit.graph.cycles import cycles_of
from remit.graph.dominators import immediate_dominators, on_every_way
from remit.graph.outputs import MOST_WALKED, Fan, Given, Place, Way, Ways, given, states_of_branch
from remit.graph.reach import Edges, path_avoiding, reachable, reversed_edges, shortest_path
from remit.graph.without import Hop, silent_way, way_between, way_without
from remit.graph.written import GraphFile, StateGraph, state_graph, unbounded_cycles, without_way_to_end

MOST_TOLD = 20
"""Findings of one rule in one graph; what is wrong beyond them is told when these are gone."""

__all__ = [
    "MOST_TOLD",
    "MOST_WALKED",
    "Edges",
    "Fan",
    "Given",
    "GraphFile",
    "Hop",
    "Place",
    "StateGraph",
    "Way",
    "Ways",
    "cycles_of",
    "given",
    "immediate_dominators",
    "on_every_way",
    "path_avoiding",
    "reachable",
    "reversed_edges",
    "shortest_path",
    "silent_way",
    "state_graph",
    "states_of_branch",
    "unbounded_cycles",
    "way_between",
    "way_without",
    "without_way_to_end",
]
