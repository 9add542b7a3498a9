"""JSON from outside: strict text to value, and value to text."""

from __future__ import annotations

import json
import math
from typing import cast

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None


MAX_DEPTH = 64
"""Objects and arrays inside each other. Beyond it nothing of ours recurses."""


def strict_json(text: str, depth: int = MAX_DEPTH) -> Json:
    """The value of a JSON text, of at most `depth` objects and arrays inside each other.

    Raises:
        ValueError: not JSON, a duplicate key, a number beyond every double, a lone surrogate, or nested too deeply.
    """
    try:
        value = cast(
            "Json",
            json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant, parse_float=_finite),
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if deeper(value, depth):
        raise ValueError("nested too deeply")
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # a lone surrogate cannot be stored
    return value


def deeper(value: Json, depth: int) -> bool:
    """Whether a value has more than `depth` objects and arrays inside each other."""
    match value:
        case dict():
            return depth == 0 or any(deeper(item, depth - 1) for item in value.values())
        case list():
            return depth == 0 or any(deeper(item, depth - 1) for item in value)
        case _:
            return False


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


def _finite(digits: str) -> float:
    """A number with a fraction or an exponent; 1e999 parses to an infinity, which no JSON can hold."""
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number beyond every double")
    return number


def _refuse_constant(name: str) -> Json:
    raise ValueError(f"{name} is not JSON")
