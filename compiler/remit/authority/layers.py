"""The layers of authority, each as policies: who may permit, and who can only take away.

Only rules of an organisation's policies become permits. An agent's grant, its autonomy, a tenant and an environment
become forbids: what anybody writes there narrows and never adds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from cedarpy import pst

from remit.authority.encode import (
    NEVER,
    RUN,
    action_in,
    agent_in,
    condition,
    entity,
    environment_in,
    policy,
    tenant_in,
)
from remit.authority.readings import Unreadable, readings_of, tools_in_scope
from remit.authority.source import AgentSource, AuthoritySource, EnvironmentSource, RuleSource, TenantSource
from remit.authority.world import World, capability_group, effect_group

Layer = Literal["organisation", "grant", "denied", "tenant", "environment", "cedar"]


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy before it is printed, with what the bundle says of it beside its text."""

    layer: Layer
    policy: pst.Template
    reason: str
    approval: str | None = None
    constraints: tuple[tuple[str, Any], ...] = ()
    rule: RuleSource | None = None


def drafts_of(source: AuthoritySource, world: World) -> Iterator[Draft]:
    """Every policy that a source lowers to, in no order. The source has no faults."""
    for rule in source.rules:
        yield _organisation(world, rule)
    for agent in source.agents:
        yield from _agent(agent)
    for tenant in source.tenants:
        yield from _tenant(tenant)
    for environment in source.environments:
        yield from _environment(environment)


def _organisation(world: World, rule: RuleSource) -> Draft:
    actions, clauses = _scope(rule)
    whens = [pst.When(expression) for expression in _conditions(world, rule)]
    lowered = policy(
        rule.key,
        _effect(rule),
        [*clauses, *whens],
        reason=rule.reason,
        actions=actions,
        approval=rule.approval,
    )
    return Draft("organisation", lowered, rule.reason, rule.approval, rule.constraints, rule)


def _effect(rule: RuleSource) -> Literal["permit", "forbid"]:
    """What requires an approval is a forbid that the approval lifts: a permit beside it could not bypass it."""
    return "permit" if rule.effect == "permit" else "forbid"


def _scope(rule: RuleSource) -> tuple[tuple[str, ...], list[pst.Clause]]:
    """The actions of a rule's head, and its other scopes as clauses."""
    lists = [
        tuple(rule.tools) if rule.tools is not None else None,
        tuple(effect_group(effect) for effect in rule.effects) if rule.effects is not None else None,
        tuple(capability_group(name) for name in rule.capabilities)
        if rule.capabilities is not None
        else None,
    ]
    given = [names for names in lists if names is not None]
    clauses: list[pst.Clause] = [pst.When(action_in(names)) for names in given[1:]]
    if given and not given[0]:
        clauses.append(pst.When(NEVER))  # an empty list is about no tool at all
    if rule.agents is not None:
        clauses.append(pst.When(agent_in(rule.agents)))
    if rule.tenants is not None:
        clauses.append(pst.When(tenant_in(rule.tenants)))
    if rule.environments is not None:
        clauses.append(pst.When(environment_in(rule.environments)))
    return (given[0] if given else ()), clauses


def _conditions(world: World, rule: RuleSource) -> Iterator[pst.Expr]:
    tools = tools_in_scope(world, rule)
    for asked in sorted(rule.when, key=lambda each: (each.path, each.operator)):
        readings = readings_of(world, tools, asked.path) if tools else ()
        if isinstance(readings, Unreadable):
            raise RuntimeError("a rule with an unreadable path was lowered")
        yield condition(readings, asked, _effect(rule)) if readings else NEVER


def _agent(agent: AgentSource) -> Iterator[Draft]:
    """A grant is a fence: everything outside it is forbidden, and nothing inside it is permitted by it."""
    reason = f"the grant of `{agent.id}` does not list this tool"
    fence: list[pst.Clause] = [pst.Unless(action_in(agent.granted))] if agent.granted else []
    yield Draft(
        "grant", policy(f"{agent.path}#grant", "forbid", fence, reason=reason, agent=agent.id), reason
    )
    if agent.denied:
        reason = f"`{agent.id}` denies itself this tool"
        denied = policy(
            f"{agent.path}#denied", "forbid", (), reason=reason, actions=agent.denied, agent=agent.id
        )
        yield Draft("denied", denied, reason)
    yield from _autonomy(agent)


def _autonomy(agent: AgentSource) -> Iterator[Draft]:
    effects = {
        "advisory": ("write", "irreversible"),
        "propose": ("irreversible",),
        "act_with_approval": ("write", "irreversible"),
        "autonomous": (),
    }[agent.autonomy]
    if not effects:
        return
    reason = f"the autonomy of `{agent.id}` is `{agent.autonomy}`"
    no_token = pst.UnaryOp("is_empty", pst.GetAttr(RUN, "approvals"))
    clauses: list[pst.Clause] = [pst.When(no_token)] if agent.autonomy == "act_with_approval" else []
    actions = [effect_group(effect) for effect in effects]
    lowered = policy(
        f"{agent.path}#autonomy", "forbid", clauses, reason=reason, actions=actions, agent=agent.id
    )
    yield Draft("grant", lowered, reason)


def _tenant(tenant: TenantSource) -> Iterator[Draft]:
    here = pst.When(tenant_in([tenant.id]))
    if tenant.agents is not None:
        reason = f"tenant `{tenant.id}` does not have this agent"
        fence: list[pst.Clause] = [here, *([pst.Unless(agent_in(tenant.agents))] if tenant.agents else [])]
        yield Draft("tenant", policy(f"{tenant.path}#agents", "forbid", fence, reason=reason), reason)
    denied = (*tenant.deny_tools, *map(effect_group, tenant.deny_effects))
    if denied:
        reason = f"tenant `{tenant.id}` denies this tool"
        lowered = policy(f"{tenant.path}#deny", "forbid", [here], reason=reason, actions=denied)
        yield Draft("tenant", lowered, reason)


def _environment(item: EnvironmentSource) -> Iterator[Draft]:
    here = pst.When(environment_in([item.id]))
    denied = (*item.deny_tools, *map(effect_group, item.deny_effects))
    if denied:
        reason = f"environment `{item.id}` denies this tool"
        lowered = policy(f"{item.path}#deny", "forbid", [here], reason=reason, actions=denied)
        yield Draft("environment", lowered, reason)
    if item.require_evidence:
        reason = f"environment `{item.id}` wants evidence, which this agent has not"
        proven = pst.BinaryOp("eq", pst.GetAttr(RUN, "eval_status"), entity("EvalStatus", "proven"))
        lowered = policy(f"{item.path}#evidence", "forbid", [here, pst.Unless(proven)], reason=reason)
        yield Draft("environment", lowered, reason)
