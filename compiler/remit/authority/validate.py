"""The engine's own validation of lowered policies: the last net below our own reading of the rules.

Cedar names neither a line nor a clause. A rule is therefore validated with its first clause, its first two, and so on:
the first prefix that fails owns the error.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import cedarpy
from cedarpy import pst

from remit.authority.encode import texts
from remit.authority.layers import Draft
from remit.authority.source import Place, PolicyFault, RuleSource, fault_order


def engine_faults(schema: str, drafts: Sequence[Draft]) -> tuple[PolicyFault, ...]:
    """What the engine finds wrong with policies under a schema (Cedar's JSON form), each at the clause that owns it."""
    handle = cedarpy.Schema.from_json_str(schema)
    if _error([draft.policy for draft in drafts], handle) is None:
        return ()
    found = [_fault(draft, handle) for draft in drafts]
    return tuple(sorted((fault for fault in found if fault is not None), key=fault_order))


def _fault(draft: Draft, schema: cedarpy.Schema) -> PolicyFault | None:
    clauses = draft.policy.clauses
    for count in range(len(clauses) + 1):
        message = _error([replace(draft.policy, clauses=clauses[:count])], schema)
        if message is not None:
            return PolicyFault(_place(draft, count), "engine", message, draft.policy.id)
    return None


def _error(policies: Sequence[pst.Template], schema: cedarpy.Schema) -> str | None:
    found = cedarpy.validate_policies("\n".join(texts(policies)), schema)  # pyright: ignore[reportUnknownMemberType] -- typed loosely there
    if found.validation_passed:
        return None
    return re.sub(r"^for policy `[^`]*`,? ", "", found.errors[0].error)


def _place(draft: Draft, count: int) -> Place:
    """The node of the clause that ends a prefix of `count` clauses; without one, the rule."""
    rule = draft.rule
    if rule is None:
        return (draft.policy.id,)
    if count == 0:
        return rule.place
    if isinstance(draft.policy.clauses[count - 1], pst.Unless):
        return (*rule.place, "approval")
    return _condition_place(rule, count - 1 - (_when_clauses(draft) - len(rule.when)))


def _when_clauses(draft: Draft) -> int:
    return sum(isinstance(clause, pst.When) for clause in draft.policy.clauses)


def _condition_place(rule: RuleSource, index: int) -> Place:
    """Conditions are lowered in order of their paths, after the clauses of the scope."""
    if index < 0:
        return rule.place
    paths = sorted((condition.path, condition.operator) for condition in rule.when)
    return (*rule.place, "when", paths[index][0])
