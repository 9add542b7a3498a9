"""The Cedar schema and the entities of a policy set, made from the registries and the tools.

Both are in Cedar's JSON forms: nothing is quoted by hand, and the runtime can read back what it needs to know of a
tool. `cedarpy.Schema` prints the schema in Cedar's own syntax for people.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast, get_args

from remit.authority.shapes import ArgumentShape, shape_of
from remit.authority.source import AgentSource, AuthoritySource, ResourceSource, ToolSource
from remit_runtime.bundle.words import Effect
from remit_runtime.canonical import canonical_json
from remit_runtime.policy.entities import AGENT_TYPE, Entity, EntityId
from remit_runtime.policy.request import EVAL_STATUSES, RISKS
from remit_runtime.policy.resources import TOOL_TYPE
from remit_runtime.policy.schema import (
    NAMESPACE,
    CedarAction,
    CedarEntityType,
    CedarGroup,
    CedarNamespace,
    CedarScope,
    CedarType,
    provenance_type,
)

EFFECTS: tuple[Effect, ...] = get_args(Effect)
TEXT = CedarType(type="String")
TRUTH = CedarType(type="Boolean")
RISK = CedarType(type="Entity", name="Risk")
TOOL_RISK = "high"
"""A tool without a registered resource counts as one of the default risk of a Resource."""
RESERVED_TYPES = frozenset(
    {"Agent", "Tool", "Risk", "Environment", "Approval", "EvalStatus", "Run", "Facts", "Action"}
    | {"String", "Long", "Bool", "Boolean", "Set", "Record", "Entity", "EntityOrCommon", "Extension"}
)


@dataclass(frozen=True, slots=True)
class World:
    """What rules speak of: every tool's arguments, every resource type's attributes, every closed list of words.

    `shapes` are the arguments that rules see, `whole_shapes` all that facts may look at.
    """

    tools: dict[str, ToolSource]
    shapes: dict[str, ArgumentShape]
    whole_shapes: dict[str, ArgumentShape]
    resource_types: dict[str, dict[str, bool]]
    closed: dict[str, tuple[str, ...]]
    facts: tuple[str, ...]


def world_of(source: AuthoritySource) -> World:
    """The world of a policy set. `resource_types` maps each attribute to whether every registration has it."""
    tools = {tool.id: tool for tool in sorted(source.tools, key=lambda tool: tool.id)}
    shapes = {name: shape_of(_visible(tool)) for name, tool in tools.items()}
    whole = {name: shape_of(tool.input) if tool.content else shapes[name] for name, tool in tools.items()}
    closed = {
        "Risk": tuple(RISKS),
        "EvalStatus": tuple(EVAL_STATUSES),
        # Cedar wants at least one id in a closed list; the empty one is the id of nothing.
        "Environment": tuple(sorted({environment.id for environment in source.environments})) or ("",),
        "Approval": tuple(sorted({approval.id for approval in source.approvals})) or ("",),
    }
    for shape in shapes.values():
        closed.update(shape.closed)
    return World(
        tools=tools,
        shapes=shapes,
        whole_shapes=whole,
        resource_types=_resource_types(source.resources, tools.values()),
        closed=closed,
        facts=tuple(sorted({item.fact.name for item in source.facts})),
    )


def _visible(tool: ToolSource) -> Mapping[str, Any]:
    """The input schema as rules see it: a `content` argument has no type they could ask about."""
    properties: Any = tool.input.get("properties")
    if not tool.content or not isinstance(properties, Mapping):
        return tool.input
    declared = cast("Mapping[str, Any]", properties)
    shown: dict[str, Any] = {
        name: {} if name in tool.content else schema for name, schema in declared.items()
    }
    return {**tool.input, "properties": shown}


def _resource_types(
    resources: Iterable[ResourceSource], tools: Iterable[ToolSource]
) -> dict[str, dict[str, bool]]:
    registered: dict[str, list[set[str]]] = {TOOL_TYPE: []}
    for tool in tools:
        registered.setdefault(tool.resource.type, [])
    for item in resources:
        names = {name for name, _ in item.resource.attributes}
        registered.setdefault(item.resource.type, []).append(names)
    return {
        kind: {name: all(name in names for names in found) for name in sorted(set[str]().union(*found))}
        for kind, found in sorted(registered.items())
    }


def run_type() -> CedarType:
    """What policies know of a run."""
    return CedarType(
        type="Record",
        attributes={
            "agent_version": TEXT,
            "user": TEXT,
            "tenant": TEXT,
            "risk": RISK,
            "task": TEXT,
            "state": TEXT,
            "environment": CedarType(type="Entity", name="Environment"),
            "data_classes": CedarType(type="Set", element=TEXT),
            "approvals": CedarType(type="Set", element=CedarType(type="Entity", name="Approval")),
            "eval_status": CedarType(type="Entity", name="EvalStatus"),
            "incident": TRUTH,
        },
    )


def schema_json(world: World) -> str:
    """The canonical Cedar schema of a world."""
    namespace = CedarNamespace(
        entity_types=_entity_types(world),
        common_types={
            "Run": run_type(),
            "Facts": CedarType(type="Record", attributes=dict.fromkeys(world.facts, TRUTH)),
        },
        actions={**_groups(world), **{name: _action(world, name) for name in world.tools}},
    )
    return canonical_json({NAMESPACE: namespace}).decode()


def _entity_types(world: World) -> dict[str, CedarEntityType]:
    kinds = {name: CedarEntityType(enum=words) for name, words in world.closed.items()}
    kinds[AGENT_TYPE] = CedarEntityType(
        shape=CedarType(type="Record", attributes={"version": TEXT, "risk": RISK})
    )
    for kind, attributes in world.resource_types.items():
        texts = {name: CedarType(type="String", required=always) for name, always in attributes.items()}
        kinds[kind] = CedarEntityType(shape=CedarType(type="Record", attributes={**texts, "risk": RISK}))
    return kinds


def effect_group(effect: str) -> str:
    """The action group of the tools with an effect."""
    return f"effect:{effect}"


def capability_group(capability: str) -> str:
    """The action group of the tools with a capability."""
    return f"capability:{capability}"


def _groups(world: World) -> dict[str, CedarAction]:
    capabilities = {capability_group(tool.capability) for tool in world.tools.values()}
    names = sorted(capabilities | {effect_group(effect) for effect in EFFECTS})
    return {name: CedarAction() for name in names}


def _action(world: World, name: str) -> CedarAction:
    tool, shape = world.tools[name], world.shapes[name]
    annotations = {"hidden": canonical_json([path for path in shape.hidden if "." not in path]).decode()}
    if shape.open:
        annotations["open"] = ""
    context = {
        "run": CedarType(type="EntityOrCommon", name="Run"),
        "facts": CedarType(type="EntityOrCommon", name="Facts"),
        "provenance": provenance_type(),
        "args": shape.type,
    }
    return CedarAction(
        member_of=(CedarGroup(capability_group(tool.capability)), CedarGroup(effect_group(tool.effect))),
        applies_to=CedarScope(
            (AGENT_TYPE,), (tool.resource.type,), CedarType(type="Record", attributes=context)
        ),
        annotations=annotations,
    )


def entities_json(source: AuthoritySource) -> str:
    """The canonical entities of a source: its agents, its resources, and each tool as a resource of its own."""
    entities = [
        *(_agent(agent) for agent in source.agents),
        *(_entity(TOOL_TYPE, tool.id, {"risk": _risk(TOOL_RISK)}) for tool in source.tools),
        *(_resource(item) for item in source.resources),
    ]
    return canonical_json(sorted(entities, key=lambda entity: (entity.uid.type, entity.uid.id))).decode()


def _agent(agent: AgentSource) -> Entity:
    return _entity(AGENT_TYPE, agent.id, {"version": agent.version, "risk": _risk(agent.risk)})


def _resource(item: ResourceSource) -> Entity:
    resource = item.resource
    return _entity(resource.type, resource.id, {**dict(resource.attributes), "risk": _risk(resource.risk)})


def _entity(kind: str, identity: str, attributes: dict[str, Any]) -> Entity:
    return Entity(EntityId(f"{NAMESPACE}::{kind}", identity), attributes, ())


def _risk(risk: str) -> dict[str, dict[str, str]]:
    return {"__entity": {"type": f"{NAMESPACE}::Risk", "id": risk}}
