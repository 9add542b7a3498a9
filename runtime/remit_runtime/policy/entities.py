"""The entities of a policy set: registered agents and resources, in Cedar's JSON form.

Cedar does not mind a principal or a resource that it has never heard of, as long as no rule reads an attribute of
it. The decision point does, and asks this registry first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from remit_runtime.errors import BundleRejected
from remit_runtime.policy.request import ResourceRef
from remit_runtime.policy.schema import NAMESPACE

AGENT_TYPE = "Agent"


class EntityId(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    type: str
    id: str


class Entity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One entity; `attrs` are JSON, with entities inside them as `{"__entity": {"type", "id"}}`."""

    uid: EntityId
    attrs: dict[str, Any]
    parents: tuple[EntityId, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """The agents with their version and risk, and the resources, that a policy set knows."""

    agents: dict[str, tuple[str, str]]
    resources: frozenset[ResourceRef]


def read_registry(text: str) -> Registry:
    """The agents and resources of a policy set's entities.

    Raises:
        BundleRejected: `policy_invalid`, the text is not entities as the compiler writes them.
    """
    try:
        entities = msgspec.json.decode(text, type=tuple[Entity, ...])
        agents = [entity for entity in entities if _kind(entity) == AGENT_TYPE]
        return Registry(
            agents={
                agent.uid.id: (agent.attrs["version"], agent.attrs["risk"]["__entity"]["id"])
                for agent in agents
            },
            resources=frozenset(
                ResourceRef(_kind(entity), entity.uid.id)
                for entity in entities
                if _kind(entity) != AGENT_TYPE
            ),
        )
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleRejected(
            "policy_invalid", "the policy set's entities are not of the known form"
        ) from error


def _kind(entity: Entity) -> str:
    return entity.uid.type.removeprefix(f"{NAMESPACE}::")
