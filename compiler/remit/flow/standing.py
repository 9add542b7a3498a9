"""What policies say of an agent's calls of a tool whatever the call is: by the scopes of their rules alone.

Conditions are not weighed here: a rule that has any may match, and which calls it matches is left to the proof over
policies. The rules of a portfolio are put in order once for all agents.
"""

from __future__ import annotations

from typing import NamedTuple

from remit.definitions import Agent, Tool
from remit.definitions.policy import PolicyRule
from remit.flow.permits import rules_of
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
    permitted = forbidden = asked = False
    for placed in rules_of(portfolio).about(tool):
        rule = placed.rule
        if rule.agents is not None and agent.metadata.id not in rule.agents:
            continue
        if rule.effect == "permit":
            permitted = True
        elif rule.effect == "forbid":
            forbidden = forbidden or _is_outright(rule)
        else:
            asked = asked or not _is_of_origins(rule)
    return Standing(permitted, forbidden, asked)


def _is_outright(rule: PolicyRule) -> bool:
    return not rule.when and rule.tenants is None and rule.environments is None


def _is_of_origins(rule: PolicyRule) -> bool:
    return bool(rule.when) and all(path.startswith(ORIGINS) for path in rule.when)
