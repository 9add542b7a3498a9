"""POL002."""

from collections.abc import Iterator

from remit.definitions import Policy, Tool
from remit.definitions.policy import PolicyRule
from remit.diagnostic import Note
from remit.flow.permits import PlacedRule, rules_of, same_calls
from remit.link import Portfolio, Unit
from remit.rule import Finding, rule


@rule("rule-shadowed", "POL002", since="0.4", severity="warning")
def rule_shadowed(unit: Unit[Policy]) -> Iterator[Finding]:
    """A rule that changes no decision, because another one decides every call it is about.

    ## Why

    A call that a wider rule forbids is forbidden whatever a narrower one permits or asks; what a wider rule permits
    need not be permitted again. Who reads the narrower rule, and who changes it, believes that it does something.

    ## Wrong

    ```yaml file=policies/engineering.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: engineering}
    spec:
      rules:
        - {id: no-history, effect: forbid, tools: [git.log, git.show], reason: it is long}
        - {id: recent, effect: permit, tools: [git.log], when: {args.max_count: {lte: 10}}, reason: it is short}
    ```

    ## Right

    ```yaml file=policies/engineering.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: engineering}
    spec:
      rules:
        - {id: no-long-history, effect: forbid, tools: [git.log], when: {args.max_count: {gt: 10}}, reason: it is long}
        - {id: recent, effect: permit, tools: [git.log], when: {args.max_count: {lte: 10}}, reason: it is short}
    ```

    ## Exceptions

    A rule with constraints of its own binds the calls it is about. A narrower `forbid` gives its own reason. Two rules
    about just the same calls of which one forbids are POL004.
    """
    rules = rules_of(unit.portfolio)
    for number, one in enumerate(unit.definition.spec.rules):
        placed = PlacedRule(unit.definition.metadata.id, number, one)
        for other in rules.beside(one):
            if other[:2] == placed[:2] or not _shadows(unit.portfolio, other, placed):
                continue
            told = (
                "forbids all that it is about"
                if other.rule.effect != one.effect
                else "says the same of more calls"
            )
            if other.rule.effect == one.effect and same_calls(one, other.rule):
                told = "says the same"
            yield Finding(
                placed.span(unit.portfolio, "id"),
                f"`{one.id}` changes no decision: `{other.rule.id}` {told}",
                (Note("the other rule stands here", other.span(unit.portfolio, "id")),),
                "remove it, or narrow the other",
            )
            break


def _shadows(portfolio: Portfolio, other: PlacedRule, placed: PlacedRule) -> bool:
    """Whether without a rule every decision would be the same, because of another."""
    one, wide = placed.rule, other.rule
    if same_calls(one, wide):
        if wide.effect != one.effect or one.approval != wide.approval or one.constraints != wide.constraints:
            return False
        return other[:2] < placed[:2]  # of two alike the later one is too many
    if not _covers(portfolio, wide, one):
        return False
    if wide.effect == "forbid":
        return one.effect != "forbid"
    return wide.effect == one.effect and not one.constraints and one.approval == wide.approval


def _covers(portfolio: Portfolio, wide: PolicyRule, one: PolicyRule) -> bool:
    """Whether a rule is about every call that another is about."""
    for scope, narrow in (
        (wide.tools, one.tools),
        (wide.agents, one.agents),
        (wide.tenants, one.tenants),
        (wide.environments, one.environments),
    ):
        if scope is not None and (narrow is None or not set(narrow) <= set(scope)):
            return False
    if not all(path in one.when and one.when[path] == wanted for path, wanted in wide.when.items()):
        return False
    return _covers_kinds(portfolio, wide, one)


def _covers_kinds(portfolio: Portfolio, wide: PolicyRule, one: PolicyRule) -> bool:
    """Whether the effects and capabilities of a rule take in those of another, or of the tools that it names."""
    effects = wide.effects is None or (one.effects is not None and set(one.effects) <= set(wide.effects))
    capabilities = wide.capabilities is None or (
        one.capabilities is not None and set(one.capabilities) <= set(wide.capabilities)
    )
    if (effects and capabilities) or one.tools is None:
        return effects and capabilities
    tools = [portfolio.find(Tool, name) for name in one.tools]
    return all(
        tool is not None
        and (effects or tool.spec.effect in (wide.effects or ()))
        and (capabilities or tool.capability in (wide.capabilities or ()))
        for tool in tools
    )
