"""JSON from outside: strict text to value, and value to text."""

from __future__ import annotations

import json
from typing import cast

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


def strict_json(text: str) -> Json:
    """The value of a JSON text.

    Raises:
        ValueError: not JSON, a duplicate key, NaN or an infinity, or a lone surrogate.
        RecursionError: nested too deeply.
    """
    value = cast("Json", json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant))
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate cannot be stored
    return value


def json_text(value: Json) -> str:
    """The JSON text of a value: sorted keys, no blanks, one form for equal values."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def trusted_json(text: str) -> Json:
    """The value of a JSON text that this runtime wrote itself."""
    return cast("Json", json.loads(text))


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
