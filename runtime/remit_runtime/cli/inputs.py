"""Input given on a command line: JSON files, standard input, and single fields."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.errors import UsageError
from remit_runtime.models.json_text import Json, strict_json, trusted_json

MAX_INPUT_BYTES = 4 * 2**20


def read_bytes(name: str, what: str, limit: int) -> bytes:
    """The bytes of a file, or of standard input for `-`.

    Raises:
        UsageError: it cannot be read, or is longer than `limit`.
    """
    try:
        if name == "-":
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{what}_unreadable", f"the {what} `{name}` cannot be read") from error
    if len(data) > limit:
        raise UsageError(f"{what}_too_long", f"the {what} `{name}` has more than {limit} bytes")
    return data


def input_of(given: Sequence[str], properties: Mapping[str, Json]) -> dict[str, Json]:
    """The input that words of a command line make together. `properties` are those of the task's schema.

    In `k=v`, v is the JSON value it spells where the schema wants a value of that type, else a string.

    Raises:
        UsageError: a file holds no JSON object, or a field is given twice.
    """
    fields: dict[str, Json] = {}
    for word in given:
        name, equals, text = word.partition("=")
        found = {name: _field(text, properties.get(name))} if equals else _file(word)
        twice = sorted(set(fields) & set(found))
        if twice:
            raise UsageError("input_twice", f"the input field `{twice[0]}` is given twice")
        fields |= found
    return fields


def task_properties(bundle: VerifiedBundle, agent: str, task: str | None) -> Mapping[str, Json]:
    """The properties of a task's schema; none where the agent or the task is unknown, which `invoke` then says."""
    tasks = {
        one.name: one.schema
        for entry in bundle.agents()
        if entry.id == agent
        for one in bundle.agent(agent).tasks
    }
    schema = tasks.get(task) if task is not None else next(iter(tasks.values()), None)
    document = trusted_json(bundle.schema(schema).decode()) if schema is not None else {}
    properties = document.get("properties") if isinstance(document, dict) else None
    return properties if isinstance(properties, dict) else {}


def _file(name: str) -> dict[str, Json]:
    data = read_bytes(name, "input", MAX_INPUT_BYTES)
    try:
        value = strict_json(data.decode("utf-8"))
    except ValueError as error:
        message = f"the input `{name}` is not UTF-8 JSON without duplicate keys"
        raise UsageError("input_not_json", message) from error
    if not isinstance(value, dict):
        raise UsageError("input_not_object", f"the input `{name}` is not a JSON object")
    return value


def _field(text: str, schema: Json) -> Json:
    wanted = schema.get("type") if isinstance(schema, dict) else None
    types = wanted if isinstance(wanted, list) else [wanted]
    try:
        value = strict_json(text)
    except ValueError:
        return text
    return value if any(one in types for one in _types_of(value)) else text


def _types_of(value: Json) -> tuple[str, ...]:
    match value:
        case bool():
            return ("boolean",)
        case int():
            return ("integer", "number")
        case float():
            return ("number",)
        case str():
            return ("string",)
        case list():
            return ("array",)
        case dict():
            return ("object",)
        case None:
            return ("null",)
