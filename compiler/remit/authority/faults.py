"""What is wrong with the policies of a repository: every fault in one pass, without the policy engine."""

from collections.abc import Iterable, Iterator

from remit.authority.readings import Unreadable, operator_problem, readings_of, tools_in_scope, value_problem
from remit.authority.source import (
    AuthoritySource,
    Condition,
    FactSource,
    FaultKind,
    Place,
    PolicyFault,
    ResourceSource,
    RuleSource,
    ToolSource,
    fault_order,
    quoted,
)
from remit.authority.world import RESERVED_TYPES, World
from remit_runtime.policy.constraints import constraint_problem
from remit_runtime.policy.globs import glob_problem
from remit_runtime.policy.resources import TOOL_TYPE


def faults_of(source: AuthoritySource, world: World) -> tuple[PolicyFault, ...]:
    """Everything that keeps a source from being lowered, in order of place."""
    found = [
        *_twice(source),
        *_names(source, world),
        *(fault for rule in source.rules for fault in _rule_faults(source, world, rule)),
        *(fault for item in source.facts for fault in _fact_faults(world, item)),
        *(fault for item in source.resources for fault in _resource_faults(item)),
        *_binding_faults(source.tools),
    ]
    return tuple(sorted(set(found), key=fault_order))


def faults_of_policy(source: AuthoritySource, world: World) -> tuple[PolicyFault, ...]:
    """What is wrong with the rules and facts of a source, beyond names that lead nowhere, in order of place.

    Of the tools in the world, those matter that the rules are about; facts are looked for in all of them.
    """
    found = [
        *(fault for rule in source.rules for fault in _approval_faults(source, rule)),
        *(fault for rule in source.rules for fault in _constraint_faults(rule)),
        *(fault for rule in source.rules for fault in _conditions_faults(source, world, rule)),
        *(fault for item in source.facts for fault in _fact_faults(world, item)),
    ]
    return tuple(sorted(set(found), key=fault_order))


def faults_of_resource(item: ResourceSource) -> tuple[PolicyFault, ...]:
    """What is wrong with one resource, in order of place."""
    return tuple(sorted(set(_resource_faults(item)), key=fault_order))


def faults_of_tool(tool: ToolSource) -> tuple[PolicyFault, ...]:
    """What is wrong with the resource that one tool acts on."""
    return tuple(_binding_faults((tool,)))


def _twice(source: AuthoritySource) -> Iterator[PolicyFault]:
    rules = [(rule.key, (*rule.place, "id")) for rule in source.rules]
    yield from _repeated("duplicate-rule", "rule", rules)
    definitions = {
        "agent": [(item.id, item.place) for item in source.agents],
        "tool": [(item.id, item.place) for item in source.tools],
        "tenant": [(item.id, item.place) for item in source.tenants],
        "environment": [(item.id, item.place) for item in source.environments],
        "fact": [(item.fact.name, item.place) for item in source.facts],
        "resource": [(f"{r.resource.type} {r.resource.id}", r.place) for r in source.resources],
    }
    for noun, places in definitions.items():
        yield from _repeated("duplicate-definition", noun, places)
    matches = [(f"{r.resource.type} {r.resource.match}", (*r.place, "match")) for r in source.resources]
    yield from _repeated("duplicate-definition", "resource match", matches)


def _repeated(kind: FaultKind, noun: str, places: list[tuple[str, Place]]) -> Iterator[PolicyFault]:
    """A fault at each place but the first of those that say the same name."""
    first: dict[str, Place] = {}
    for name, place in sorted(places, key=lambda item: [f"{part:0>9}" for part in map(str, item[1])]):
        if name in first:
            yield PolicyFault(place, kind, f"{noun} `{name}` is defined twice", name)
        first.setdefault(name, place)


def _names(source: AuthoritySource, world: World) -> Iterator[PolicyFault]:
    """Names in grants, tenants and environments that nothing defines."""
    agents = {agent.id for agent in source.agents}
    for agent in source.agents:
        for key, names in (("allowed", agent.granted), ("denied", agent.denied)):
            yield from _unknown("unknown-tool", "tool", (*agent.place, key), names, world.tools)
    for tenant in source.tenants:
        place = (*tenant.place, "deny", "tools")
        yield from _unknown("unknown-agent", "agent", (*tenant.place, "agents"), tenant.agents, agents)
        yield from _unknown("unknown-tool", "tool", place, tenant.deny_tools, world.tools)
    for environment in source.environments:
        place = (*environment.place, "deny", "tools")
        yield from _unknown("unknown-tool", "tool", place, environment.deny_tools, world.tools)


def _unknown(
    kind: FaultKind, noun: str, place: Place, names: Iterable[str] | None, known: Iterable[str]
) -> Iterator[PolicyFault]:
    defined = tuple(sorted(known))
    for index, name in enumerate(names or ()):
        if name not in defined:
            yield PolicyFault((*place, index), kind, f"there is no {noun} `{name}`", name, defined)


def _rule_faults(source: AuthoritySource, world: World, rule: RuleSource) -> Iterator[PolicyFault]:
    scopes: tuple[tuple[FaultKind, str, str, Iterable[str] | None, Iterable[str]], ...] = (
        ("unknown-tool", "tool", "tools", rule.tools, world.tools),
        (
            "unknown-capability",
            "capability",
            "capabilities",
            rule.capabilities,
            {t.capability for t in source.tools},
        ),
        ("unknown-agent", "agent", "agents", rule.agents, {agent.id for agent in source.agents}),
        ("unknown-tenant", "tenant", "tenants", rule.tenants, {tenant.id for tenant in source.tenants}),
        (
            "unknown-environment",
            "environment",
            "environments",
            rule.environments,
            world.closed["Environment"],
        ),
    )
    for kind, noun, key, names, known in scopes:
        yield from _unknown(kind, noun, (*rule.place, key), names, known)
    yield from _approval_faults(source, rule)
    yield from _constraint_faults(rule)
    yield from _conditions_faults(source, world, rule)


def _conditions_faults(source: AuthoritySource, world: World, rule: RuleSource) -> Iterator[PolicyFault]:
    tools = tools_in_scope(world, rule) if rule.when else ()
    if tools:
        for condition in rule.when:
            yield from _condition_faults(source, world, rule, tools, condition)


def _approval_faults(source: AuthoritySource, rule: RuleSource) -> Iterator[PolicyFault]:
    known = tuple(sorted({approval.id for approval in source.approvals}))
    if rule.effect == "require_approval" and rule.approval is None:
        yield PolicyFault(
            rule.place, "wrong-approval", "a rule that requires approval names which", "", known
        )
    elif rule.approval is None:
        return
    elif rule.effect != "require_approval":
        message = f"only a rule with the effect `require_approval` names an approval, not `{rule.effect}`"
        yield PolicyFault((*rule.place, "approval"), "wrong-approval", message)
    elif rule.approval not in known:
        message = f"there is no approval `{rule.approval}`"
        yield PolicyFault((*rule.place, "approval"), "unknown-approval", message, rule.approval, known)


def _constraint_faults(rule: RuleSource) -> Iterator[PolicyFault]:
    for name, value in rule.constraints:
        problem = constraint_problem(name, value)
        if rule.effect == "forbid":
            problem = "a rule that forbids leaves no call to constrain"
        if problem is not None:
            yield PolicyFault((*rule.place, "constraints", name), "wrong-constraint", problem, name)


def _condition_faults(
    source: AuthoritySource, world: World, rule: RuleSource, tools: tuple[str, ...], condition: Condition
) -> Iterator[PolicyFault]:
    place = (*rule.place, "when", condition.path)
    readings = readings_of(world, tools, condition.path)
    if isinstance(readings, Unreadable):
        yield PolicyFault(place, readings.kind, readings.message, condition.path, readings.expected)
        return
    for reading in readings:
        problem = operator_problem(reading.kind, condition)
        if problem is not None:
            yield PolicyFault(place, "wrong-operator", problem, condition.operator)
            return
        problem = value_problem(world, reading.kind, condition)
        if problem is not None:
            about = f" for {quoted(reading.tools)}" if reading.tools and len(readings) > 1 else ""
            yield PolicyFault(place, "wrong-value", f"{problem}{about}", str(condition.value))
            return
    yield from _registry_faults(source, place, condition)


def _registry_faults(source: AuthoritySource, place: Place, condition: Condition) -> Iterator[PolicyFault]:
    """Text that is the id of something registered is checked too: a misspelt tenant never matches."""
    registered: dict[str, tuple[FaultKind, str, set[str]]] = {
        "run.tenant": ("unknown-tenant", "tenant", {tenant.id for tenant in source.tenants}),
        "run.data_classes": ("wrong-value", "data class", set(source.data_classes)),
    }
    if condition.path not in registered or condition.operator == "like":
        return
    kind, noun, known = registered[condition.path]
    values = condition.value if condition.operator == "in" else (condition.value,)
    for value in values:
        if value not in known:
            yield PolicyFault(place, kind, f"there is no {noun} `{value}`", str(value), tuple(sorted(known)))


def _fact_faults(world: World, item: FactSource) -> Iterator[PolicyFault]:
    fact = item.fact
    for index, glob in enumerate(fact.any_glob or ()):
        problem = glob_problem(glob)
        if problem is not None:
            yield PolicyFault((*item.place, "any_glob", index), "wrong-fact", problem, glob)
    having = {tool: shape.type.fields.get(fact.arg) for tool, shape in world.whole_shapes.items()}
    place = (*item.place, "arg")
    for tool, kind in having.items():
        texts = kind is not None and (kind.element or kind).type in {"String", "Entity"}
        if (kind is not None and not texts) or fact.arg in world.whole_shapes[tool].hidden:
            message = f"argument `{fact.arg}` of `{tool}` is neither text nor a list of texts"
            yield PolicyFault(place, "wrong-fact", message, fact.arg)
    if world.tools and not any(kind is not None for kind in having.values()):
        message = f"no tool has the argument `{fact.arg}`"
        known = sorted({name for shape in world.whole_shapes.values() for name in shape.type.fields})
        yield PolicyFault(place, "wrong-fact", message, fact.arg, tuple(known))


def _resource_faults(item: ResourceSource) -> Iterator[PolicyFault]:
    resource = item.resource
    if resource.type in RESERVED_TYPES or resource.type.startswith("OneOf"):
        message = f"`{resource.type}` is a type of Remit's own and cannot be a resource's"
        yield PolicyFault((*item.place, "type"), "wrong-resource", message, resource.type)
    if any(name == "risk" or name.startswith("__") for name, _ in resource.attributes):
        message = "an attribute cannot be called `risk` or begin with `__`"
        yield PolicyFault((*item.place, "attributes"), "wrong-resource", message)
    problem = glob_problem(resource.match)
    if problem is not None:
        yield PolicyFault((*item.place, "match"), "wrong-resource", problem, resource.match)


def _binding_faults(tools: Iterable[ToolSource]) -> Iterator[PolicyFault]:
    """A tool's own resource is the tool itself, and another type is one that a Resource could have."""
    for tool in tools:
        binding = tool.resource
        if binding.type == TOOL_TYPE:
            wrong = binding.arg is not None or binding.id != tool.id
        else:
            wrong = binding.type in RESERVED_TYPES or (binding.arg is None) == (binding.id is None)
        if wrong:
            message = f"`{tool.id}` cannot act on a resource `{binding.type}` in this way"
            yield PolicyFault((*tool.place, "resource"), "wrong-resource", message, binding.type)
