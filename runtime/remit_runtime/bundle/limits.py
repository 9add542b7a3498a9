"""The caps of a bundle and of what stands beside it. A file beyond one of them is refused before it is parsed."""

from __future__ import annotations

MAX_FILE_BYTES = 256 * 2**20
MAX_MANIFEST_BYTES = 32 * 2**20
MAX_OBJECT_BYTES = 32 * 2**20
"""The policy set of a large organisation and the map of its sources are one object each."""
MAX_OBJECTS = 200_000
MAX_ATTESTATIONS_BYTES = 64 * 2**20
MAX_TRUST_BYTES = 2**16
MAX_KEY_BYTES = 16 * 2**10
