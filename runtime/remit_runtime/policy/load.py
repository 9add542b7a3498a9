"""A policy set, opened: every rule parsed once, checked against what the bundle says of it, and indexed by tool."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from remit_runtime.bundle.policy import PolicyRule, PolicySet
from remit_runtime.errors import BundleRejected
from remit_runtime.policy.constraints import constraint_problem, value_of
from remit_runtime.policy.engine import (
    Policies,
    Policy,
    World,
    actions_of,
    engine,
    parse_policy,
    parse_world,
    policies,
    principal_of,
)
from remit_runtime.policy.entities import Registry, read_registry
from remit_runtime.policy.globs import glob_problem
from remit_runtime.policy.schema import PolicySchema, read_schema


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule with its typed nodes; `tools` is None when its scope is every tool, `agent` likewise."""

    rule: PolicyRule
    policy: Policy
    tools: frozenset[str] | None
    agent: str | None

    def may_apply(self, agent: str, tool: str) -> bool:
        """Whether the rule's scope can match a call; a rule it cannot match changes no decision."""
        return (self.tools is None or tool in self.tools) and (self.agent is None or self.agent == agent)


@dataclass(frozen=True, slots=True)
class LoadedPolicies:
    """Everything a decision needs. `slices` only remembers what `slice_for` has built."""

    world: World
    schema: PolicySchema
    registry: Registry
    rules: dict[str, LoadedRule]
    by_tool: dict[str, tuple[LoadedRule, ...]]
    slices: dict[tuple[str, str], Policies]

    def slice_for(self, agent: str, tool: str) -> Policies:
        """The rules whose scope can match a call of a known tool by an agent."""
        key = (agent, tool)
        if key not in self.slices:
            rules = self.by_tool[tool]
            self.slices[key] = policies(rule.policy for rule in rules if rule.may_apply(agent, tool))
        return self.slices[key]


def load_policies(policy_set: PolicySet) -> LoadedPolicies:
    """The policy set, opened.

    Raises:
        BundleRejected: `engine_mismatch`, another engine or minor version judged these rules when they were
            compiled; `policy_invalid`, a rule, the schema or the entities are not what the bundle says.
    """
    if policy_set.engine != engine():
        raise BundleRejected(
            "engine_mismatch",
            f"the bundle's policies are for `{policy_set.engine}`, this runtime has `{engine()}`",
        )
    schema = read_schema(policy_set.schema)
    rules = _loaded_rules(policy_set, schema)
    _check_facts(policy_set, schema)
    return LoadedPolicies(
        world=parse_world(policy_set.schema, policy_set.entities),
        schema=schema,
        registry=read_registry(policy_set.entities),
        rules=rules,
        by_tool={tool: _in_scope(tool, rules.values()) for tool in schema.tools},
        slices={},
    )


def _in_scope(tool: str, rules: Iterable[LoadedRule]) -> tuple[LoadedRule, ...]:
    return tuple(rule for rule in rules if rule.tools is None or tool in rule.tools)


def _loaded_rules(policy_set: PolicySet, schema: PolicySchema) -> dict[str, LoadedRule]:
    loaded: dict[str, LoadedRule] = {}
    requirements = {requirement.id for requirement in policy_set.approvals}
    for rule in sorted(policy_set.rules, key=lambda rule: rule.id):
        if rule.id in loaded:
            raise _invalid(rule, "is there twice")
        loaded[rule.id] = _loaded_rule(rule, schema)
        if rule.approval is not None and rule.approval not in requirements:
            raise _invalid(rule, f"needs approval `{rule.approval}`, which the bundle does not define")
    return loaded


def _loaded_rule(rule: PolicyRule, schema: PolicySchema) -> LoadedRule:
    policy = parse_policy(rule.id, rule.cedar)
    told = (rule.effect, rule.id, rule.approval)
    if (policy.effect, policy.annotations.get("id"), policy.annotations.get("approval")) != told:
        raise _invalid(rule, "is not what its Cedar text says")
    # INVARIANT: a grant, a tenant or an environment never permits; only an organisation's own policies do.
    if rule.effect == "permit" and (rule.layer not in {"organisation", "cedar"} or rule.approval is not None):
        raise _invalid(rule, f"permits, which a rule of layer `{rule.layer}` cannot")
    problems = (constraint_problem(item.name, value_of(item)) for item in rule.constraints)
    for problem in problems:
        if problem is not None:
            raise _invalid(rule, f"has a constraint without meaning: {problem}")
    return LoadedRule(rule, policy, _tools(rule, policy, schema), principal_of(policy))


def _tools(rule: PolicyRule, policy: Policy, schema: PolicySchema) -> frozenset[str] | None:
    """The tools of a rule's scope, from its Cedar text: an index that missed a tool would disarm a forbid there."""
    named = actions_of(policy)
    if named is None:
        tools = None
    else:
        for action in named:
            if action not in schema.tools and action not in schema.groups:
                raise _invalid(rule, f"names `{action}`, which is no tool and no group of tools")
        tools = frozenset(tool for action in named for tool in schema.members(action))
    if sorted(set(rule.actions)) != sorted(tools or ()):
        raise _invalid(rule, "is indexed under other tools than its scope names")
    return tools


def _check_facts(policy_set: PolicySet, schema: PolicySchema) -> None:
    names = [fact.name for fact in policy_set.facts]
    if len(set(names)) != len(names) or frozenset(names) != schema.facts:
        raise BundleRejected("policy_invalid", "the facts of the policy set are not those of its schema")
    for fact in policy_set.facts:
        classifiers = [fact.any_glob, fact.equals, fact.longer_than]
        if sum(classifier is not None for classifier in classifiers) != 1:
            raise BundleRejected("policy_invalid", f"fact `{fact.name}` has not exactly one classifier")
        for glob in fact.any_glob or ():
            if glob_problem(glob) is not None:
                raise BundleRejected("policy_invalid", f"fact `{fact.name}`: {glob_problem(glob)}")


def _invalid(rule: PolicyRule, what: str) -> BundleRejected:
    return BundleRejected("policy_invalid", f"rule `{rule.id}` {what}")
