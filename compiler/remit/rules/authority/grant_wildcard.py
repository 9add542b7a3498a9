"""AUT001."""

from collections.abc import Iterator
from typing import get_args

from remit.definitions import Policy
from remit.definitions.policy import PolicyRule
from remit.definitions.words import Effect
from remit.link import Unit
from remit.rule import Finding, rule

_EFFECTS = frozenset(get_args(Effect))
_OF_THE_RUN = ("agent.", "run.")
"""Conditions that say who calls and when, and nothing of what is called."""


@rule("grant-wildcard", "AUT001", since="0.4")
def grant_wildcard(unit: Unit[Policy]) -> Iterator[Finding]:
    """A rule that permits every tool, those that nobody has written yet included.

    ## Why

    Only a `permit` gives authority, and one without `tools`, `capabilities` or a part of the `effects` gives all there
    is: whoever adds a tool to the repository has then been permitted it before anybody read what it does. Who may call
    and where (`agents`, `environments`, a condition over the run) narrows that to somebody, and still to everything.

    ## Wrong

    ```yaml file=policies/engineering.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: engineering}
    spec:
      rules:
        - {id: work, effect: permit, environments: [dev], reason: agents work}
    ```

    ## Right

    ```yaml file=policies/engineering.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: engineering}
    spec:
      rules:
        - {id: look, effect: permit, capabilities: [code.read], environments: [dev], reason: agents look at code}
    ```

    ## Exceptions

    A rule with a condition over the arguments, the facts or the resource of a call permits only calls that have these.
    A rule that forbids may well be about everything.
    """
    for index, one in enumerate(unit.definition.spec.rules):
        if one.effect == "permit" and _permits_everything(one):
            every = "effects" if one.effects is not None else "effect"
            yield Finding(
                unit.span(("spec", "rules", index, every)),
                f"`{one.id}` permits every tool, whatever it does",
                help="name `tools`, `capabilities` or the `effects` that are meant",
            )


def _permits_everything(one: PolicyRule) -> bool:
    if one.tools is not None or one.capabilities is not None:
        return False
    if one.effects is not None and not set(one.effects) >= _EFFECTS:
        return False
    return all(path.startswith(_OF_THE_RUN) for path in one.when)
