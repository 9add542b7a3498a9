"""What a run follows: one agent version, its states by id, and the part of its grant that is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from remit_runtime.bundle.agent import AgentIR, MemoryGrant
from remit_runtime.bundle.graph import State


@dataclass(frozen=True)
class Plan:
    """An agent version as one run follows it."""

    agent: AgentIR
    states: Mapping[str, State]


def plan_of(agent: AgentIR) -> Plan:
    """The plan of an agent version."""
    return Plan(agent, MappingProxyType({state.id: state for state in agent.graph.states}))


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
