"""POL004."""

from collections.abc import Iterator
from decimal import Decimal

from remit.definitions import Policy
from remit.definitions.policy import PolicyRule
from remit.diagnostic import Note
from remit.flow.permits import PlacedRule, rules_of, same_calls
from remit.link import Unit
from remit.rule import Finding, rule


@rule("conflicting-decisions", "POL004", since="0.4")
def conflicting_decisions(unit: Unit[Policy]) -> Iterator[Finding]:
    """Decisions that contradict each other: a rule that forbids what another gives, or bounds that leave nothing.

    ## Why

    A `forbid` wins over everything. Beside one with the same scopes and conditions, a `permit` permits nothing and a
    `require_approval` is never asked: one of the two authors believes something that is not so. Of constraints every
    one binds: above its `min_` and below its `max_` there has to be something.

    ## Wrong

    ```yaml file=policies/engineering.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: engineering}
    spec:
      rules:
        - {id: history, effect: permit, tools: [git.log], reason: agents read the history}
        - {id: no-history, effect: forbid, tools: [git.log], reason: the history is long}
    ```

    ## Right

    ```yaml file=policies/engineering.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: engineering}
    spec:
      rules:
        - {id: history, effect: permit, tools: [git.log], reason: agents read the history}
        - {id: no-long-history, effect: forbid, tools: [git.log], when: {args.max_count: {gt: 500}}, reason: too long}
    ```
    """
    rules = rules_of(unit.portfolio)
    for index, one in enumerate(unit.definition.spec.rules):
        yield from _empty_bounds(unit, index, one)
        if one.effect == "forbid":
            continue
        placed = PlacedRule(unit.definition.metadata.id, index, one)
        for other in rules.beside(one):
            if other.rule.effect == "forbid" and same_calls(one, other.rule):
                verb = "permits" if one.effect == "permit" else "asks for an approval of"
                yield Finding(
                    placed.span(unit.portfolio, "effect"),
                    f"`{one.id}` {verb} exactly what `{other.rule.id}` forbids",
                    (Note("it is forbidden here", other.span(unit.portfolio, "effect")),),
                    "a `forbid` wins over everything: remove one of the two, or say in which cases it holds",
                )
                break


def _empty_bounds(unit: Unit[Policy], index: int, one: PolicyRule) -> Iterator[Finding]:
    for name, (most, *_) in one.constraints.items():
        if not name.startswith("max_"):
            continue
        least_name = f"min_{name.removeprefix('max_')}"
        least, *_ = one.constraints.get(least_name, (None,))
        if isinstance(most, int | Decimal) and isinstance(least, int | Decimal) and most < least:
            at = ("spec", "rules", index, "constraints")
            yield Finding(
                unit.span((*at, name)),
                f"no call keeps both `{name}: {most}` and `{least_name}: {least}`",
                (Note("the other bound stands here", unit.span((*at, least_name))),),
                "raise the one or lower the other",
            )
