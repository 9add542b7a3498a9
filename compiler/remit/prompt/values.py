"""The values of a template while compiling: strings, integers, booleans, none, lists and objects, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, TypeGuard

Value: TypeAlias = "str | int | bool | Sequence[Value] | Mapping[str, Value] | None"

MAX_INTEGER = 2**53


def is_list(value: Value) -> TypeGuard[Sequence[Value]]:
    """Whether a value is a list."""
    return isinstance(value, list | tuple)


def is_object(value: Value) -> TypeGuard[Mapping[str, Value]]:
    """Whether a value is an object."""
    return isinstance(value, dict)


def is_integer(value: Value) -> TypeGuard[int]:
    """Whether a value is a number: a boolean is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def kind_of(value: Value) -> str:
    """What a value is, in the words of a message."""
    match value:
        case None:
            return "none"
        case bool():
            return "a boolean"
        case int():
            return "a number"
        case str():
            return "a string"
        case _:
            return "a list" if is_list(value) else "an object"


def json_of(value: Value) -> str:
    """A value as JSON text, keys sorted."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def text_of(value: Value) -> str:
    """A value as it stands in a prompt: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json_of(value)


def is_same(one: Value, other: Value) -> bool:
    """Whether two values are equal as JSON, where true is not 1."""
    return json_of(one) == json_of(other)
