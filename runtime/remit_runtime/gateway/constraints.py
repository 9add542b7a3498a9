"""The constraints that a decision lays on a call, kept where the call is made: one that cannot be kept refuses it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from remit_runtime.gateway.arguments import Arguments
from remit_runtime.gateway.outcome import Denial
from remit_runtime.models.json_text import Json


def broken_constraint(
    constraints: Mapping[str, Json], arguments: Arguments, declared: Collection[str], rules: tuple[str, ...]
) -> Denial | None:
    """The first constraint that a call does not satisfy, in order of name, or None.

    The rest of a constraint's name is the argument it binds: `max_paths` the number of items of the array `paths`,
    the length of a string or a number itself; `only_branch` the value, or each item of an array. An absent argument
    has no items. A constraint about an argument that the tool does not declare cannot be kept.
    """
    for name, limit in sorted(constraints.items()):
        kind, _, argument = name.partition("_")
        if argument not in declared:
            reason = f"constraint `{name}` is about an argument that the tool does not declare"
            return Denial("policy", "constraint_unenforceable", reason, rules)
        if not _holds(kind, limit, arguments.get(argument)):
            reason = f"argument `{argument}` does not satisfy constraint `{name}`"
            return Denial("policy", "constraint_violated", reason, rules)
    return None


def _holds(kind: str, limit: Json, value: Json) -> bool:
    match kind, limit:
        case "max", int():
            size = _size(value)
            return size is not None and size <= limit
        case "min", int():
            size = _size(value)
            return size is not None and size >= limit
        case "only", list():
            items = value if isinstance(value, list) else [] if value is None else [value]
            return all(item in limit for item in items)
        case _:
            return False


def _size(value: Json) -> int | float | None:
    match value:
        case None:
            return 0
        case bool():
            return None
        case int() | float():
            return value
        case str() | list():
            return len(value)
        case dict():
            return None
