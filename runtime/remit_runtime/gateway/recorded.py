"""A JSON value as the journal keeps it: redacted, canonical, under a digest."""

from __future__ import annotations

from dataclasses import dataclass

from remit_runtime.canonical import Digest, canonical_json_full, digest_of
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
    data = canonical_json_full(clean.value)
    return Recorded(clean.value, data.decode(), digest_of(data), clean.rules)
