"""Choosing the member of a union by what was read, with faults in the words of the language.

The tags hold blanks, so that no key of a definition is like them and a path through a union stays clear.
"""

from collections.abc import Callable
from typing import cast

from pydantic import BaseModel, Discriminator

NO_SUCH_TYPE = "no-such-type"
"""The type of the error where `type` is missing or names no member; its message lists those that there are."""
NEITHER_FORM = "neither-form"
"""The type of the error where a value has neither form; its message says which were expected."""


def by_type(noun: str, types: tuple[str, ...], default: str | None = None) -> Discriminator:
    """Chooses the member whose tag is `<type> <noun>`, by the key `type`; left out, it is `default`."""

    def which(value: object) -> str | None:
        if isinstance(value, dict):
            kind = cast("dict[str, object]", value).get("type", default)
        else:
            kind = getattr(value, "type", None)
        return f"{kind} {noun}" if isinstance(kind, str) else None

    return Discriminator(which, NO_SUCH_TYPE, " ".join(types))


def text_or(noun: str, expected: str) -> Discriminator:
    """Chooses the member with the tag `text` for a text, and that with the tag of two words for a mapping."""
    return _by_form(lambda value: isinstance(value, str), "plain text", noun, expected)


def scalar_or(noun: str, expected: str) -> Discriminator:
    """Chooses the member with the tag `one scalar` for a scalar, and `noun` for a mapping."""
    return _by_form(
        lambda value: value is not None and not isinstance(value, list), "one scalar", noun, expected
    )


def _by_form(is_plain: Callable[[object], bool], plain: str, noun: str, expected: str) -> Discriminator:
    def which(value: object) -> str | None:
        if isinstance(value, dict | BaseModel):
            return noun
        return plain if is_plain(value) else None

    return Discriminator(which, NEITHER_FORM, expected)
