"""Expressions of a template over values that are known while compiling.

The evaluator knows the node types below and refuses every other. Values are plain, so `.` and `[]` reach keys and
items and never an attribute of anything.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, cast

from remit.definitions.state import KNOWN_TO_PROMPTS
from remit.prompt.filters import FILTERS, Unfit, filtered
from remit.prompt.refusal import Meter, NotYet, Refused
from remit.prompt.segments import FaultKind, SlotAt
from remit.prompt.tree import Tree
from remit.prompt.values import (
    MAX_INTEGER,
    Value,
    is_integer,
    is_list,
    is_object,
    is_same,
    kind_of,
    text_of,
)

if TYPE_CHECKING:
    from jinja2 import nodes

NOTHING_TO_COMPUTE = "nothing can be computed from it"


@dataclass(frozen=True)
class Broken:
    """What a name means after its `set` was refused: that was told already."""


@dataclass(frozen=True)
class Scope:
    """The names that have a value, innermost last; `roots` are those of slots, None where every name may be one."""

    tree: Tree
    meter: Meter
    roots: Collection[str] | None
    frames: tuple[dict[str, Value | Broken], ...] = field(
        default_factory=tuple[dict[str, "Value | Broken"], ...]
    )

    def known(self, name: str) -> Value | Broken | SlotAt:
        """The value of a name, or the slot that begins with it."""
        for frame in reversed(self.frames):
            if name in frame:
                return frame[name]
        return SlotAt(name, (), self.tree.place(0))


def value_of(node: nodes.Node, scope: Scope) -> Value:
    """The value of an expression.

    Raises:
        Refused: it is none, or not of what prompts may use.
        NotYet: it is a slot.
        Exhausted: it takes more than any template may.
    """
    scope.meter.pay()
    evaluate = _EVALUATORS.get(type(node).__name__)
    if evaluate is None:
        raise unusable(node)
    return evaluate(node, scope)


def unusable(node: nodes.Node) -> Refused:
    """The refusal of a construct that prompts cannot use; what calls code or brings other templates in is dangerous."""
    name = type(node).__name__.lower()
    kind: FaultKind = "dangerous-template-feature" if name in _DANGEROUS else "invalid-template"
    return Refused(f"a prompt cannot use `{_WORDS.get(name, name)}`", start_of(node), kind)


def without(name: str, node: nodes.Filter) -> Refused:
    """The refusal of a filter that there is not."""
    kind: FaultKind = "dangerous-template-feature" if name == "attr" else "invalid-template"
    return Refused(f"a prompt has no filter `{name}`", start_of(node), kind)


def inward(word: object, node: nodes.Node) -> Refused | None:
    """The refusal of a name such as `__class__`, by which templates leave their values; None for any other."""
    if isinstance(word, str) and len(word) > 4 and word.startswith("__") and word.endswith("__"):
        message = f"a prompt cannot reach `{word[:100]}`"
        return Refused(message, start_of(node), "dangerous-template-feature")
    return None


_DANGEROUS = frozenset(("call", "callblock", "extends", "fromimport", "import"))
_WORDS = {
    "assignblock": "set block",
    "callblock": "call",
    "filterblock": "filter block",
    "fromimport": "from",
    "scopedevalcontextmodifier": "autoescape",
}


def now(node: nodes.Node, scope: Scope, otherwise: str) -> Value:
    """The value of an expression that may not be a slot: `otherwise` says what cannot be done with one.

    Raises:
        Refused: it is a slot, or what `value_of` refuses.
    """
    try:
        return value_of(node, scope)
    except NotYet as slot:
        root = slot.slot.root
        if scope.roots is not None and root not in scope.roots:
            raise Refused(f"there is no `{root}`", slot.offset) from None
        raise slot.because(otherwise) from None


def start_of(node: nodes.Node) -> int:
    """The offset at which an expression begins: Jinja2 gives that of a dot, a bracket or a bar."""
    from jinja2 import nodes

    while isinstance(node, nodes.Getattr | nodes.Getitem | nodes.Call | nodes.Filter | nodes.Test):
        if node.node is None:
            break
        node = node.node
    # A few statements have no place of their own: theirs is that of the first part that has one.
    parts = chain((node,), node.find_all(nodes.Node))
    places = (cast("int | None", part.lineno) for part in parts)
    return next((place for place in places if place is not None), 0)


def _name(node: nodes.Name, scope: Scope) -> Value:
    found = scope.known(node.name)
    if isinstance(found, Broken):
        raise Refused(None, node.lineno)
    if not isinstance(found, SlotAt):
        return found
    if node.name in KNOWN_TO_PROMPTS:
        raise Refused(f"`{node.name}` has no value here", node.lineno)
    place = scope.tree.place(node.lineno, len(node.name))
    raise NotYet(SlotAt(node.name, (), place), node.lineno)


def _const(node: nodes.Const, scope: Scope) -> Value:
    value: object = node.value
    if isinstance(value, str):
        scope.meter.text(len(value))
        return value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _bounded(value, node)
    raise Refused(f"a prompt cannot use `{type(value).__name__}`", node.lineno)


def _bounded(value: int, node: nodes.Node) -> int:
    if abs(value) >= MAX_INTEGER:
        raise Refused("a number of a prompt is less than 2^53", start_of(node))
    return value


def _list(node: nodes.List | nodes.Tuple, scope: Scope) -> Value:
    items = [now(item, scope, NOTHING_TO_COMPUTE) for item in node.items]
    scope.meter.whole(items)
    return items


def _dict(node: nodes.Dict, scope: Scope) -> Value:
    found: dict[str, Value] = {}
    for pair in node.items:
        key = now(pair.key, scope, NOTHING_TO_COMPUTE)
        if not isinstance(key, str):
            raise Refused(f"a key is a string, not {kind_of(key)}", start_of(pair.key))
        found[key] = now(pair.value, scope, NOTHING_TO_COMPUTE)
    scope.meter.whole(found)
    return found


def _getattr(node: nodes.Getattr, scope: Scope) -> Value:
    return _step(node, node.attr, scope)


def _getitem(node: nodes.Getitem, scope: Scope) -> Value:
    step = now(node.arg, scope, NOTHING_TO_COMPUTE)
    if not isinstance(step, str) and not is_integer(step):
        raise Refused(f"a key is a string or a number, not {kind_of(step)}", start_of(node.arg))
    return _step(node, step, scope)


def _step(node: nodes.Getattr | nodes.Getitem, step: str | int, scope: Scope) -> Value:
    refused, base = inward(step, node), node.node
    if refused is not None:
        raise refused
    try:
        value = value_of(base, scope)
    except NotYet as slot:
        further = SlotAt(slot.slot.root, (*slot.slot.path, str(step)), slot.slot.place)
        raise NotYet(further, slot.offset) from None
    if is_object(value) and isinstance(step, str) and step in value:
        return value[step]
    if is_list(value) and isinstance(step, int) and 0 <= step < len(value):
        return value[step]
    raise Refused(f"{_written(base, value)} has no `{step}`", start_of(base))


def _written(node: nodes.Node, value: Value) -> str:
    from jinja2 import nodes

    return f"`{node.name}`" if isinstance(node, nodes.Name) else kind_of(value)


def _filter(node: nodes.Filter, scope: Scope) -> Value:
    if node.node is None or node.name not in FILTERS:
        raise without(node.name, node)
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise Refused("a prompt cannot use `*` in arguments", start_of(node))
    value = now(node.node, scope, "no filter can be put on it")
    args = [now(argument, scope, NOTHING_TO_COMPUTE) for argument in node.args]
    # Jinja2 says that the key is an expression; its parser makes it the name itself.
    named = {str(pair.key): now(pair.value, scope, NOTHING_TO_COMPUTE) for pair in node.kwargs}
    refused = inward(named.get("attribute"), node)
    if refused is not None:
        raise refused
    try:
        return filtered(node.name, scope.meter, value, args, named)
    except Unfit as unfit:
        raise Refused(f"the filter `{node.name}` {unfit}", start_of(node)) from None


def _concat(node: nodes.Concat, scope: Scope) -> Value:
    texts: list[str] = []
    for part in node.nodes:
        value = now(part, scope, NOTHING_TO_COMPUTE)
        scope.meter.whole(value)
        texts.append(text_of(value))
    scope.meter.text(sum(map(len, texts)))
    return "".join(texts)


def _sum(node: nodes.Add | nodes.Sub, scope: Scope) -> Value:
    one, other = (now(side, scope, NOTHING_TO_COMPUTE) for side in (node.left, node.right))
    if not is_integer(one) or not is_integer(other):
        wrong = kind_of(other if is_integer(one) else one)
        raise Refused(f"`+` and `-` take numbers, not {wrong}", start_of(node.left))
    return _bounded(one + other if type(node).__name__ == "Add" else one - other, node.left)


def _negative(node: nodes.Neg, scope: Scope) -> Value:
    value = now(node.node, scope, NOTHING_TO_COMPUTE)
    if not is_integer(value):
        raise Refused(f"`-` takes a number, not {kind_of(value)}", node.lineno)
    return -value


def _not(node: nodes.Not, scope: Scope) -> Value:
    return not now(node.node, scope, NOTHING_TO_COMPUTE)


def _and(node: nodes.And, scope: Scope) -> Value:
    return now(node.left, scope, NOTHING_TO_COMPUTE) and now(node.right, scope, NOTHING_TO_COMPUTE)


def _or(node: nodes.Or, scope: Scope) -> Value:
    return now(node.left, scope, NOTHING_TO_COMPUTE) or now(node.right, scope, NOTHING_TO_COMPUTE)


def _choice(node: nodes.CondExpr, scope: Scope) -> Value:
    if now(node.test, scope, "nothing can depend on it"):
        return value_of(node.expr1, scope)
    if node.expr2 is None:
        raise Refused("a choice needs an `else`", start_of(node.expr1))
    return value_of(node.expr2, scope)


def _compare(node: nodes.Compare, scope: Scope) -> Value:
    left = now(node.expr, scope, NOTHING_TO_COMPUTE)
    for operand in node.ops:
        right = now(operand.expr, scope, NOTHING_TO_COMPUTE)
        scope.meter.whole([left, right])
        if not _holds(operand.op, left, right, start_of(operand.expr)):
            return False
        left = right
    return True


def _holds(op: str, left: Value, right: Value, offset: int) -> bool:
    match op:
        case "eq":
            return is_same(left, right)
        case "ne":
            return not is_same(left, right)
        case "in":
            return _contains(right, left, offset)
        case "notin":
            return not _contains(right, left, offset)
        case _:
            return _ordered(op, left, right, offset)


def _contains(whole: Value, part: Value, offset: int) -> bool:
    if isinstance(whole, str) and isinstance(part, str):
        return part in whole
    if is_list(whole):
        return any(is_same(item, part) for item in whole)
    if is_object(whole) and isinstance(part, str):
        return part in whole
    raise Refused(f"{kind_of(part)} cannot be in {kind_of(whole)}", offset)


def _ordered(op: str, left: Value, right: Value, offset: int) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        order = (left > right) - (left < right)
    elif is_integer(left) and is_integer(right):
        order = left - right
    else:
        raise Refused(f"{kind_of(left)} and {kind_of(right)} have no order", offset)
    return {"lt": order < 0, "lteq": order <= 0, "gt": order > 0, "gteq": order >= 0}[op]


_EVALUATORS: Mapping[str, Callable[..., Value]] = {
    "Add": _sum,
    "And": _and,
    "Compare": _compare,
    "Concat": _concat,
    "CondExpr": _choice,
    "Const": _const,
    "Dict": _dict,
    "Filter": _filter,
    "Getattr": _getattr,
    "Getitem": _getitem,
    "List": _list,
    "Name": _name,
    "Neg": _negative,
    "Not": _not,
    "Or": _or,
    "Sub": _sum,
    "Tuple": _list,
}
EXPRESSIONS = frozenset((*_EVALUATORS, "Keyword", "Operand", "Pair", "TemplateData"))
"""The types of nodes that expressions of prompts are made of."""
