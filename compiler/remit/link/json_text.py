"""JSON texts, as strict as the runtime reads them: no key twice, numbers exact."""

import json
from decimal import Decimal
from typing import Any, NoReturn


class NotJson(ValueError):
    """Why a text is no JSON, and where."""

    def __init__(self, reason: str, line: int = 1, column: int = 1) -> None:
        super().__init__(reason)
        self.reason, self.line, self.column = reason, line, column


def json_value(text: str) -> Any:
    """The value of a JSON text (RFC 8259), or a `NotJson`. No object holds a key twice; numbers are exact."""
    try:
        return json.loads(
            text, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_each_key_once
        )
    except NotJson as error:
        return error
    except json.JSONDecodeError as error:
        return NotJson(error.msg[:1].lower() + error.msg[1:], error.lineno, error.colno)
    except RecursionError:
        return NotJson("the text is nested too deeply")
    except ValueError:
        return NotJson("a number has too many digits")


def _no_constant(word: str) -> NoReturn:
    raise NotJson(f"`{word}` is no JSON")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for i, key in enumerate(keys) if key in keys[:i])
        raise NotJson(f"key `{twice}` stands twice in one object")
    return value
