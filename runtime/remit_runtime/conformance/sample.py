"""Values made up from a JSON Schema: the simplest that it takes, or none."""

from __future__ import annotations

import re
from collections.abc import Mapping

from remit_runtime.gateway.schemas import Schema
from remit_runtime.models.json_text import Json

MAX_DEPTH = 16
_WORDS = (
    "a",
    "1",
    "main",
    "HEAD",
    "v1",
    "1.0.0",
    "a.py",
    "src/a.py",
    "acme/shop",
    "A-1",
    "0" * 40,
    "0" * 64,
    "sha256:" + "0" * 64,
    "2026-01-01",
    "2026-01-01T00:00:00Z",
    "a@example.org",
    "https://example.org/a",
)


def sample(schema: Schema, given: Mapping[str, Json]) -> dict[str, Json] | None:
    """An object that satisfies a schema and holds the given fields; None where no such object was thought of."""
    made = _value(dict(schema.document), schema.document, 0)
    value = {**made, **given} if isinstance(made, dict) else None
    return None if value is None or schema.faults(value) else value


def _value(schema: Json, root: Mapping[str, Json], depth: int) -> Json:
    if not isinstance(schema, dict) or depth > MAX_DEPTH:
        return {} if depth == 0 else None
    if "const" in schema:
        return schema["const"]
    chosen = _chosen(schema, root)
    if chosen is not None:
        return _value(chosen, root, depth + 1)
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    return _typed(_type_of(schema), schema, root, depth)


def _typed(kind: Json, schema: Mapping[str, Json], root: Mapping[str, Json], depth: int) -> Json:
    match kind:
        case "string":
            return _text(schema)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
        case "array":
            least = schema.get("minItems", 0)
            items = [_value(schema.get("items", {}), root, depth + 1)]
            return items * (least if isinstance(least, int) else 0)
        case "object":
            return _object(schema, root, depth)
        case _:
            return None


def _object(schema: Mapping[str, Json], root: Mapping[str, Json], depth: int) -> dict[str, Json]:
    properties, required = schema.get("properties"), schema.get("required")
    fields = properties if isinstance(properties, dict) else {}
    names = required if isinstance(required, list) else []
    return {str(name): _value(fields.get(str(name), {}), root, depth + 1) for name in names}


def _chosen(schema: Mapping[str, Json], root: Mapping[str, Json]) -> Json:
    """The schema that a reference or a choice stands for; None where the schema speaks for itself."""
    target = schema.get("$ref")
    if isinstance(target, str) and target.startswith("#/"):
        found: Json = dict(root)
        for step in target[2:].split("/"):
            found = found.get(step) if isinstance(found, dict) else None
        return found
    for key in ("anyOf", "oneOf", "allOf"):
        options = schema.get(key)
        if isinstance(options, list) and options and "properties" not in schema:
            return options[0]
    return None


def _type_of(schema: Mapping[str, Json]) -> Json:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((one for one in kind if one != "null"), None)
    if kind is None:
        return "object" if "properties" in schema or "required" in schema else "string"
    return kind


def _text(schema: Mapping[str, Json]) -> str:
    least, pattern = schema.get("minLength", 0), schema.get("pattern")
    wanted = least if isinstance(least, int) else 0
    words = [word if len(word) >= wanted else word.ljust(wanted, "a") for word in _WORDS]
    if not isinstance(pattern, str):
        return words[0]
    try:
        return next((word for word in words if re.search(pattern, word)), words[0])
    except re.error:
        return words[0]


def _number(schema: Mapping[str, Json]) -> int:
    for key, more in (("minimum", 0), ("exclusiveMinimum", 1)):
        least = schema.get(key)
        if isinstance(least, int | float):
            return int(least) + more
    most = schema.get("maximum")
    return int(most) if isinstance(most, int | float) and most < 1 else 1
