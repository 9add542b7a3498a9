"""Canonical JSON against an independent implementation of RFC 8785, and what strict decoding refuses."""

from __future__ import annotations

import struct
from typing import Any

import pytest
import rfc8785
from hypothesis import assume, example, given
from hypothesis import strategies as st

from remit_runtime.bundle.graph import Reference
from remit_runtime.canonical import (
    MAX_INTEGER,
    canonical_json,
    canonical_json_full,
    decode_json_full,
    decode_strict,
    digest_of,
    is_digest,
)
from remit_runtime.errors import NotCanonical

_INTEGERS = st.integers(min_value=-MAX_INTEGER, max_value=MAX_INTEGER)
_ASCII = st.text(st.characters(max_codepoint=0x7F))
_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def _json(scalars: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=20,
    )


OURS = _json(st.none() | st.booleans() | _INTEGERS | _TEXT, _ASCII)
ANY_JSON = _json(
    st.none() | st.booleans() | _INTEGERS | _TEXT | st.floats(allow_nan=False, allow_infinity=False), _TEXT
)


@given(OURS)
def test_our_own_values_are_written_as_rfc_8785_writes_them(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@given(ANY_JSON)
def test_any_json_is_written_in_full_as_rfc_8785_writes_it(value: Any) -> None:
    assert canonical_json_full(value) == rfc8785.dumps(value)


@given(st.integers(min_value=0, max_value=2**64 - 1))
@example(0x0000000000000001)  # the samples of RFC 8785, appendix B
@example(0x7FEFFFFFFFFFFFFF)
@example(0x4340000000000000)
@example(0x44B52D02C7E14AF5)
@example(0x44B52D02C7E14AF6)
@example(0x444B1AE4D6E2EF50)
@example(0x3EB0C6F7A0B5ED8D)
@example(0x3EB0C6F7A0B5ED8C)
@example(0x41B3DE4355555557)
def test_every_double_is_written_as_rfc_8785_writes_it(bits: int) -> None:
    value: float = struct.unpack(">d", bits.to_bytes(8, "big"))[0]
    assume(value == value and abs(value) != float("inf"))

    assert canonical_json_full(value) == rfc8785.dumps(value)


@given(ANY_JSON)
def test_the_full_form_does_not_depend_on_the_order_of_keys(value: Any) -> None:
    def turned(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: turned(item) for key, item in reversed(part.items())}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        return part

    assert canonical_json_full(turned(value)) == canonical_json_full(value)


@given(ANY_JSON)
def test_the_full_form_reads_back_to_itself(value: Any) -> None:
    written = canonical_json_full(value)

    assert decode_json_full(written) == value


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (2**53, "number_out_of_range"),
        (-(2**53), "number_out_of_range"),
        (float("nan"), "number_out_of_range"),
        (float("inf"), "number_out_of_range"),
        ("\ud800", "not_unicode"),
        ({"\udc00": 1}, "not_unicode"),
        ({1: 2}, "not_json"),
        (b"bytes", "not_json"),
        ({1, 2}, "not_json"),
    ],
)
def test_what_json_cannot_hold_is_refused(value: Any, code: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        canonical_json_full(value)

    assert refused.value.code == code


def test_a_value_nested_too_deep_is_refused() -> None:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(NotCanonical) as refused:
        canonical_json_full(value)

    assert refused.value.code == "too_deep"


@pytest.mark.parametrize(
    "data",
    [
        b'{"path":[],"root":"task","root":"task","type":"reference"}',
        b'{"path":[],"root":"task","type":"reference"} ',
        b'{"path": [],"root":"task","type":"reference"}',
        b'{"root":"task","path":[],"type":"reference"}',
        b'{"path":[],"root":"t\\u0061sk","type":"reference"}',
        b'{"root":"task","type":"reference"}',
        b'{"extra":1,"path":[],"root":"task","type":"reference"}',
        b'{"path":[],"root":1,"type":"reference"}',
        b'{"path":[],"root":"\xff","type":"reference"}',
        b"[" * 100_000,
        b"",
    ],
)
def test_bytes_that_are_not_the_one_form_are_refused(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        decode_strict(data, Reference)


@given(st.binary(max_size=80))
def test_random_bytes_are_refused_or_read_back_to_themselves(data: bytes) -> None:
    try:
        value = decode_json_full(data)
    except NotCanonical:
        return

    assert canonical_json_full(value) == data


@given(st.binary())
def test_a_digest_has_the_form_of_a_digest(data: bytes) -> None:
    digest = digest_of(data)

    assert is_digest(digest)
    assert not is_digest(digest.upper())
    assert not is_digest(digest[:-1])
