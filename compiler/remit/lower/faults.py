"""What keeps the policies of a linked portfolio from being lowered, in the words of rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from remit.authority.faults import faults_of
from remit.authority.source import PolicyFault
from remit.authority.world import world_of
from remit.diagnostic import Fault
from remit.link import Portfolio
from remit.lower.policies import authority_of

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
_READ_FIRST = ("missing-file", "invalid-json-schema", "path-leaves-repository")


Faults = Mapping[str, tuple[Fault, ...]]
"""Faults by the name of the rule that words them; `expected` begins with the message, then the words that fit."""


def policy_faults(portfolio: Portfolio) -> Faults:
    """What our own reading of the policies finds; without the schemas that tools name nothing can be said."""
    if any(kind in portfolio.faults for kind in _READ_FIRST):
        return {}
    source = authority_of(portfolio)
    return _worded(portfolio, faults_of(source, world_of(source)))


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
