"""Sources of context become objects of the bundle, pinned by every agent that may gather them."""

from __future__ import annotations

from collections.abc import Iterable

from remit.definitions import ContextSource
from remit.lower.values import mapping_of
from remit_runtime.bundle import graph
from remit_runtime.bundle.agent import ContextSourceIR

MILLISECONDS_PER_MINUTE = 60_000


def source_ir(source: ContextSource) -> ContextSourceIR:
    """The source of the bundle."""
    spec = source.spec
    return ContextSourceIR(
        id=source.metadata.id,
        type=spec.type,
        path=spec.path,
        tool=spec.tool,
        args=mapping_of(spec.args) if spec.tool is not None else None,
        trust=spec.trust,
        max_tokens=spec.max_tokens,
        max_age_milliseconds=None
        if spec.max_age_minutes is None
        else spec.max_age_minutes * MILLISECONDS_PER_MINUTE,
    )


def named_sources(ranked: Iterable[str], states: graph.GraphIR) -> tuple[str, ...]:
    """Every source that an agent or a context state of its graph names, sorted by id."""
    found = set(ranked)
    for state in states.states:
        if isinstance(state, graph.ContextState):
            found.update(state.sources)
    return tuple(sorted(found))
