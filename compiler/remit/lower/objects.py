"""The objects of a bundle as they are made: each is stored once, under the digest of its bytes."""

from __future__ import annotations

from typing import Any

from remit.lower.values import json_bytes
from remit_runtime.canonical import Digest, canonical_json, digest_of


class Objects:
    """A growing set of objects by digest; adding the same bytes twice gives one object."""

    def __init__(self) -> None:
        self._by_digest: dict[Digest, bytes] = {}

    def add(self, part: Any) -> Digest:
        """Stores a frozen part of a bundle and gives its digest."""
        return self._store(canonical_json(part))

    def add_schema(self, schema: Any) -> Digest:
        """Stores a JSON Schema, or any JSON value, and gives its digest.

        Raises:
            NotCanonical: it holds a number that JSON readers would change.
        """
        return self._store(json_bytes(schema))

    def _store(self, data: bytes) -> Digest:
        digest = digest_of(data)
        self._by_digest[digest] = data
        return digest

    def by_digest(self) -> dict[Digest, bytes]:
        """The objects so far, in digest order."""
        return dict(sorted(self._by_digest.items()))
