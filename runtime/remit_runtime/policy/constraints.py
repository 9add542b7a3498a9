"""Constraints that a decision lays on a call: what several rules ask for, narrowed to what satisfies all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from remit_runtime.bundle.policy import Constraint, PolicyRule

FORMS = "`max_` and `min_` take an integer, `only_` takes a list of strings"


def constraint_problem(name: str, value: Any) -> str | None:
    """Why a constraint has no meaning, or None: its name begins with `max_`, `min_` or `only_`."""
    if name.startswith(("max_", "min_")):
        right = isinstance(value, int) and not isinstance(value, bool)
    elif name.startswith("only_"):
        right = isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)  # pyright: ignore[reportUnknownVariableType] -- any JSON
    else:
        return f"constraint `{name}` is unknown: {FORMS}"
    return None if right else f"constraint `{name}` has a value of the wrong type: {FORMS}"


def value_of(constraint: Constraint) -> Any:
    """The value of a constraint; None, which no constraint has, when it is not JSON."""
    try:
        return msgspec.json.decode(constraint.json)
    except msgspec.DecodeError:
        return None


def merged(rules: Iterable[PolicyRule]) -> Mapping[str, Any]:
    """What satisfies the constraints of every rule: the smallest `max_`, the largest `min_`, what all `only_` share.

    In order of name. An `only_` list that comes out empty allows nothing.
    """
    found: dict[str, Any] = {}
    for rule in rules:
        for constraint in rule.constraints:
            value = value_of(constraint)
            name = constraint.name
            found[name] = _narrower(name, found[name], value) if name in found else _plain(value)
    return dict(sorted(found.items()))


def _narrower(name: str, one: Any, other: Any) -> Any:
    if name.startswith("max_"):
        return min(one, other)
    if name.startswith("min_"):
        return max(one, other)
    return sorted(set(one) & set(other))


def _plain(value: Any) -> Any:
    return sorted(set(value)) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] -- a list of strings
