"""What a run follows: one agent version, its states by id, and the part of its grant that is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import msgspec

from remit_runtime.bundle.agent import AgentIR, ContextSourceIR, MemoryGrant
from remit_runtime.bundle.graph import State
from remit_runtime.bundle.open import VerifiedBundle


@dataclass(frozen=True)
class Plan:
    """An agent version as one run follows it.

    `sources` are the context sources that it pins; `effects` the granted tools that do more than read.
    """

    agent: AgentIR
    states: Mapping[str, State]
    sources: Mapping[str, ContextSourceIR] = field(default_factory=dict[str, ContextSourceIR])
    effects: frozenset[str] = frozenset()


def plan_of(agent: AgentIR) -> Plan:
    """The plan of an agent version that gathers no context."""
    return Plan(agent, MappingProxyType({state.id: state for state in agent.graph.states}))


def plan_in(bundle: VerifiedBundle, agent: AgentIR) -> Plan:
    """The plan of an agent version of a bundle, with the context sources that it pins there.

    Raises:
        BundleRejected: an object that it pins cannot be read.
    """
    if not agent.context.sources:
        return plan_of(agent)
    sources = {use.id: bundle.context_source(use.object) for use in agent.context.sources}
    effects = (use.id for use in agent.tools if bundle.tool(use.object).effect != "read")
    return replace(plan_of(agent), sources=MappingProxyType(sources), effects=frozenset(effects))


def narrowed(child: AgentIR, parent: AgentIR) -> AgentIR:
    """The child agent with the intersection of both grants: tools, data classes and memory.

    What it offers in its states stays as it is: the gateway denies a call that is offered and not granted.
    """
    granted = {(use.id, use.object) for use in parent.tools}
    denied = sorted({*child.denied_tools, *parent.denied_tools})
    return msgspec.structs.replace(
        child,
        tools=tuple(use for use in child.tools if (use.id, use.object) in granted),
        denied_tools=tuple(denied),
        data_classes=tuple(name for name in child.data_classes if name in parent.data_classes),
        memory=MemoryGrant(
            tuple(name for name in child.memory.read if name in parent.memory.read),
            tuple(name for name in child.memory.write if name in parent.memory.write),
        ),
    )
