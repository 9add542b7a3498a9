"""A JSON value as the journal keeps it: redacted, canonical, under a digest."""

from __future__ import annotations

from dataclasses import dataclass

from remit_runtime.canonical import (
    MAX_INTEGER,
    Digest,
    canonical_json,
    canonical_json_full,
    digest_of,
)
from remit_runtime.gateway.redact import Redactor, redacted
from remit_runtime.models.json_text import Json


@dataclass(frozen=True, slots=True)
class Recorded:
    """A value after redaction, its canonical text, the digest of that text, and the rules that cut something."""

    value: Json
    text: str
    digest: Digest
    rules: tuple[str, ...]


def recorded(value: Json, redactor: Redactor) -> Recorded:
    """What may be kept and shown of a value.

    Raises:
        NotCanonical: a number of it has no canonical form.
    """
    clean = redacted(value, redactor)
    data = canonical_value(clean.value)
    return Recorded(clean.value, data.decode(), digest_of(data), clean.rules)


def canonical_value(value: Json) -> bytes:
    """The RFC 8785 bytes of a JSON value, by the fast encoder where it gives the same bytes.

    Raises:
        NotCanonical: an integer beyond 2^53 - 1, a number that is not finite, or a lone surrogate.
    """
    return canonical_json(value) if _plain(value) else canonical_json_full(value)


def _plain(value: Json) -> bool:
    """Whether a value holds only what both encoders write alike: no floats, ASCII keys, integers below 2^53."""
    match value:
        case str():
            return value.isascii() or _is_unicode(value)
        case bool() | None:
            return True
        case int():
            return abs(value) <= MAX_INTEGER
        case float():
            return False
        case list():
            return all(map(_plain, value))
        case dict():
            return all(map(str.isascii, value)) and all(map(_plain, value.values()))


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
