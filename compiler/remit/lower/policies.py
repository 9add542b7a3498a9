"""Definitions of policy and registry become the source that `remit.authority` lowers to one policy set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from remit.authority.source import (
    AgentSource,
    AuthoritySource,
    Condition,
    EnvironmentSource,
    FactSource,
    ResourceSource,
    RuleSource,
    TenantSource,
    ToolSource,
)
from remit.definitions import Agent, Approval, DataClass, Environment, Policy, Resource, Team, Tenant, Tool
from remit.definitions.budget import PartialBudget
from remit.definitions.policy import Comparison, Fact, PolicyRule
from remit.link import Portfolio
from remit.lower.sources import Sources, schema_at
from remit.lower.states import filled
from remit.lower.values import plain
from remit_runtime.bundle import policy as ir
from remit_runtime.bundle.graph import Budget
from remit_runtime.bundle.tool import ResourceBinding

UNLIMITED = Budget(2**53 - 1, 2**53 - 1, 2**53 - 1, 2**53 - 1, 2**53 - 1)
"""What a tenant's or an environment's budget narrows: a key it leaves out narrows nothing."""


@dataclass(frozen=True)
class Registry:
    """The definitions that authority speaks of, each with the path of its file, in any order."""

    agents: Iterable[tuple[str, Agent]] = field(default=())
    tools: Iterable[tuple[str, Tool]] = field(default=())
    policies: Iterable[tuple[str, Policy]] = field(default=())
    resources: Iterable[tuple[str, Resource]] = field(default=())
    teams: Iterable[tuple[str, Team]] = field(default=())
    tenants: Iterable[tuple[str, Tenant]] = field(default=())
    environments: Iterable[tuple[str, Environment]] = field(default=())
    approvals: Iterable[tuple[str, Approval]] = field(default=())
    data_classes: Iterable[tuple[str, DataClass]] = field(default=())


def authority_source(registry: Registry, sources: Sources) -> AuthoritySource:
    """The source of a policy set."""
    data_classes = [definition for _, definition in registry.data_classes]
    return AuthoritySource(
        rules=tuple(
            _rule(path, index, rule)
            for path, policy in registry.policies
            for index, rule in enumerate(policy.spec.rules)
        ),
        facts=tuple(
            FactSource(fact=_fact(name, fact), place=(path, "spec", "facts", name))
            for path, policy in registry.policies
            for name, fact in policy.spec.facts.items()
        ),
        agents=tuple(_agent(path, agent) for path, agent in registry.agents),
        tools=tuple(_tool(path, tool, sources) for path, tool in registry.tools),
        resources=tuple(_resource(path, resource) for path, resource in registry.resources),
        tenants=tuple(_tenant(path, tenant) for path, tenant in registry.tenants),
        environments=tuple(_environment(path, environment) for path, environment in registry.environments),
        approvals=tuple(_approval(approval) for _, approval in registry.approvals),
        teams=tuple(_team(team) for _, team in registry.teams),
        redact=tuple(pattern for definition in data_classes for pattern in _patterns(definition)),
        data_classes=frozenset(definition.metadata.id for definition in data_classes),
    )


def _rule(path: str, index: int, rule: PolicyRule) -> RuleSource:
    return RuleSource(
        path=path,
        id=rule.id,
        effect=rule.effect,
        reason=rule.reason,
        place=(path, "spec", "rules", index),
        tools=rule.tools,
        effects=rule.effects,
        capabilities=rule.capabilities,
        agents=rule.agents,
        tenants=rule.tenants,
        environments=rule.environments,
        when=tuple(_condition(name, rule.when[name]) for name in rule.when),
        approval=rule.approval,
        constraints=tuple((name, _constraint(value)) for name, value in sorted(rule.constraints.items())),
    )


def _condition(path: str, wanted: Any) -> Condition:
    if not isinstance(wanted, Comparison):
        return Condition(path, "is", plain(wanted))
    operator: Any = wanted.operator
    operand = wanted.operand
    value = tuple(plain(item) for item in operand) if isinstance(operand, tuple) else plain(operand)
    return Condition(path, operator, value)


def _constraint(values: tuple[Any, ...]) -> Any:
    """A constraint of one value is that value; of several, their list."""
    return plain(values[0]) if len(values) == 1 else [plain(value) for value in values]


def _fact(name: str, fact: Fact) -> ir.Fact:
    equals = None if fact.equals is None else tuple(sorted(str(plain(value)) for value in fact.equals))
    globs = None if fact.any_glob is None else tuple(sorted(fact.any_glob))
    return ir.Fact(name, fact.arg, globs, equals, fact.longer_than)


def _agent(path: str, agent: Agent) -> AgentSource:
    return AgentSource(
        path=path,
        id=agent.metadata.id,
        version=agent.metadata.version,
        risk=agent.metadata.risk,
        autonomy=agent.spec.autonomy,
        granted=agent.spec.tools.allowed,
        denied=agent.spec.tools.denied,
        place=(path, "spec", "tools"),
    )


def _tool(path: str, tool: Tool, sources: Sources) -> ToolSource:
    return ToolSource(
        id=tool.metadata.id,
        capability=tool.capability,
        effect=tool.spec.effect,
        resource=ResourceBinding(tool.resource.type, tool.resource.arg, tool.resource.id),
        input=plain(schema_at(tool.spec.input, path, sources)),
        place=(path, "spec"),
        content=frozenset(name for name, use in tool.spec.arguments.items() if use.role == "content"),
    )


def _resource(path: str, resource: Resource) -> ResourceSource:
    spec = resource.spec
    attributes = tuple(sorted(spec.attributes.items()))
    made = ir.ResourceIR(spec.type, resource.metadata.id, spec.match, spec.is_pattern, spec.risk, attributes)
    return ResourceSource(resource=made, place=(path, "spec"))


def _tenant(path: str, tenant: Tenant) -> TenantSource:
    spec = tenant.spec
    return TenantSource(
        path=path,
        id=tenant.metadata.id,
        agents=spec.agents,
        deny_tools=spec.deny.tools,
        deny_effects=spec.deny.effects,
        budget=_narrowing(spec.budget),
        place=(path, "spec"),
        residency=spec.residency,
    )


def _environment(path: str, environment: Environment) -> EnvironmentSource:
    spec = environment.spec
    return EnvironmentSource(
        path=path,
        id=environment.metadata.id,
        deny_tools=spec.deny.tools,
        deny_effects=spec.deny.effects,
        require_evidence=spec.evidence == "required",
        budget=_narrowing(spec.budget),
        hosts=tuple(sorted(spec.hosts.items())),
        place=(path, "spec"),
        residency=spec.residency,
    )


def _narrowing(budget: PartialBudget | None) -> Budget | None:
    return None if budget is None else filled(budget, UNLIMITED)


def _approval(approval: Approval) -> ir.ApprovalRequirement:
    spec = approval.spec
    return ir.ApprovalRequirement(
        id=approval.metadata.id,
        role=spec.role,
        count=spec.count,
        expires_seconds=spec.expires_minutes * 60,
        not_requester=spec.not_requester,
        evidence=tuple(sorted(spec.evidence)),
    )


def _team(team: Team) -> ir.TeamIR:
    members = sorted((member.principal, tuple(sorted(member.roles))) for member in team.spec.members)
    return ir.TeamIR(team.metadata.id, tuple(ir.Member(principal, roles) for principal, roles in members))


def _patterns(definition: DataClass) -> Iterator[ir.RedactPattern]:
    if definition.spec.redact:
        for name, regex in sorted(definition.spec.patterns.items()):
            yield ir.RedactPattern(definition.metadata.id, name, regex)


def authority_of(portfolio: Portfolio) -> AuthoritySource:
    """The policies and registries of a portfolio as authority is lowered from."""

    registry = Registry(
        agents=[(portfolio.path_of(one), one) for one in portfolio.of(Agent).values()],
        tools=[(portfolio.path_of(one), one) for one in portfolio.of(Tool).values()],
        policies=[(portfolio.path_of(one), one) for one in portfolio.of(Policy).values()],
        resources=[(portfolio.path_of(one), one) for one in portfolio.of(Resource).values()],
        teams=[(portfolio.path_of(one), one) for one in portfolio.of(Team).values()],
        tenants=[(portfolio.path_of(one), one) for one in portfolio.of(Tenant).values()],
        environments=[(portfolio.path_of(one), one) for one in portfolio.of(Environment).values()],
        approvals=[(portfolio.path_of(one), one) for one in portfolio.of(Approval).values()],
        data_classes=[(portfolio.path_of(one), one) for one in portfolio.of(DataClass).values()],
    )
    return authority_source(registry, portfolio)
