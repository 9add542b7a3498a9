"""Canonical JSON, strict decoding and digests: the one byte form of every value that is hashed or signed.

Values hold no floats, integers stay below 2^53 in magnitude and object keys are ASCII; inside these limits
msgspec's sorted encoding equals RFC 8785 (JCS). Tests hold the encoder against an independent RFC 8785
implementation. Arguments and outputs of tools may hold any JSON and take `canonical_json_full`.
"""

from __future__ import annotations

import hashlib
from typing import Any, NewType, TypeVar

import msgspec

from remit_runtime.errors import NotCanonical

Digest = NewType("Digest", str)
"""`sha256:` and 64 lower-case hex digits."""

T = TypeVar("T")

MAX_INTEGER = 2**53 - 1

_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical_json(value: Any) -> bytes:
    """The canonical bytes of a frozen structure of ours: sorted keys, no blanks, UTF-8 (RFC 8785 subset).

    Raises:
        RuntimeError: the value cannot be encoded, which is our own bug.
    """
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise RuntimeError("a value that must be canonical cannot be encoded") from error


def digest_of(data: bytes) -> Digest:
    """The SHA-256 digest of bytes."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def is_digest(text: str) -> bool:
    """Whether text has the form of a digest."""
    return len(text) == 71 and text.startswith("sha256:") and all(c in "0123456789abcdef" for c in text[7:])


def decode_strict(data: bytes, shape: type[T]) -> T:
    """The value of canonical bytes, typed.

    The bytes must be exactly what `canonical_json` writes for the value: that refuses duplicate keys, blanks,
    other escapes and other spellings of numbers in one comparison. Unknown keys are refused by the struct types.

    Raises:
        NotCanonical: the bytes are not JSON, not of this shape, or not canonical.
    """
    try:
        value = msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotCanonical("not_of_this_shape", "the bytes are not JSON of the expected shape") from error
    try:
        again = _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotCanonical("not_canonical", "the bytes are not canonical JSON") from error
    if again != data:
        raise NotCanonical("not_canonical", "the bytes are not canonical JSON")
    return value
