"""Placeholders `{argument}` in command lines, `{argument}` and `{+argument}` in addresses; `{{` and `}}` are braces."""

import re
from typing import NamedTuple

_PIECE = re.compile(r"\{\{|\}\}|\{(?P<keeps>\+?)(?P<name>[A-Za-z_][A-Za-z0-9_-]*)\}|(?P<stray>[{}])|[^{}]+")


class Placeholder(NamedTuple):
    """The place where the value of an argument goes; in an address it may keep its slashes."""

    name: str
    keeps_slashes: bool = False


def placeholders(text: str) -> tuple[str | Placeholder, ...] | None:
    """A text cut at its placeholders, literals unescaped; None where a brace is neither."""
    pieces: list[str | Placeholder] = []
    for match in _PIECE.finditer(text):
        if match["stray"]:
            return None
        if match["name"]:
            pieces.append(Placeholder(match["name"], match["keeps"] != ""))
            continue
        literal = {"{{": "{", "}}": "}"}.get(match[0], match[0])
        if pieces and isinstance(pieces[-1], str):
            pieces[-1] += literal
        else:
            pieces.append(literal)
    return tuple(pieces)
