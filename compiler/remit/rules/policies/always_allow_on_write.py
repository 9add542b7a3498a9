"""POL012."""

from collections.abc import Iterator
from typing import get_args

from remit.definitions import Policy
from remit.definitions.policy import PolicyRule
from remit.definitions.words import Effect
from remit.flow.permits import rules_of
from remit.link import Unit
from remit.rule import Finding, rule

_EFFECTS = frozenset(get_args(Effect))
_CHANGES = ("write", "irreversible")


@rule("always-allow-on-write", "POL012", since="0.4")
def always_allow_on_write(unit: Unit[Policy]) -> Iterator[Finding]:
    """A rule that permits every tool which changes something, to every agent, always.

    ## Why

    What a tool changes differs from tool to tool, and who may change it from agent to agent. A rule over the effect
    alone has decided that for tools and agents that nobody has written yet, with no person, no condition and no limit
    between.

    ## Wrong

    ```yaml file=policies/engineering.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: engineering}
    spec:
      rules:
        - {id: write, effect: permit, effects: [write], reason: agents work}
    ```

    ## Right

    ```yaml file=policies/engineering.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: engineering}
    spec:
      rules:
        - {id: write, effect: permit, effects: [write], constraints: {max_paths: 20}, reason: agents work on some files}
    ```

    ## Exceptions

    A rule that narrows by `tools`, `capabilities`, `agents`, a condition or a constraint, and one beside a rule that
    asks people for the same effects whatever the call is. One over all effects is AUT001.
    """
    for index, one in enumerate(unit.definition.spec.rules):
        effects = tuple(effect for effect in one.effects or () if effect in _CHANGES)
        if one.effect != "permit" or not effects or set(one.effects or ()) >= _EFFECTS or _is_narrow(one):
            continue
        rules = rules_of(unit.portfolio)
        asked = (
            any(
                _asks_of_all(placed.rule, one)
                for placed in (*rules.by_effect.get(effect, ()), *rules.unscoped)
            )
            for effect in effects
        )
        if not all(asked):
            yield Finding(
                unit.span(("spec", "rules", index, "effects")),
                f"`{one.id}` permits every tool that changes something to every agent",
                help="name `tools`, `capabilities` or `agents`, or ask people in a rule over the same effects",
            )


def _is_narrow(one: PolicyRule) -> bool:
    scopes = (one.tools, one.capabilities, one.agents, one.tenants)
    return any(scope is not None for scope in scopes) or bool(one.when) or bool(one.constraints)


def _asks_of_all(other: PolicyRule, one: PolicyRule) -> bool:
    """Whether a rule asks people for every call of its effects, wherever another permits them."""
    if other.effect != "require_approval" or _is_narrow(other):
        return False
    return other.environments is None or set(other.environments) >= set(one.environments or (None,))
