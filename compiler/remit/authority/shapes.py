"""What policies can see of a tool's arguments: JSON Schema (2020-12) read as Cedar types.

Only types that every Cedar policy can judge exactly are seen: strings, closed lists of strings, whole numbers,
booleans, lists of these, and closed objects. The rest (numbers with a fraction, `anyOf` without a `type`, open
objects) is hidden, and hidden arguments are reported, so that nobody writes a rule over what is not there.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from remit_runtime.policy.schema import CedarType

MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class ArgumentShape:
    """A tool's arguments as policies see them.

    `hidden` are the dotted paths that policies cannot see, `closed` the closed lists of strings by the name of their
    entity type; `open` says that a call may carry arguments which the schema does not declare.
    """

    type: CedarType
    hidden: tuple[str, ...]
    closed: tuple[tuple[str, tuple[str, ...]], ...]
    open: bool


def shape_of(schema: Mapping[str, Any]) -> ArgumentShape:
    """The shape of the arguments that an input schema with `type: object` at its root takes."""
    reading = _Reading(schema, {}, [])
    attributes = _attributes(reading, schema, "", 0)
    return ArgumentShape(
        type=CedarType(type="Record", attributes=attributes),
        hidden=tuple(sorted(reading.hidden)),
        closed=tuple(sorted(reading.closed.items())),
        open=schema.get("additionalProperties", True) is not False,
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """One schema being read: its root, for references, and what was found on the way."""

    root: Mapping[str, Any]
    closed: dict[str, tuple[str, ...]]
    hidden: list[str]


def _attributes(reading: _Reading, schema: Mapping[str, Any], path: str, depth: int) -> dict[str, CedarType]:
    required = set(_strings(schema.get("required")) or ())
    found: dict[str, CedarType] = {}
    for name, part in sorted(_mapping(schema.get("properties")).items()):
        place = f"{path}.{name}" if path else name
        kind = _typed(reading, part, place, depth + 1)
        if kind is None or name.startswith("__"):  # `__entity` and `__extn` are Cedar's own keys
            reading.hidden.append(place)
        else:
            nullable = _type_and_null(_resolved(reading, part))[1]
            found[name] = CedarType(
                type=kind.type,
                name=kind.name,
                element=kind.element,
                attributes=kind.attributes,
                required=name in required and not nullable,
            )
    return found


def _typed(reading: _Reading, part: Any, path: str, depth: int) -> CedarType | None:
    """The Cedar type of a schema, or None when it has none."""
    schema = _resolved(reading, part)
    if depth > MAX_DEPTH:
        return None
    words = _closed_list(schema)
    if words is not None:
        name = closed_name(words)
        reading.closed[name] = words
        return CedarType(type="Entity", name=name)
    match _type_and_null(schema)[0]:
        case "string":
            return CedarType(type="String")
        case "boolean":
            return CedarType(type="Boolean")
        case "integer":
            return CedarType(type="Long")
        case "array":
            element = _typed(reading, schema.get("items"), path, depth + 1)
            return CedarType(type="Set", element=element) if element and _is_plain(element) else None
        case "object" if schema.get("additionalProperties", True) is False:
            return CedarType(type="Record", attributes=_attributes(reading, schema, path, depth))
        case _:
            return None


def _is_plain(kind: CedarType) -> bool:
    """Cedar has no quantifier, so a list of lists or objects could not be asked anything."""
    return kind.type in {"String", "Boolean", "Long", "Entity"}


def closed_name(words: tuple[str, ...]) -> str:
    """The entity type of a closed list of strings: the same list has one type, whatever tools have it."""
    readable = "_".join(re.sub(r"[^A-Za-z0-9]", "", word) for word in words)[:32].strip("_")
    digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:8]
    return f"OneOf_{readable}_{digest}"


def _closed_list(schema: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The values of a schema that takes only certain strings (null beside them makes it optional)."""
    if isinstance(schema.get("const"), str):
        return (schema["const"],)
    values = schema.get("enum")
    if not isinstance(values, list):
        return None
    items: list[Any] = [value for value in values if value is not None]  # pyright: ignore[reportUnknownVariableType] -- any JSON
    words = _strings(items)
    return tuple(sorted(set(words))) if words else None


def _type_and_null(schema: Mapping[str, Any]) -> tuple[str | None, bool]:
    """The one type a schema allows beside null, and whether it allows null."""
    stated = schema.get("type")
    types = [stated] if isinstance(stated, str) else _strings(stated) or ()
    others = [name for name in types if name != "null"]
    values = schema.get("enum")
    nullable = "null" in types or (isinstance(values, list) and None in values and not types)
    return (others[0] if len(others) == 1 else None), nullable


def _resolved(reading: _Reading, part: Any) -> Mapping[str, Any]:
    """A schema with its references inside the document followed; one that cannot be followed says nothing."""
    schema = _mapping(part)
    for _ in range(MAX_DEPTH):
        target = schema.get("$ref")
        if target is None:
            return schema
        schema = _pointed(reading.root, target)
    return {}


def _pointed(root: Mapping[str, Any], target: Any) -> Mapping[str, Any]:
    """The schema at a JSON pointer fragment (RFC 6901 section 6) of the document."""
    if not isinstance(target, str) or not target.startswith("#/"):
        return {}
    node: Any = root
    for part in target.removeprefix("#/").split("/"):
        node = _mapping(node).get(part.replace("~1", "/").replace("~0", "~"))
    return _mapping(node)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}  # pyright: ignore[reportUnknownVariableType] -- any JSON


def _strings(value: Any) -> tuple[str, ...] | None:
    """The strings of a list that holds nothing else."""
    if not isinstance(value, (list, tuple)):
        return None
    items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType] -- any JSON
    return tuple(items) if all(isinstance(item, str) for item in items) else None
