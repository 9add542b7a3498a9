"""Cedar's JSON schema as types: what the compiler writes, and the runtime reads before it asks the engine.

From it the runtime knows every tool, the groups it is in, the type of its resource, and which of its arguments
policies can see and as what. Cedar's own reader gives none of that back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from remit_runtime.errors import BundleRejected

NAMESPACE = "Remit"
CLOSED_TYPES = ("Risk", "Environment", "Approval", "EvalStatus")
"""The entity types of a run's context, each with a closed list of ids."""


class CedarPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """A part of Cedar's JSON schema; what has its default value is not written."""


class CedarType(CedarPart, frozen=True):
    """The type of an attribute.

    `name` is for `Entity` and `EntityOrCommon`, `element` for `Set`, `attributes` (which may be none) for `Record`.
    """

    type: Literal["String", "Long", "Boolean", "Set", "Record", "Entity", "EntityOrCommon"]
    name: str = ""
    element: CedarType | None = None
    attributes: dict[str, CedarType] | None = None
    required: bool = True

    @property
    def fields(self) -> dict[str, CedarType]:
        """The attributes of a record; nothing else has any."""
        return self.attributes or {}


class CedarEntityType(CedarPart, frozen=True):
    """An entity type: a record of attributes, or a closed list of ids."""

    shape: CedarType | None = None
    enum: tuple[str, ...] = ()


class CedarGroup(CedarPart, frozen=True):
    id: str


class CedarScope(CedarPart, frozen=True, rename="camel"):
    principal_types: tuple[str, ...]
    resource_types: tuple[str, ...]
    context: CedarType


class CedarAction(CedarPart, frozen=True, rename="camel"):
    """A tool, or a group of tools when it applies to nothing.

    The annotation `hidden` lists (as JSON) the arguments that policies cannot see; `open` says that a call may
    carry arguments that the tool does not declare.
    """

    member_of: tuple[CedarGroup, ...] = ()
    applies_to: CedarScope | None = None
    annotations: dict[str, str] = {}


class CedarNamespace(CedarPart, frozen=True, rename="camel"):
    entity_types: dict[str, CedarEntityType]
    common_types: dict[str, CedarType]
    actions: dict[str, CedarAction]


@dataclass(frozen=True, slots=True)
class ToolShape:
    """A tool as policies see it."""

    groups: frozenset[str]
    resource_type: str
    arguments: CedarType
    hidden: frozenset[str]
    open: bool


@dataclass(frozen=True, slots=True)
class PolicySchema:
    """The tools, groups, facts and closed lists of values that a policy set speaks of."""

    tools: dict[str, ToolShape]
    groups: frozenset[str]
    facts: frozenset[str]
    values: dict[str, frozenset[str]]

    def members(self, action: str) -> frozenset[str]:
        """The tools that an action or group of a rule's scope stands for."""
        if action in self.tools:
            return frozenset({action})
        return frozenset(tool for tool, shape in self.tools.items() if action in shape.groups)


def provenance_type() -> CedarType:
    """What policies know of where the values of a call come from."""
    names = CedarType(type="Set", element=CedarType(type="String"))
    truth = CedarType(type="Boolean")
    return CedarType(type="Record", attributes={"trusted": truth, "lacking": names, "lacking_types": names})


def read_schema(text: str) -> PolicySchema:
    """The tools and values of a policy set's schema.

    Raises:
        BundleRejected: `policy_invalid`, the text is not a schema as the compiler writes it.
    """
    try:
        namespaces = msgspec.json.decode(text, type=dict[str, CedarNamespace])
        return _policy_schema(namespaces[NAMESPACE])
    except (msgspec.MsgspecError, ValueError, KeyError, RecursionError) as error:
        raise BundleRejected("policy_invalid", "the policy set's schema is not of the known form") from error


def _policy_schema(namespace: CedarNamespace) -> PolicySchema:
    actions = namespace.actions.items()
    for name in CLOSED_TYPES:
        if not namespace.entity_types[name].enum:
            raise ValueError(name)
    return PolicySchema(
        tools={name: _tool(action, action.applies_to) for name, action in actions if action.applies_to},
        groups=frozenset(name for name, action in actions if action.applies_to is None),
        facts=frozenset(namespace.common_types["Facts"].fields),
        values={name: frozenset(kind.enum) for name, kind in namespace.entity_types.items() if kind.enum},
    )


def _tool(action: CedarAction, scope: CedarScope) -> ToolShape:
    (resource_type,) = scope.resource_types
    if scope.context.fields["provenance"] != provenance_type():
        raise ValueError("provenance")
    hidden = msgspec.json.decode(action.annotations.get("hidden", "[]"), type=frozenset[str])
    return ToolShape(
        groups=frozenset(group.id for group in action.member_of),
        resource_type=resource_type,
        arguments=scope.context.fields["args"],
        hidden=hidden,
        open="open" in action.annotations,
    )
