"""The names that have a value in a prompt while compiling: the agent, and what the asking state offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from remit.definitions import Agent, Tool
from remit.prompt.values import Value


def names_of(agent: Agent | None, tools: Iterable[Tool], handoffs: Iterable[Agent]) -> Mapping[str, Value]:
    """The names of one asking state. Without an agent (a graph that none uses) its fields are empty."""
    return {
        "agent": {
            "id": "" if agent is None else agent.metadata.id,
            "version": "" if agent is None else agent.metadata.version,
            "purpose": "" if agent is None else agent.spec.purpose,
        },
        "tools": [
            {
                "id": tool.metadata.id,
                "capability": tool.capability,
                "effect": tool.spec.effect,
                "description": tool.metadata.description or "",
            }
            for tool in sorted(tools, key=lambda one: one.metadata.id)
        ],
        "handoffs": [
            {"id": one.metadata.id, "purpose": one.spec.purpose}
            for one in sorted(handoffs, key=lambda one: one.metadata.id)
        ],
    }
