"""The policy set of a bundle, lowered from a source; the same bytes whatever order its parts come in."""

from collections.abc import Mapping
from dataclasses import dataclass

from cedarpy import pst

from remit.authority.encode import texts
from remit.authority.faults import faults_of
from remit.authority.layers import Draft, drafts_of
from remit.authority.source import AuthoritySource, EnvironmentSource, PolicyFault, TenantSource
from remit.authority.validate import engine_faults
from remit.authority.world import World, capability_group, effect_group, entities_json, schema_json, world_of
from remit_runtime.bundle.policy import Constraint, EnvironmentIR, PolicyRule, PolicySet, TenantIR
from remit_runtime.canonical import canonical_json
from remit_runtime.policy.engine import engine


@dataclass(frozen=True, slots=True, order=True)
class HiddenArgument:
    """An argument that no policy can see, because Cedar has no type for it."""

    tool: str
    path: str


@dataclass(frozen=True, slots=True)
class LoweredPolicies:
    """The policy set, or the faults that keep it from being made."""

    policy_set: PolicySet | None
    faults: tuple[PolicyFault, ...]
    hidden: tuple[HiddenArgument, ...]


def lower_policies(source: AuthoritySource) -> LoweredPolicies:
    """The policy set of a source, or everything that keeps it from being made."""
    world = world_of(source)
    hidden = tuple(
        sorted(HiddenArgument(tool, path) for tool, shape in world.shapes.items() for path in shape.hidden)
    )
    schema = schema_json(world)
    faults = _faults(source, world, schema)
    if faults:
        return LoweredPolicies(None, faults, hidden)
    drafts = sorted(drafts_of(source, world), key=lambda draft: draft.policy.id)
    printed = texts([draft.policy for draft in drafts])
    members = {tool: _actions_of(world, tool) for tool in world.tools}
    rules = tuple(_rule(members, draft, text) for draft, text in zip(drafts, printed, strict=True))
    return LoweredPolicies(_policy_set(source, rules, schema), (), hidden)


def _faults(source: AuthoritySource, world: World, schema: str) -> tuple[PolicyFault, ...]:
    """Our own reading first; the engine then validates what people wrote.

    What is lowered from grants, tenants and environments names tools and agents only, which the first reading has
    looked up. To validate it again costs the engine seconds in a large portfolio and can find nothing.
    """
    faults = faults_of(source, world)
    if faults:
        return faults
    members = {tool: _actions_of(world, tool) for tool in world.tools}
    written = [draft for draft in drafts_of(source, world) if draft.rule is not None]
    # A rule over a group without members matches nothing; the engine's validator calls that an error.
    live = [draft for draft in written if _is_about_every_tool(draft) or _tools_of(members, draft)]
    return engine_faults(schema, sorted(live, key=lambda draft: draft.policy.id))


def _is_about_every_tool(draft: Draft) -> bool:
    return isinstance(draft.policy.action, pst.ScopeAny)


def _policy_set(source: AuthoritySource, rules: tuple[PolicyRule, ...], schema: str) -> PolicySet:
    return PolicySet(
        engine=engine(),
        rules=rules,
        facts=tuple(sorted((item.fact for item in source.facts), key=lambda fact: fact.name)),
        schema=schema,
        entities=entities_json(source),
        approvals=tuple(sorted(source.approvals, key=lambda approval: approval.id)),
        teams=tuple(sorted(source.teams, key=lambda team: team.id)),
        resources=tuple(sorted((r.resource for r in source.resources), key=lambda r: (r.type, r.id))),
        environments=tuple(sorted(map(_environment_ir, source.environments), key=lambda item: item.id)),
        tenants=tuple(sorted(map(_tenant_ir, source.tenants), key=lambda item: item.id)),
        redact=tuple(sorted(source.redact, key=lambda pattern: (pattern.data_class, pattern.id))),
    )


def _environment_ir(item: EnvironmentSource) -> EnvironmentIR:
    return EnvironmentIR(
        id=item.id,
        deny_tools=tuple(sorted(set(item.deny_tools))),
        deny_effects=tuple(sorted(set(item.deny_effects))),
        budget=item.budget,
        require_evidence=item.require_evidence,
        hosts=tuple(sorted(item.hosts)),
        residency=tuple(sorted(set(item.residency))),
    )


def _tenant_ir(item: TenantSource) -> TenantIR:
    agents = None if item.agents is None else tuple(sorted(set(item.agents)))
    return TenantIR(
        id=item.id,
        deny_tools=tuple(sorted(set(item.deny_tools))),
        agents=agents,
        budget=item.budget,
        deny_effects=tuple(sorted(set(item.deny_effects))),
        residency=tuple(sorted(set(item.residency))),
    )


def _tools_of(members: Mapping[str, frozenset[str]], draft: Draft) -> tuple[str, ...]:
    """The tools in the scope of a policy that names some, by themselves or by a group."""
    scope = draft.policy.action
    named = {each.id for each in scope.entities} if isinstance(scope, pst.ActionIn) else set[str]()
    return tuple(tool for tool in members if not named.isdisjoint(members[tool])) if named else ()


def _rule(members: Mapping[str, frozenset[str]], draft: Draft, text: str) -> PolicyRule:
    constraints = sorted((name, canonical_json(value).decode()) for name, value in draft.constraints)
    return PolicyRule(
        id=draft.policy.id,
        effect=draft.policy.effect,
        layer=draft.layer,
        cedar=text,
        actions=_tools_of(members, draft),
        approval=draft.approval,
        constraints=tuple(Constraint(name, value) for name, value in constraints),
        reason=draft.reason,
    )


def _actions_of(world: World, tool: str) -> frozenset[str]:
    """The tool and its groups."""
    found = world.tools[tool]
    return frozenset((tool, effect_group(found.effect), capability_group(found.capability)))
