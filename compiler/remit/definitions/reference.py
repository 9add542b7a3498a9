"""References `${root.step.step}` in texts: the places where an earlier value is put."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from remit.read import Path, Value

_NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
_REFERENCE = re.compile(rf"({_NAME})((?:\.(?:{_NAME}|0|[1-9][0-9]{{0,8}}))*)")
_OPENING = re.compile(r"\$?\$\{")


class Reference(NamedTuple):
    """`root` is `task` or a state id; a step is a key or, for arrays, an index in digits."""

    root: str
    steps: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.root, *self.steps))


class Malformed(NamedTuple):
    """A `${` that begins no reference, with the text up to the brace that ends it, or to the end."""

    text: str


@lru_cache(maxsize=4096)  # the same few references stand in many definitions
def reference_of(text: str) -> Reference | None:
    """The reference that `text` is without `${}` around it, or None."""
    match = _REFERENCE.fullmatch(text)
    return Reference(match[1], tuple(match[2].split(".")[1:])) if match else None


def pieces(text: str) -> tuple[str | Reference | Malformed, ...]:
    """A text cut at its references; `$${` is the literal `${`. Empty literals are left out."""
    found: list[str | Reference | Malformed] = []
    literal, at = "", 0
    while opening := _OPENING.search(text, at):
        literal += text[at : opening.start()]
        if len(opening[0]) == 3:
            literal, at = literal + "${", opening.end()
            continue
        end = text.find("}", opening.end())
        inner = text[opening.end() : end] if end >= 0 else ""
        if literal:
            found.append(literal)
        at = end + 1 if end >= 0 else len(text)
        found.append(reference_of(inner) or Malformed(text[opening.start() : at]))
        literal = ""
    literal += text[at:]
    return (*found, literal) if literal else tuple(found)


def references_in(value: Value, at: Path = ()) -> Iterator[tuple[Path, Reference | Malformed]]:
    """The references in a binding, each with the path of the string that holds it."""
    match value:
        case str():
            if "${" in value:
                for piece in pieces(value):
                    if not isinstance(piece, str):
                        yield at, piece
        case list():
            for index, item in enumerate(value):
                yield from references_in(item, (*at, index))
        case dict():
            for key, item in value.items():
                yield from references_in(item, (*at, key))
        case _:
            pass
