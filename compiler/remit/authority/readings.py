"""What a path of a rule's `when` means: which value it reads, of which type, for which tools and resources.

One path may read different things. `args.mode` may be a closed list of words for one tool, plain text for a second,
and not there for a third: each is a reading of its own, and a condition holds where one of its readings does.
"""

from dataclasses import dataclass
from typing import Any, Literal

from remit.authority.source import Condition, RuleSource, quoted
from remit.authority.world import RISK, TEXT, TRUTH, World, run_type
from remit_runtime.policy.schema import CedarType, provenance_type

RUN_PATHS = ("data_classes", "environment", "eval_status", "incident", "state", "task", "tenant", "user")
PROVENANCE_PATHS = ("lacking", "lacking_types", "trusted")
AGENT_PATHS = {"risk": RISK, "version": TEXT}
_LONG = 2**63


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing a path reads: a chain of attributes from a variable of Cedar.

    `optional` says that the value may be absent. `tools` and `resource_types` are those it is read for; None is all
    that the rule's scope has.
    """

    variable: Literal["principal", "resource", "context"]
    attributes: tuple[str, ...]
    kind: CedarType
    optional: bool = False
    tools: tuple[str, ...] | None = None
    resource_types: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a path reads nothing, with the paths that would."""

    kind: Literal["unknown-path", "hidden-argument"]
    message: str
    expected: tuple[str, ...] = ()


def tools_in_scope(world: World, rule: RuleSource) -> tuple[str, ...]:
    """The tools a rule's scope takes in: those in each list that it gives."""
    return tuple(
        name
        for name, tool in world.tools.items()
        if (rule.tools is None or name in rule.tools)
        and (rule.effects is None or tool.effect in rule.effects)
        and (rule.capabilities is None or tool.capability in rule.capabilities)
    )


def readings_of(world: World, tools: tuple[str, ...], path: str) -> tuple[Reading, ...] | Unreadable:
    """What a path reads for the tools of a rule's scope."""
    root, *steps = path.split(".")
    match root, steps:
        case "run", [name] if name in RUN_PATHS:
            return (Reading("context", ("run", name), run_type().fields[name]),)
        case "agent", [name] if name in AGENT_PATHS:
            return (Reading("principal", (name,), AGENT_PATHS[name]),)
        case "facts", [name] if name in world.facts:
            return (Reading("context", ("facts", name), TRUTH),)
        case "provenance", [name] if name in PROVENANCE_PATHS:
            return (Reading("context", ("provenance", name), provenance_type().fields[name]),)
        case "resource", [name]:
            return _resource_readings(world, tools, name)
        case "args", [_, *_]:
            return _argument_readings(world, tools, tuple(steps))
        case _:
            return Unreadable("unknown-path", f"`{path}` is nothing that a rule can read", _paths(world))


def _paths(world: World) -> tuple[str, ...]:
    return (
        *(f"agent.{name}" for name in AGENT_PATHS),
        *(f"facts.{name}" for name in world.facts),
        *(f"provenance.{name}" for name in PROVENANCE_PATHS),
        "resource.risk",
        *(f"run.{name}" for name in RUN_PATHS),
    )


def _resource_readings(world: World, tools: tuple[str, ...], name: str) -> tuple[Reading, ...] | Unreadable:
    if name == "risk":
        return (Reading("resource", ("risk",), RISK),)
    kinds = sorted({world.tools[tool].resource.type for tool in tools})
    having = {kind: world.resource_types[kind][name] for kind in kinds if name in world.resource_types[kind]}
    if not having:
        known = sorted({f"resource.{each}" for kind in kinds for each in world.resource_types[kind]})
        message = f"no resource that this rule is about has the attribute `{name}`"
        return Unreadable("unknown-path", message, ("resource.risk", *known))
    groups: list[Reading] = []
    for always in (True, False):
        members = tuple(kind for kind, whether in having.items() if whether is always)
        if members:
            limit = None if len(members) == len(kinds) else members
            groups.append(Reading("resource", (name,), TEXT, not always, resource_types=limit))
    return tuple(groups)


def _argument_readings(
    world: World, tools: tuple[str, ...], steps: tuple[str, ...]
) -> tuple[Reading, ...] | Unreadable:
    groups: dict[tuple[str, bool], tuple[CedarType, list[str]]] = {}
    for tool in tools:
        found = _attribute(world.shapes[tool].type, steps)
        if found is not None:
            kind, optional = found
            groups.setdefault((_signature(kind), optional), (kind, []))[1].append(tool)
    if not groups:
        return _unreadable_argument(world, tools, ".".join(steps))
    readings: list[Reading] = []
    for (_, optional), (kind, members) in sorted(groups.items(), key=lambda item: item[0]):
        limit = None if len(members) == len(tools) else tuple(sorted(members))
        readings.append(Reading("context", ("args", *steps), kind, optional, tools=limit))
    return tuple(readings)


def _attribute(record: CedarType, steps: tuple[str, ...]) -> tuple[CedarType, bool] | None:
    """The type at the end of a chain of attributes, and whether anything on the way may be absent."""
    kind, optional = record, False
    for step in steps:
        attribute = kind.fields.get(step)
        if attribute is None:
            return None
        kind, optional = attribute, optional or not attribute.required
    return kind, optional


def _signature(kind: CedarType) -> str:
    inner = _signature(kind.element) if kind.element else ",".join(sorted(kind.fields))
    return f"{kind.type} {kind.name} {inner}"


def _unreadable_argument(world: World, tools: tuple[str, ...], path: str) -> Unreadable:
    for tool in tools:
        if any(path == hidden or path.startswith(f"{hidden}.") for hidden in world.shapes[tool].hidden):
            message = f"argument `{path}` of `{tool}` has no type that policies can judge"
            return Unreadable("hidden-argument", message)
    known = sorted({f"args.{name}" for tool in tools for name in world.shapes[tool].type.fields})
    return Unreadable(
        "unknown-path", f"no tool that this rule is about has the argument `{path}`", tuple(known)
    )


_OPERATORS: dict[str, tuple[str, ...]] = {
    "String": ("is", "ne", "in", "like"),
    "Long": ("is", "ne", "in", "lt", "lte", "gt", "gte"),
    "Boolean": ("is", "ne"),
    "Entity": ("is", "ne", "in"),
    "Set": ("contains",),
}
_NAMES = {
    "String": "text",
    "Long": "a whole number",
    "Boolean": "true or false",
    "Set": "a list",
    "Record": "an object",
}


def operator_problem(kind: CedarType, condition: Condition) -> str | None:
    """Why an operator cannot be asked of a type, or None."""
    allowed = _OPERATORS.get(kind.type, ())
    if condition.operator in allowed:
        return None
    name = _NAMES.get(kind.type, "one of a list of words")
    if not allowed:
        return f"`{condition.path}` is {name}: a rule reads its fields, not all of it"
    return f"`{condition.path}` is {name}, which takes {quoted(allowed)}, not `{condition.operator}`"


def value_problem(world: World, kind: CedarType, condition: Condition) -> str | None:
    """Why the value of a condition can never be that of its path, or None."""
    value = condition.value
    if condition.operator != "in":
        values: list[Any] = [value]
    elif isinstance(value, tuple) and value:
        values = list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType] -- any YAML
    else:
        return "`in` takes a list of at least one value"
    inner = kind.element if kind.type == "Set" and kind.element else kind
    problems = (_misfit(world, inner, value) for value in values)
    return next((problem for problem in problems if problem is not None), None)


def _misfit(world: World, kind: CedarType, value: Any) -> str | None:
    match kind.type:
        case "Entity":
            words = world.closed[kind.name]
            return (
                None
                if isinstance(value, str) and value in words
                else f"`{value}` is not one of {quoted(words)}"
            )
        case "String":
            fits = isinstance(value, str)
        case "Boolean":
            fits = isinstance(value, bool)
        case "Long":
            fits = isinstance(value, int) and not isinstance(value, bool) and -_LONG <= value < _LONG
        case _:
            fits = False
    return None if fits else f"`{value}` is not {_NAMES.get(kind.type, 'a value that a rule can compare')}"
