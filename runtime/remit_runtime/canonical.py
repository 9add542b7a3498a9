"""Canonical JSON, strict decoding and digests: the one byte form of every value that is hashed or signed.

Our own structures hold no floats, integers stay below 2^53 in magnitude and object keys are ASCII; inside these
limits msgspec's sorted encoding equals RFC 8785 (JCS) and `canonical_json` is enough. Schemas, arguments and
outputs of tools may hold any JSON and take `canonical_json_full`. Tests hold both against an independent RFC 8785
implementation.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NewType, TypeGuard, TypeVar

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


def canonical_json_full(value: Any) -> bytes:
    """The canonical bytes of any JSON value (RFC 8785): numbers as ECMAScript writes them, keys by UTF-16 units.

    Takes what a JSON parser gives: mappings with string keys, lists, tuples, strings, numbers, booleans, None.

    Raises:
        NotCanonical: `number_out_of_range` (an integer beyond 2^53 - 1, not a finite number), `not_unicode`
            (a lone surrogate), `too_deep`, or `not_json` (a type that JSON has not).
    """
    try:
        # Large outputs of tools are nearly always plain, and the encoder is some fifty times as fast as Python.
        return _ENCODER.encode(value) if _is_plain(value) else b"".join(_pieces(value))
    except RecursionError as error:
        raise NotCanonical("too_deep", "the value is nested too deep") from error
    except UnicodeEncodeError as error:
        raise NotCanonical("not_unicode", "a string holds a lone surrogate") from error


def digest_of(data: bytes | memoryview) -> Digest:
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


def decode_json_full(data: bytes) -> Any:
    """The value of bytes that must be exactly what `canonical_json_full` writes: a schema object of a bundle.

    Raises:
        NotCanonical: the bytes are not JSON or not canonical.
    """
    try:
        value: Any = json.loads(data.decode("utf-8"), parse_int=_integer_or_double)
    except (ValueError, RecursionError) as error:
        raise NotCanonical("not_of_this_shape", "the bytes are not JSON") from error
    if canonical_json_full(value) != data:
        raise NotCanonical("not_canonical", "the bytes are not canonical JSON")
    return value


def _integer_or_double(text: str) -> int | float:
    """Digits beyond 2^53 - 1 are how ECMAScript writes a large double, so they are read as one."""
    return int(text) if len(text) <= 17 and abs(int(text)) <= MAX_INTEGER else float(text)


def _pieces(value: Any) -> Iterator[bytes]:
    if value is None or isinstance(value, (bool, str)):
        yield _ENCODER.encode(value)
    elif isinstance(value, (int, float)):
        yield _number(value).encode("ascii")
    elif _is_object(value):
        yield from _object_pieces(value)
    elif _is_array(value):
        yield b"["
        for index, item in enumerate(value):
            if index:
                yield b","
            yield from _pieces(item)
        yield b"]"
    else:
        raise NotCanonical("not_json", f"a value of type `{type(value).__name__}` is not JSON")


def _is_plain(value: Any) -> bool:
    """Whether a value holds only what both encodings write alike: ASCII keys, integers below 2^53, no other number."""
    if value is None or isinstance(value, (bool, str)):
        return True
    if isinstance(value, int):
        return -MAX_INTEGER <= value <= MAX_INTEGER
    if type(value) is dict:
        fields: dict[Any, Any] = value  # pyright: ignore[reportUnknownVariableType] -- any JSON
        return all(isinstance(key, str) and key.isascii() for key in fields) and _all_plain(fields.values())
    return _is_array(value) and _all_plain(value)


def _all_plain(values: Iterable[Any]) -> bool:
    return all(map(_is_plain, values))


def _is_object(value: object) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _is_array(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))


def _object_pieces(value: Mapping[Any, Any]) -> Iterator[bytes]:
    if not all(isinstance(key, str) for key in value):
        raise NotCanonical("not_json", "a key of an object is not a string")
    yield b"{"
    # RFC 8785 §3.2.3: keys in the order of their UTF-16 code units, which differs from code points beyond the BMP.
    for index, key in enumerate(sorted(value, key=lambda name: name.encode("utf-16-be"))):
        if index:
            yield b","
        yield _ENCODER.encode(key)
        yield b":"
        yield from _pieces(value[key])
    yield b"}"


def _number(value: int | float) -> str:
    """A number as ECMAScript's Number::toString writes it (RFC 8785 §3.2.2.3, ECMA-262 §6.1.6.1.20)."""
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise NotCanonical("number_out_of_range", "an integer is beyond 2^53 - 1")
        return str(value)
    if not math.isfinite(value):
        raise NotCanonical("number_out_of_range", "a number is not finite")
    if value == 0.0:
        return "0"  # minus zero too
    sign = "-" if value < 0 else ""
    # Python's repr and ECMAScript agree on the shortest digits that read back; only the layout differs.
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    point = len(whole) + int(exponent or "0")
    digits = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(digits)
    digits = digits.rstrip("0")
    return sign + _laid_out(digits, point)


def _laid_out(digits: str, point: int) -> str:
    """Significant digits with the decimal point after `point` of them, or in exponent form outside 1e-6..1e21."""
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    exponent = f"e{point - 1:+d}"
    return digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + exponent
