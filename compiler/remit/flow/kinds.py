"""The types of JSON values, and when two values are the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal, TypeGuard

Kind = Literal["null", "boolean", "integer", "fraction", "string", "array", "object"]
"""A type; an `integer` and a `fraction` are the two forms of a number."""
KINDS: frozenset[Kind] = frozenset({"null", "boolean", "integer", "fraction", "string", "array", "object"})
MAX_DEPTH = 60
"""Values inside each other that are compared."""


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def kind_of(value: Any) -> Kind:
    """The type of a JSON value; a number that is whole is an integer however it is written (2020-12 core §4.2.3)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Decimal):
        return "integer" if value == value // 1 else "fraction"
    if isinstance(value, str):
        return "string"
    return "array" if is_list(value) else "object"


def json_key(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Something that is the same for equal JSON values, and can be a key. What lies too deep is all the same."""
    if isinstance(value, bool):
        return ("boolean", value)
    if depth == 0 and isinstance(value, list | dict):
        return ("deep",)
    if is_list(value):
        return ("array", *[json_key(one, depth - 1) for one in value])
    if is_object(value):
        return ("object", frozenset([(name, json_key(one, depth - 1)) for name, one in value.items()]))
    return value


# ---- in words

_WORDS: dict[Kind, str] = {
    "null": "null",
    "boolean": "a boolean",
    "integer": "an integer",
    "fraction": "a number with a fraction",
    "string": "a string",
    "array": "an array",
    "object": "an object",
}


def words_of(kinds: frozenset[Kind]) -> str:
    """Types in words: `a number or a string`."""
    words = [_WORDS[kind] for kind in sorted(kinds)]
    if {"integer", "fraction"} <= kinds:
        words = ["a number" if word == _WORDS["integer"] else word for word in words]
        words.remove(_WORDS["fraction"])
    return " or ".join(words) if words else "nothing"


def json_words(value: Any, longest: int = 60) -> str:
    """A JSON value as it is written, cut where it is long."""
    text = _json(value, MAX_DEPTH)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _json(value: Any, depth: int) -> str:
    if depth == 0:
        return "..."
    if is_list(value):
        return f"[{', '.join(_json(one, depth - 1) for one in value)}]"
    if is_object(value):
        pairs = (f"{_json(key, depth)}: {_json(one, depth - 1)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    if value is None or isinstance(value, bool):
        return str(value).lower() if value is not None else "null"
    return f'"{value}"' if isinstance(value, str) else str(value)
