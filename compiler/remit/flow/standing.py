"""What policies say of an agent's calls of a tool whatever the call is: by the scopes of their rules alone.

Conditions are not weighed here: a rule that has any may match, and which calls it matches is left to the proof over
policies. The rules of a portfolio are put in order once for all agents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from remit.definitions import Agent, Policy, Tool
from remit.definitions.policy import PolicyRule
from remit.link import Portfolio

ORIGINS = "provenance."
"""What conditions on where values come from begin with: they say nothing of the effect itself."""


class Standing(NamedTuple):
    """Of an agent's calls of a tool: whether a rule may permit them, forbids them all, or may ask people for them."""

    permitted: bool
    forbidden: bool
    asked: bool


def standing_of(portfolio: Portfolio, agent: Agent, tool: Tool) -> Standing:
    """What the rules of all policies say of an agent's calls of a tool."""
    index = _indexed(_Same(tuple(portfolio.of(Policy).values())))
    name = tool.metadata.id
    permitted = forbidden = asked = False
    for rule in (*index.get(name, ()), *index.get(None, ())):
        if not _is_about(rule, agent.metadata.id, tool):
            continue
        if rule.effect == "permit":
            permitted = True
        elif rule.effect == "forbid":
            forbidden = forbidden or _is_outright(rule)
        else:
            asked = asked or not _is_of_origins(rule)
    return Standing(permitted, forbidden, asked)


def _is_about(rule: PolicyRule, agent: str, tool: Tool) -> bool:
    """Whether a rule whose `tools` hold the tool, or are left out, is about its calls by an agent."""
    return (
        (rule.effects is None or tool.spec.effect in rule.effects)
        and (rule.agents is None or agent in rule.agents)
        and (rule.capabilities is None or tool.capability in rule.capabilities)
    )


def _is_outright(rule: PolicyRule) -> bool:
    return not rule.when and rule.tenants is None and rule.environments is None


def _is_of_origins(rule: PolicyRule) -> bool:
    return bool(rule.when) and all(path.startswith(ORIGINS) for path in rule.when)


class _Same:
    """Some policies, equal to the same objects only: to compare what they hold would cost more than to read it."""

    def __init__(self, policies: tuple[Policy, ...]) -> None:
        self.policies = policies
        self._ids = tuple(map(id, policies))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._ids == other._ids

    def __hash__(self) -> int:
        return hash(self._ids)


@lru_cache(maxsize=2)
def _indexed(same: _Same) -> Mapping[str | None, Iterable[PolicyRule]]:
    """Every rule by each tool that it names, and below None those that name none.

    INVARIANT: an entry keeps its policies alive, so no other object can have the id of one of them.
    """
    found: dict[str | None, list[PolicyRule]] = {}
    for policy in same.policies:
        for rule in policy.spec.rules:
            for name in rule.tools if rule.tools is not None else (None,):
                found.setdefault(name, []).append(rule)
    return found
