"""Arguments: one reading of one text, and only of texts that every parser reads alike."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from remit_runtime.gateway.arguments import declared, parse, undeclared, with_defaults
from remit_runtime.gateway.outcome import Denial
from remit_runtime.models.json_text import Json

TEXT = st.text(max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=4)


@settings(max_examples=50)
@given(OBJECT)
def test_what_was_written_is_what_is_read(value: dict[str, Any]) -> None:
    assert parse(json.dumps(value).encode()) == value


@given(st.binary())
def test_any_bytes_are_read_or_refused_and_nothing_else_comes_out(data: bytes) -> None:
    found = parse(data)
    assert isinstance(found, dict | Denial)


@settings(max_examples=50)
@given(OBJECT, OBJECT)
def test_defaults_fill_what_is_absent_and_change_nothing_that_is_there(
    given_: dict[str, Any], defaults: dict[str, Any]
) -> None:
    properties: dict[str, Json] = {name: {"default": value} for name, value in defaults.items()}
    schema: dict[str, Json] = {"properties": properties}
    assert with_defaults(given_, schema) == {**defaults, **given_}


def test_a_default_deeper_than_the_top_has_no_effect() -> None:
    schema: dict[str, Json] = {"properties": {"a": {"properties": {"b": {"default": 1}}}}}
    assert with_defaults({"a": {}}, schema) == {"a": {}}


def test_a_schema_without_properties_declares_nothing() -> None:
    assert declared({}) == frozenset()
    assert undeclared({"b": 1, "a": 1}, {}) == ["a", "b"]
    assert undeclared({"a": 1}, {"additionalProperties": {"type": "integer"}}) == []
    assert undeclared({"a": 1}, {"additionalProperties": False}) == ["a"]
