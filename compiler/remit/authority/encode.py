"""Rules as Cedar policies: typed nodes first, text only by the engine's own printer.

No id, reason or value is ever quoted by hand, so none can end a string and begin a policy. What is printed is parsed
again and must be the nodes that were meant.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, Literal

import cedarpy
from cedarpy import pst

from remit.authority.readings import Reading
from remit.authority.source import Condition
from remit_runtime.policy.schema import NAMESPACE, CedarType

ACTION = pst.Var("action")
CONTEXT = pst.Var("context")
RUN = pst.GetAttr(CONTEXT, "run")
NEVER = pst.BoolLit(False)


_OPERATORS: dict[str, pst.BinaryOpName] = {
    "is": "eq",
    "ne": "not_eq",
    "lt": "less",
    "lte": "less_eq",
    "gt": "greater",
    "gte": "greater_eq",
}


def entity(kind: str, identity: str) -> pst.EntityLit:
    """An entity of ours, as an expression."""
    return pst.EntityLit(_uid(kind, identity))


def _uid(kind: str, identity: str) -> pst.EntityUid:
    return pst.EntityUid(pst.EntityType(kind, (NAMESPACE,)), identity)


def policy(
    identity: str,
    effect: Literal["permit", "forbid"],
    clauses: Iterable[pst.Clause],
    *,
    reason: str,
    actions: Sequence[str] = (),
    agent: str | None = None,
    approval: str | None = None,
) -> pst.Template:
    """A policy under our own id. Without `actions` it is about every tool, without `agent` about every agent."""
    annotations = {"id": identity, "reason": reason}
    lifted: tuple[pst.Clause, ...] = ()
    if approval is not None:
        annotations["approval"] = approval
        lifted = (pst.Unless(contains(pst.GetAttr(RUN, "approvals"), entity("Approval", approval))),)
    return pst.Template(
        id=identity,
        effect=effect,
        principal=pst.ScopeAny() if agent is None else pst.ScopeEq(_uid("Agent", agent)),
        action=_action_scope(actions),
        resource=pst.ScopeAny(),
        clauses=(*clauses, *lifted),
        annotations=pst.FrozenMap(annotations),
    )


def _action_scope(actions: Sequence[str]) -> pst.ActionConstraint:
    if not actions:
        return pst.ScopeAny()
    return pst.ActionIn(tuple(_uid("Action", name) for name in sorted(set(actions))))


def contains(many: pst.Expr, one: pst.Expr) -> pst.Expr:
    """Whether a set holds a value."""
    return pst.BinaryOp("contains", many, one)


def action_in(actions: Iterable[str]) -> pst.Expr:
    """Whether the call's tool is one of these tools, or in one of these groups."""
    names = tuple(entity("Action", name) for name in sorted(set(actions)))
    return pst.BinaryOp("in", ACTION, pst.Set(names)) if names else NEVER


def agent_in(agents: Iterable[str]) -> pst.Expr:
    """Whether the call's agent is one of these."""
    return _one_of(pst.Var("principal"), [entity("Agent", name) for name in sorted(set(agents))])


def tenant_in(tenants: Iterable[str]) -> pst.Expr:
    """Whether the run's tenant is one of these."""
    return _one_of(pst.GetAttr(RUN, "tenant"), [pst.StringLit(name) for name in sorted(set(tenants))])


def environment_in(environments: Iterable[str]) -> pst.Expr:
    """Whether the run's environment is one of these."""
    names = [entity("Environment", name) for name in sorted(set(environments))]
    return _one_of(pst.GetAttr(RUN, "environment"), names)


def _one_of(value: pst.Expr, allowed: Sequence[pst.Expr]) -> pst.Expr:
    """Whether a value is one of some; Cedar has no empty set, and nothing is in it."""
    return contains(pst.Set(tuple(allowed)), value) if allowed else NEVER


def condition(readings: Iterable[Reading], asked: Condition, effect: Literal["permit", "forbid"]) -> pst.Expr:
    """A condition as an expression: it holds where one of its readings does.

    What is absent satisfies no condition, with one exception: `ne` in a rule that forbids. An argument that is left
    out must not slip past "anything but main".
    """
    return _any(tuple(_one_reading(reading, asked, effect) for reading in readings))


def _one_reading(reading: Reading, asked: Condition, effect: Literal["permit", "forbid"]) -> pst.Expr:
    base: pst.Expr = pst.Var(reading.variable)
    chain = reading.attributes
    # Only what stands below `args` or on a resource can be absent; Cedar wants `has` on the record that is there.
    if reading.variable == "context":
        base, chain = pst.GetAttr(base, chain[0]), chain[1:]
    value = reduce(pst.GetAttr, chain, base)
    test = comparison(value, reading.kind, asked)
    if reading.optional:
        present = pst.HasAttr(base, chain)
        if asked.operator == "ne" and effect == "forbid":
            test = pst.IfThenElse(present, test, pst.BoolLit(True))
        else:
            test = pst.BinaryOp("and", present, test)
    if reading.tools is not None:
        test = pst.BinaryOp("and", action_in(reading.tools), test)
    if reading.resource_types is not None:
        kinds = [
            pst.Is(pst.Var("resource"), pst.EntityType(k, (NAMESPACE,)), None) for k in reading.resource_types
        ]
        test = pst.BinaryOp("and", _any(kinds), test)
    return test


def comparison(value: pst.Expr, kind: CedarType, asked: Condition) -> pst.Expr:
    """One operator between a value and what the rule says."""
    inner = kind.element if kind.type == "Set" and kind.element else kind
    if asked.operator in _OPERATORS:
        return pst.BinaryOp(_OPERATORS[asked.operator], value, _literal(inner, asked.value))
    match asked.operator:
        case "contains":
            return contains(value, _literal(inner, asked.value))
        case "in":
            return _one_of(value, [_literal(inner, item) for item in sorted(set(asked.value))])
        case "like":
            return pst.Like(value, tuple(_pattern_part(letter) for letter in str(asked.value)))
        case _:
            raise RuntimeError(f"operator `{asked.operator}` has no meaning in Cedar")


def _literal(kind: CedarType, value: Any) -> pst.Expr:
    match kind.type:
        case "Entity" | "EntityOrCommon":
            return entity(kind.name, value)
        case "Boolean":
            return pst.BoolLit(value)
        case "Long":
            return pst.LongLit(value)
        case _:
            return pst.StringLit(value)


def _pattern_part(letter: str) -> pst.PatternElem:
    return pst.Wildcard() if letter == "*" else pst.Char(letter)


def _any(tests: Sequence[pst.Expr]) -> pst.Expr:
    """One of several, as a balanced tree: Cedar refuses nesting beyond a hundred levels."""
    if len(tests) == 1:
        return tests[0]
    half = len(tests) // 2
    return pst.BinaryOp("or", _any(tests[:half]), _any(tests[half:]))


def texts(policies: Sequence[pst.Template]) -> tuple[str, ...]:
    """The Cedar text of each policy, proved to mean exactly the nodes it was made from.

    Raises:
        RuntimeError: the engine's printer and parser disagree about a policy.
    """
    printed = tuple(_text(each) for each in policies)
    parsed = cedarpy.policies_to_pst("\n".join(printed)).static_policies
    meant = {f"policy{index}": replace(each, id=f"policy{index}") for index, each in enumerate(policies)}
    if parsed != meant:
        raise RuntimeError("a policy's text does not mean the policy it was printed from")
    return printed


def _text(each: pst.Template) -> str:
    one = pst.PolicySet(pst.FrozenMap({}), pst.FrozenMap({each.id: each}), ())
    return str(cedarpy.PolicySet.from_pst(one))
