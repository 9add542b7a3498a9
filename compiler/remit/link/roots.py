"""What references may begin with at some place, and whether one does."""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from remit.definitions import Graph
from remit.definitions.reference import Reference
from remit.definitions.state import ParallelState
from remit.link.work import Work, undefined
from remit.source import Span

TASK = "task"


class Roots(NamedTuple):
    """What references may begin with at some place; `branches` are those of the states that are parallel."""

    names: Collection[str]
    branches: Mapping[str, Collection[str]]


ONLY_TASK = Roots((TASK,), {})


def roots_of(graph: Graph) -> Roots:
    """The roots of references in a graph: the input, and every state that has an output."""
    states = graph.spec.states
    names = [TASK, *(name for name, state in states.items() if state.type != "end")]
    parallel = {name: state.branches for name, state in states.items() if isinstance(state, ParallelState)}
    return Roots(dict.fromkeys(names), parallel)


def link_reference(work: Work, reference: Reference, roots: Roots, span: Callable[[], Span]) -> None:
    """Looks up one reference; its place is asked for only where it leads nowhere, as each file's costs a walk."""
    root, steps = reference
    if root not in roots.names:
        undefined(work, span(), root, "state", roots.names)
    elif root in roots.branches and steps and steps[0] not in roots.branches[root]:
        undefined(work, span(), steps[0], f"branch of `{root}`", roots.branches[root])
