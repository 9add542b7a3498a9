"""POL003."""

from collections.abc import Collection, Iterator

from remit.definitions import Agent, Policy, Resource, Tool
from remit.definitions.policy import Comparison, PolicyRule
from remit.definitions.scalars import Scalar
from remit.link import Portfolio, Unit
from remit.read import Path
from remit.rule import Finding, rule

_OWN_RISK = "high"
"""The risk of a tool that names no resource (docs/authority.md)."""


@rule("rule-never-matches", "POL003", since="0.4", severity="warning")
def rule_never_matches(unit: Unit[Policy]) -> Iterator[Finding]:
    """A rule that is about no call, because its scopes and conditions exclude each other.

    ## Why

    A call is in the scope of a rule when it is in each list that the rule gives, and all its conditions must hold. A
    `forbid` that can never match protects nothing, and a `permit` that cannot gives nothing, however it reads.

    ## Wrong

    ```yaml file=policies/engineering.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: engineering}
    spec:
      rules:
        - {id: no-long-history, effect: forbid, tools: [git.log], effects: [write], reason: it is long}
    ```

    ## Right

    ```yaml file=policies/engineering.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: engineering}
    spec:
      rules:
        - {id: no-long-history, effect: forbid, tools: [git.log], effects: [read], reason: it is long}
    ```

    ## Exceptions

    What is looked at are scopes against each other, and the environment, the tenant, the risk of the agents and the
    risk of the resources against the scopes. Whether other conditions can hold is not.
    """
    for number, one in enumerate(unit.definition.spec.rules):
        found = next(_reasons(unit.portfolio, one), None)
        if found is not None:
            at, reason = found
            yield Finding(
                unit.span(("spec", "rules", number, *at)),
                f"`{one.id}` is about no call: {reason}",
                help="correct the scope or the condition that is not meant",
            )


def _reasons(portfolio: Portfolio, one: PolicyRule) -> Iterator[tuple[Path, str]]:
    yield from _scopes(portfolio, one)
    for path, names in (("run.environment", one.environments), ("run.tenant", one.tenants)):
        if names is not None and _excludes(one, path, names):
            yield ("when", path), f"`{path}` is none of those it is limited to"
    if one.agents is not None and "agent.risk" in one.when:
        agents = [portfolio.find(Agent, name) for name in one.agents]
        risks = {agent.metadata.risk for agent in agents if agent is not None}
        if None not in agents and _excludes(one, "agent.risk", risks):
            yield ("when", "agent.risk"), "none of its agents has this risk"
    if one.tools is not None and "resource.risk" in one.when:
        found = _resource_risks(portfolio, one.tools)
        if found and portfolio.is_whole and _excludes(one, "resource.risk", found):
            yield ("when", "resource.risk"), "no resource of its tools has this risk"


def _scopes(portfolio: Portfolio, one: PolicyRule) -> Iterator[tuple[Path, str]]:
    tools = [portfolio.find(Tool, name) for name in one.tools or ()]
    known = [tool for tool in tools if tool is not None]
    if not known or len(known) < len(tools):
        return
    if one.effects is not None and not any(tool.spec.effect in one.effects for tool in known):
        yield ("effects",), "none of its tools has this effect"
    elif one.capabilities is not None:
        having = [tool for tool in known if tool.capability in one.capabilities]
        if not having:
            yield ("capabilities",), "none of its tools has this capability"
        elif one.effects is not None and not any(tool.spec.effect in one.effects for tool in having):
            yield ("capabilities",), "none of its tools has this capability and this effect"


def _resource_risks(portfolio: Portfolio, tools: Collection[str]) -> set[str]:
    """The risks that the resources of tools may have; none where a tool is not known."""
    risks: set[str] = set()
    for name in tools:
        tool = portfolio.find(Tool, name)
        if tool is None:
            return set()
        of_type = tool.resource.type
        if of_type == "Tool":
            risks.add(_OWN_RISK)
        risks.update(one.spec.risk for one in portfolio.of(Resource).values() if one.spec.type == of_type)
    return risks


def _excludes(one: PolicyRule, path: str, values: Collection[str]) -> bool:
    """Whether a condition of a rule holds for none of some values; False where it has no such condition."""
    wanted = one.when.get(path)
    return wanted is not None and not any(_holds(wanted, value) for value in values)


def _holds(wanted: Scalar | Comparison, value: str) -> bool:
    """Whether a condition holds for a value; where that is not plain to see, it may."""
    if not isinstance(wanted, Comparison):
        return wanted == value
    if wanted.is_in is not None:
        return value in wanted.is_in
    return value != wanted.ne
