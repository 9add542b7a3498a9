"""The part of a policy set that can reach an agent's tools, and whether one part only narrows another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.graph import Budget
from remit_runtime.bundle.policy import (
    ApprovalRequirement,
    EnvironmentIR,
    Fact,
    PolicyRule,
    PolicySet,
    RedactPattern,
    ResourceIR,
    TeamIR,
    TenantIR,
)
from remit_runtime.bundle.words import Struct
from remit_runtime.canonical import Digest, canonical_json, digest_of
from remit_runtime.policy.engine import parse_policy, principal_of


class PolicySlice(Struct, frozen=True):
    """What of a policy set can change a decision about one agent.

    The Cedar schema and entities are left out: they are derived from the tools and the agent, which the closure
    holds, and from the registries, which stand here.
    """

    engine: str
    rules: tuple[PolicyRule, ...]
    facts: tuple[Fact, ...]
    approvals: tuple[ApprovalRequirement, ...]
    teams: tuple[TeamIR, ...]
    resources: tuple[ResourceIR, ...]
    environments: tuple[EnvironmentIR, ...]
    tenants: tuple[TenantIR, ...]
    redact: tuple[RedactPattern, ...]


def policy_slices(policy: PolicySet, agents: Iterable[AgentIR]) -> Mapping[str, PolicySlice]:
    """The slice of the policy set for each agent, by agent id.

    A rule is in an agent's slice when its scope can match a call of a granted tool by that agent. Facts and approvals
    follow their rules; the registries are whole, since any rule may read them.
    """
    principals = {rule.id: principal_of(parse_policy(rule.id, rule.cedar)) for rule in policy.rules}
    return {agent.id: _slice(policy, agent, principals) for agent in agents}


def slice_digest(part: PolicySlice) -> Digest:
    """The digest that evidence names."""
    return digest_of(canonical_json(part))


def narrows(before: PolicySlice, after: PolicySlice) -> bool:
    """Whether `after` is proved, by its form alone, to permit nothing that `before` did not.

    Permits, registries and what forbids read must be the same; forbids, denials and redactions may be added, budgets
    lowered. A change outside this form may still narrow, and is not called so. A removed permit is not: a permit whose
    evaluation fails denies the call, so to remove it can allow one.
    """
    return (
        (before.engine, before.resources, _permits(before))
        == (after.engine, after.resources, _permits(after))
        and set(_forbids(before)) <= set(_forbids(after))
        and set(before.facts) <= set(after.facts)
        and set(before.approvals) <= set(after.approvals)
        and (before.teams == after.teams or not before.approvals)
        and set(before.redact) <= set(after.redact)
        and _all_narrow(before.environments, after.environments)
        and _tenants_narrow(before.tenants, after.tenants)
    )


def _slice(policy: PolicySet, agent: AgentIR, principals: Mapping[str, str | None]) -> PolicySlice:
    tools = {use.id for use in agent.tools}
    rules = tuple(
        rule
        for rule in policy.rules
        if (not rule.actions or not tools.isdisjoint(rule.actions))
        and principals[rule.id] in (None, agent.id)
    )
    approvals = {rule.approval for rule in rules if rule.approval is not None}
    # A rule that reads a fact holds its name; one that only seems to costs a recheck, never a wrong answer.
    facts = tuple(fact for fact in policy.facts if any(fact.name in rule.cedar for rule in rules))
    return PolicySlice(
        engine=policy.engine,
        rules=rules,
        facts=facts,
        approvals=tuple(one for one in policy.approvals if one.id in approvals),
        teams=policy.teams if approvals else (),
        resources=policy.resources,
        environments=policy.environments,
        tenants=policy.tenants,
        redact=policy.redact,
    )


def _permits(part: PolicySlice) -> tuple[PolicyRule, ...]:
    return tuple(rule for rule in part.rules if rule.effect == "permit")


def _forbids(part: PolicySlice) -> tuple[PolicyRule, ...]:
    return tuple(rule for rule in part.rules if rule.effect == "forbid")


def _all_narrow(before: tuple[EnvironmentIR, ...], after: tuple[EnvironmentIR, ...]) -> bool:
    return [one.id for one in before] == [one.id for one in after] and all(
        set(old.deny_tools) <= set(new.deny_tools)
        and set(old.deny_effects) <= set(new.deny_effects)
        and old.hosts == new.hosts
        and new.require_evidence >= old.require_evidence
        and _no_more(old.budget, new.budget)
        and _no_wider(old.residency, new.residency)
        for old, new in zip(before, after, strict=True)
    )


def _tenants_narrow(before: tuple[TenantIR, ...], after: tuple[TenantIR, ...]) -> bool:
    return [one.id for one in before] == [one.id for one in after] and all(
        set(old.deny_tools) <= set(new.deny_tools)
        and set(old.deny_effects) <= set(new.deny_effects)
        and _no_wider(old.residency, new.residency)
        and (old.agents is None or (new.agents is not None and set(new.agents) <= set(old.agents)))
        and _no_more(old.budget, new.budget)
        for old, new in zip(before, after, strict=True)
    )


def _no_wider(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Whether data may be in no more places; no list means anywhere."""
    return not before or (bool(after) and set(after) <= set(before))


def _no_more(before: Budget | None, after: Budget | None) -> bool:
    if before is None:
        return True
    return after is not None and all(
        new <= old
        for old, new in (
            (before.steps, after.steps),
            (before.model_calls, after.model_calls),
            (before.tool_calls, after.tool_calls),
            (before.microusd, after.microusd),
            (before.milliseconds, after.milliseconds),
        )
    )
