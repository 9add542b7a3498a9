"""What keeps the policies of a linked portfolio from being lowered, in the words of rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from msgspec import structs

from remit.authority.faults import faults_of_policy, faults_of_resource, faults_of_tool
from remit.authority.source import AuthoritySource, PolicyFault
from remit.authority.world import World, world_of
from remit.definitions import Approval, DataClass, Environment, Policy, Resource, Tenant, Tool
from remit.diagnostic import Fault
from remit.link import Portfolio
from remit.lower.policies import Registry, authority_of, authority_source

_RULE_OF = {
    "unknown-path": "undefined-attribute",
    "hidden-argument": "undefined-attribute",
    "wrong-operator": "wrong-comparison",
    "wrong-value": "wrong-comparison",
    "engine": "wrong-comparison",
    "wrong-approval": "unusable-policy",
    "wrong-constraint": "unusable-policy",
    "wrong-fact": "unusable-policy",
    "wrong-resource": "unusable-policy",
}
"""The rule that words a fault of authority. Names that lead nowhere, or twice somewhere, are told by linking."""
_READ_FIRST = frozenset(("missing-file", "invalid-json-schema", "path-leaves-repository"))


Faults = Mapping[str, tuple[Fault, ...]]
"""Faults by the name of the rule that words them; `expected` begins with the message, then the words that fit."""


def policy_faults(portfolio: Portfolio, path: str, definition: Policy | Resource | Tool) -> Faults:
    """What our own reading finds of one policy, resource or tool, which stands in the file at `path`.

    Without the schema of a tool that a policy may be about, nothing can be said of that policy.
    """
    match definition:
        case Policy():
            read = _reading(portfolio, definition)
            if read is None:
                return {}
            source, world = read
            own = authority_source(Registry(policies=[(path, definition)]), portfolio)
            found = faults_of_policy(structs.replace(source, rules=own.rules, facts=own.facts), world)
        case Resource():
            own = authority_source(Registry(resources=[(path, definition)]), portfolio)
            found = faults_of_resource(own.resources[0])
        case Tool():
            # What a tool acts on if it does not say is right by itself.
            tools = (
                None if definition.spec.declared_resource is None else _tools(portfolio, [(path, definition)])
            )
            found = () if tools is None else faults_of_tool(tools.tools[0])
    return _worded(portfolio, found)


def _reading(portfolio: Portfolio, policy: Policy) -> tuple[AuthoritySource, World] | None:
    """What a policy speaks of: the tools that it names, or all where it is about any."""
    rules = policy.spec.rules
    if policy.spec.facts or any(rule.tools is None for rule in rules):
        return portfolio.once(_of_all_tools)
    names = sorted({name for rule in rules for name in rule.tools or ()})
    found = (portfolio.find(Tool, name) for name in names)
    return _with_world(portfolio, [tool for tool in found if tool is not None])


def _of_all_tools(portfolio: Portfolio) -> tuple[AuthoritySource, World] | None:
    return _with_world(portfolio, portfolio.of(Tool).values())


def _with_world(portfolio: Portfolio, tools: Iterable[Tool]) -> tuple[AuthoritySource, World] | None:
    read = _tools(portfolio, ((portfolio.path_of(tool), tool) for tool in tools))
    if read is None:
        return None
    source = structs.replace(portfolio.once(_registry), tools=read.tools)
    return source, replace(world_of(source), facts=tuple(sorted(portfolio.words("facts"))))


def _tools(portfolio: Portfolio, tools: Iterable[tuple[str, Tool]]) -> AuthoritySource | None:
    """The source of some tools; None where the schema of one is missing or wrong."""
    listed = tuple(tools)
    if any(not _READ_FIRST.isdisjoint(portfolio.linked(path).faults) for path, _ in listed):
        return None
    try:
        return authority_source(Registry(tools=listed), portfolio)
    except LookupError:  # a schema without a text
        return None


def _registry(portfolio: Portfolio) -> AuthoritySource:
    """What all policies may speak of besides tools, agents and facts."""
    registry = Registry(
        resources=[(portfolio.path_of(one), one) for one in portfolio.of(Resource).values()],
        tenants=[(portfolio.path_of(one), one) for one in portfolio.of(Tenant).values()],
        environments=[(portfolio.path_of(one), one) for one in portfolio.of(Environment).values()],
        approvals=[(portfolio.path_of(one), one) for one in portfolio.of(Approval).values()],
        data_classes=[(portfolio.path_of(one), one) for one in portfolio.of(DataClass).values()],
    )
    return authority_source(registry, portfolio)


def engine_faults(portfolio: Portfolio) -> Faults:
    """What the policy engine's own validator finds in policies that our reading took: the net below it."""
    from remit.authority.lower import lower_policies

    return _worded(portfolio, lower_policies(authority_of(portfolio)).faults)


def _worded(portfolio: Portfolio, faults: Iterable[PolicyFault]) -> Faults:
    found: dict[str, list[Fault]] = {}
    for fault in faults:
        rule = _RULE_OF.get(fault.kind)
        if rule is not None:
            path, at = str(fault.place_key[0]), fault.place_key[1:]
            span = portfolio.span(path, at, "key" if rule == "undefined-attribute" else "value")
            found.setdefault(rule, []).append(
                Fault(rule, span, fault.subject, (fault.message, *fault.expected))
            )
    return {kind: tuple(worded) for kind, worded in found.items()}
