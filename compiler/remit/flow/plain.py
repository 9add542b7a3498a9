"""Which places of a schema are plain: every value that a reading says may be there can be there.

A reading may say too much, since it leaves out what it does not understand (docs/types.md). To say that a value is not
routed, it has to be one that can be decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from remit.flow.kinds import is_list, is_object

_NOTES = frozenset({"$schema", "$comment", "$defs", "title", "description", "default", "examples"})
_SHAPES = frozenset({"type", "enum", "const", "properties", "required", "additionalProperties", "items"})
_PLAIN = _NOTES | _SHAPES
_LENGTHS = frozenset({"minLength", "maxLength"})
_BOUNDS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
MAX_STEPS = 64
"""Schemas that are looked at on the way to a place."""
MAX_RANGE = 100
"""Integers of a range that are listed one by one."""


class Plain(NamedTuple):
    """A place whose schema says no more than a reading takes in, and the integers of a small range, if it is one."""

    integers: tuple[int, ...] | None = None


def plain_at(schema: Any, steps: Iterable[str]) -> Plain | None:
    """What is plain of a place below a schema, or None where the schema says more than a reading takes in."""
    found, left = schema, MAX_STEPS
    waiting = list(steps)
    while True:
        left -= 1
        if found is True or (is_object(found) and not found):
            return Plain()
        if not is_object(found) or left < 0:
            return None
        if "$ref" in found:
            target = _target(schema, found["$ref"]) if found.keys() <= _NOTES | {"$ref"} else None
            if target is None:
                return None
            found = target
        elif not waiting:
            return _leaf(found)
        elif found.keys() <= _PLAIN and "enum" not in found and "const" not in found:
            found = _below(found, waiting.pop(0))
        else:
            return None


def is_plain_object(schema: Any) -> bool:
    """Whether a schema says of an object which fields it has, and no more than a reading takes in."""
    return (
        is_object(schema)
        and schema.keys() <= _PLAIN
        and schema.get("type") == "object"
        and is_object(schema.get("properties"))
        and is_list(schema.get("required", []))
        and "enum" not in schema
        and "const" not in schema
    )


def _target(schema: Any, reference: object) -> Any:
    """The schema that a reference such as `#/$defs/verdict` leads to, or None."""
    if not isinstance(reference, str) or not reference.startswith("#/$defs/") or not is_object(schema):
        return None
    definitions = schema.get("$defs")
    name = reference.removeprefix("#/$defs/")
    return definitions.get(name) if is_object(definitions) and "~" not in name and "%" not in name else None


def _below(schema: dict[str, Any], step: str) -> Any:
    if is_list(schema.get("type")) or schema.get("type") not in ("object", "array"):
        return None  # a place in several types at once
    if schema["type"] == "array":
        return schema.get("items", True)
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    required = schema.get("required", [])
    if not is_object(properties) or not is_list(required):
        return None
    if others is False and not all(name in properties for name in required):
        return None  # no value satisfies it
    # Where no such key may be, nothing is there, and so anything may be said of it.
    return properties.get(step, others or True)


def _leaf(schema: dict[str, Any]) -> Plain | None:
    more = schema.keys() - _PLAIN
    if not more:
        return Plain()
    if "enum" in schema or "const" in schema:
        return None
    if schema.get("type") == "string" and more <= _LENGTHS:
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        is_open = most is None or (isinstance(least, int) and isinstance(most, int) and most >= max(least, 1))
        return Plain() if is_open else None
    if schema.get("type") == "integer" and more <= {"minimum", "maximum"}:
        return _range(schema.get("minimum"), schema.get("maximum"))
    if schema.get("type") == "number" and more <= _BOUNDS and len(more) == 1:
        return Plain()
    return None


def _range(least: object, most: object) -> Plain | None:
    if least is None or most is None:
        return Plain()
    whole = [int(one) for one in (least, most) if isinstance(one, int | Decimal) and one == one // 1]
    if len(whole) != 2 or whole[0] > whole[1]:
        return None
    if whole[1] - whole[0] >= MAX_RANGE:
        return Plain()
    return Plain(tuple(range(whole[0], whole[1] + 1)))
