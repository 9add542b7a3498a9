"""The arguments of a call: parsed once from the bytes the model wrote, and only that value is judged and sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Literal, cast

from remit_runtime.canonical import MAX_INTEGER
from remit_runtime.gateway.outcome import Denial
from remit_runtime.models.json_text import MAX_DEPTH, Json

MAX_BYTES = {"model": 256 * 1024, "definition": 8 * 2**20}
"""By who wrote them: what a definition binds may carry the whole output of an earlier tool."""

Arguments = dict[str, Json]


class _Refused(ValueError):
    """Something that JSON parsers let through and we do not."""


def parse(data: bytes, written_by: Literal["model", "definition"] = "model") -> Arguments | Denial:
    """The arguments that the bytes hold, or why they are refused.

    Refused are: more bytes than `MAX_BYTES`, anything but UTF-8 JSON (RFC 8259), a duplicate key, NaN and the
    infinities, integers of 2^53 and more in magnitude, depth over 64, lone surrogates, and any value that is not an
    object.
    """
    if len(data) > MAX_BYTES[written_by]:
        return Denial(
            "parse", "args_too_large", f"the arguments have more than {MAX_BYTES[written_by]} bytes"
        )
    try:
        # `json` keeps the last of two equal keys and reads NaN: both must be refused, so neither parser nor policy
        # can see another value than the tool does.
        text = data.decode("utf-8")
        value = cast("Json", json.loads(text, object_pairs_hook=_once, parse_constant=_refuse))
        _measure(value, MAX_DEPTH)
    except RecursionError:
        return _not_canonical(f"the arguments are nested more than {MAX_DEPTH} levels deep")
    except _Refused as refused:
        return _not_canonical(str(refused))
    except ValueError:
        return _not_canonical("the arguments are not UTF-8 JSON")
    if not isinstance(value, dict):
        return _not_canonical("the arguments are not a JSON object")
    return value


def with_defaults(arguments: Arguments, schema: Mapping[str, Json]) -> Arguments:
    """The arguments with the schema's `default` in place of each absent top-level property; nothing else changes."""
    filled = {
        name: declared["default"]
        for name, declared in _properties(schema).items()
        if name not in arguments and isinstance(declared, dict) and "default" in declared
    }
    return {**arguments, **filled}


def undeclared(arguments: Arguments, schema: Mapping[str, Json]) -> list[str]:
    """The top-level arguments that the schema does not name, sorted; none when the schema opens itself.

    JSON Schema is open by default (2020-12 core §10.3.2.3); arguments are closed by default.
    """
    if schema.get("additionalProperties", False) is not False or "patternProperties" in schema:
        return []
    return sorted(set(arguments) - declared(schema))


def declared(schema: Mapping[str, Json]) -> frozenset[str]:
    """The names of the top-level arguments that a schema describes."""
    return frozenset(_properties(schema))


def _properties(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused("the arguments name a key twice")
    return found


def _refuse(name: str) -> Json:
    raise _Refused(f"`{name}` is not JSON")


def _measure(value: Json, depth: int) -> None:
    match value:
        case bool():
            return
        case int() if abs(value) > MAX_INTEGER:
            raise _Refused("an integer of the arguments is 2^53 or more in magnitude")
        case float() if value in (float("inf"), float("-inf")):
            raise _Refused("a number of the arguments is beyond every double")  # 1e999 parses to infinity
        case str() if not value.isascii():
            _encodable(value)
        case dict() | list() if depth == 0:
            raise _Refused(f"the arguments are nested more than {MAX_DEPTH} levels deep")
        case dict():
            for key, item in value.items():
                _encodable(key)
                _measure(item, depth - 1)
        case list():
            for item in value:
                _measure(item, depth - 1)
        case _:
            return


def _encodable(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _Refused("a string of the arguments holds half of a surrogate pair") from None


def _not_canonical(reason: str) -> Denial:
    return Denial("parse", "args_not_canonical", reason)
