"""What the rules of policies name besides marked ids: capabilities, and the tenants of conditions.

What a condition asks about (facts, arguments, attributes), and words that it compares with out of a closed list, are
judged where policies are lowered.
"""

from collections.abc import Iterator

from remit.definitions import Policy
from remit.definitions.policy import Comparison
from remit.definitions.scalars import Scalar
from remit.link.work import Work, span_of, undefined, undefined_id
from remit.read import Path

_TENANT = "run.tenant"


def link_policy(work: Work, path: str, policy: Policy) -> None:
    """Looks up the capabilities and tenants that the rules of a policy name."""
    for index, rule in enumerate(policy.spec.rules):
        at: Path = ("spec", "rules", index)
        for place, name in enumerate(rule.capabilities or ()):
            known = work.portfolio.words("capabilities")
            if name not in known:
                undefined(work, span_of(work, path, (*at, "capabilities", place)), name, "capability", known)
        if _TENANT in rule.when:
            _link_tenants(work, path, (*at, "when", _TENANT), rule.when[_TENANT])


def _link_tenants(work: Work, path: str, at: Path, condition: Scalar | Comparison) -> None:
    for place, name in _compared(condition):
        if work.portfolio.symbol("Tenant", str(name)) is None:
            undefined_id(work, span_of(work, path, (*at, *place)), str(name), "Tenant")


def _compared(condition: Scalar | Comparison) -> Iterator[tuple[Path, Scalar]]:
    """The whole values that a condition compares with, each with its path."""
    if not isinstance(condition, Comparison):
        yield (), condition
    elif condition.operator == "ne" and not isinstance(condition.operand, tuple):
        yield ("ne",), condition.operand
    elif condition.operator == "in" and isinstance(condition.operand, tuple):
        for index, item in enumerate(condition.operand):
            yield ("in", index), item
