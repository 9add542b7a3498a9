"""Which rules of policies can be about a call: by their scopes, never by their conditions.

What a rule's scope leaves out, the rule never decides, so that what no scope takes in is denied whatever is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from remit.definitions import Policy, Tool
from remit.definitions.policy import PolicyRule
from remit.link import Portfolio
from remit.source import Span


class PlacedRule(NamedTuple):
    """A rule of a Policy, with the id of the Policy and its place in the list of rules."""

    policy: str
    number: int
    rule: PolicyRule

    def span(self, portfolio: Portfolio, *at: str | int) -> Span:
        """The place of a part of the rule."""
        policy = portfolio.find(Policy, self.policy)
        if policy is None:
            raise RuntimeError("a rule was placed in a policy that there is not")
        return portfolio.span(portfolio.path_of(policy), ("spec", "rules", self.number, *at))


@dataclass(frozen=True)
class RuleIndex:
    """The rules of every policy, found by the first of their scopes over tools that is given.

    `of_tools` keeps what was found for a tool, by its id: many agents ask for few tools.
    """

    by_tool: dict[str, list[PlacedRule]] = field(default_factory=dict[str, list[PlacedRule]])
    by_effect: dict[str, list[PlacedRule]] = field(default_factory=dict[str, list[PlacedRule]])
    by_capability: dict[str, list[PlacedRule]] = field(default_factory=dict[str, list[PlacedRule]])
    unscoped: list[PlacedRule] = field(default_factory=list[PlacedRule])
    of_tools: dict[str, tuple[PlacedRule, ...]] = field(default_factory=dict[str, tuple[PlacedRule, ...]])

    def about(self, tool: Tool) -> tuple[PlacedRule, ...]:
        """The rules in whose scope a tool is."""
        found = self.of_tools.get(tool.metadata.id)
        if found is None:
            found = self.of_tools[tool.metadata.id] = tuple(self._about(tool))
        return found

    def _about(self, tool: Tool) -> Iterator[PlacedRule]:
        spec = tool.spec
        by_name = self.by_tool.get(tool.metadata.id, ())
        by_group = (*self.by_effect.get(spec.effect, ()), *self.by_capability.get(tool.capability, ()))
        for placed in (*by_name, *by_group, *self.unscoped):
            rule = placed.rule
            if rule.effects is not None and spec.effect not in rule.effects:
                continue
            if rule.capabilities is None or tool.capability in rule.capabilities:
                yield placed

    def beside(self, rule: PolicyRule) -> Iterator[PlacedRule]:
        """The rules that may take in every tool that a rule takes in, the rule itself included, each once."""
        lists = [self.unscoped]
        if rule.tools is not None:
            # A rule over all of its tools is over the first of them.
            lists.append(self.by_tool.get(rule.tools[0], []))
            lists += (*self.by_effect.values(), *self.by_capability.values())
        elif rule.effects is not None:
            lists.append(self.by_effect.get(rule.effects[0], []))
            lists += self.by_capability.values() if rule.capabilities is not None else ()
        elif rule.capabilities is not None:
            lists.append(self.by_capability.get(rule.capabilities[0], []))
        seen = {(placed.policy, placed.number): placed for some in lists for placed in some}
        yield from seen.values()


def rules_of(portfolio: Portfolio) -> RuleIndex:
    """The rules of every policy of a portfolio, those of its libraries included."""
    return _index(_Same(portfolio.of(Policy)))


@dataclass(frozen=True, eq=False)
class _Same:
    """Policies as a key: equal to no others, however alike, so that they are read once for all that ask."""

    policies: Mapping[str, Policy]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.policies is self.policies

    def __hash__(self) -> int:
        return id(self.policies)


@lru_cache(maxsize=1)
def _index(same: _Same) -> RuleIndex:
    index = RuleIndex()
    for name, policy in same.policies.items():
        for place, rule in enumerate(policy.spec.rules):
            _add(index, PlacedRule(name, place, rule))
    return index


def _add(index: RuleIndex, placed: PlacedRule) -> None:
    rule = placed.rule
    if rule.tools is not None:
        table, names = index.by_tool, rule.tools
    elif rule.effects is not None:
        table, names = index.by_effect, rule.effects
    elif rule.capabilities is not None:
        table, names = index.by_capability, rule.capabilities
    else:
        index.unscoped.append(placed)
        return
    for name in names:
        table.setdefault(name, []).append(placed)


# ---- two rules beside each other


def same_calls(one: PolicyRule, other: PolicyRule) -> bool:
    """Whether two rules are written to be about the same calls: the same scopes and the same conditions."""
    return scopes_of(one) == scopes_of(other) and one.when == other.when


def scopes_of(rule: PolicyRule) -> tuple[frozenset[str] | None, ...]:
    """The scopes of a rule, each a set of names, or None where it means any."""
    scopes = (rule.tools, rule.effects, rule.capabilities, rule.agents, rule.tenants, rule.environments)
    return tuple(None if scope is None else frozenset(scope) for scope in scopes)
