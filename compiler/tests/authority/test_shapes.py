"""What policies can see of a tool's arguments, and what they are told that they cannot."""

from typing import Any

import pytest

from remit.authority.shapes import closed_name, shape_of
from remit_runtime.policy.schema import CedarType


def _shape(properties: dict[str, Any], **more: Any) -> Any:
    return shape_of({"type": "object", "additionalProperties": False, "properties": properties, **more})


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string", "maxLength": 3}, "String"),
        ({"type": ["string", "null"]}, "String"),
        ({"type": "integer", "enum": [1, 2]}, "Long"),
        ({"type": "boolean"}, "Boolean"),
        ({"enum": ["a", "b"]}, "Entity"),
        ({"type": "string", "enum": ["b", "a", "a"]}, "Entity"),
        ({"enum": ["a", None]}, "Entity"),
        ({"const": "a"}, "Entity"),
        ({"type": "array", "items": {"type": "string"}}, "Set"),
        ({"type": "array", "items": {"enum": ["a"]}}, "Set"),
        ({"type": "object", "additionalProperties": False, "properties": {}}, "Record"),
        ({"$ref": "#/$defs/name"}, "String"),
        ({"$ref": "#/$defs/odd~1name"}, "String"),
        ({"type": "string", "anyOf": [{"minLength": 1}]}, "String"),
    ],
)
def test_a_schema_with_an_exact_type_is_seen(schema: dict[str, Any], kind: str) -> None:
    shape = _shape({"x": schema}, **{"$defs": {"name": {"type": "string"}, "odd/name": {"type": "string"}}})
    assert shape.type.fields["x"].type == kind
    assert shape.hidden == ()


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "number"},
        {"type": ["string", "integer"]},
        {"type": "object"},
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"type": "array"},
        {"type": "array", "items": {"type": "number"}},
        {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"enum": [1, 2]},
        {"enum": ["a", 1]},
        {"enum": []},
        {"type": "null"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "https://example.org/x.json"},
        {"$ref": "#/properties/x"},
    ],
)
def test_a_schema_without_one_is_hidden_and_said_to_be(schema: Any) -> None:
    shape = _shape({"x": schema, "y": {"type": "string"}})
    assert shape.hidden == ("x",)
    assert list(shape.type.fields) == ["y"]


def test_the_keys_of_cedar_itself_are_hidden() -> None:
    assert _shape({"__entity": {"type": "string"}}).hidden == ("__entity",)


def test_only_what_must_be_there_and_cannot_be_null_is_required() -> None:
    text = {"type": "string"}
    shape = _shape({"a": text, "b": text, "c": {"type": ["string", "null"]}}, required=["a", "c"])
    assert {name: kind.required for name, kind in shape.type.fields.items()} == {
        "a": True,
        "b": False,
        "c": False,
    }


def test_closed_objects_are_seen_field_by_field() -> None:
    fields = {"n": {"type": "number"}, "s": {"type": "string"}}
    inner = {"type": "object", "additionalProperties": False, "properties": fields}
    shape = _shape({"o": inner})
    assert shape.type.fields["o"] == CedarType(
        type="Record", attributes={"s": CedarType(type="String", required=False)}, required=False
    )
    assert shape.hidden == ("o.n",)


def test_a_schema_that_refers_to_itself_ends() -> None:
    tree = {"type": "object", "additionalProperties": False, "properties": {"next": {"$ref": "#/$defs/tree"}}}
    shape = _shape({"tree": {"$ref": "#/$defs/tree"}}, **{"$defs": {"tree": tree}})
    assert shape.hidden == ("tree" + ".next" * 8,)


def test_an_open_schema_says_so() -> None:
    assert shape_of({"type": "object", "properties": {}}).open
    assert shape_of({"type": "object", "additionalProperties": {"type": "string"}}).open
    assert not _shape({}).open


def test_equal_lists_of_words_have_one_type_whatever_their_order() -> None:
    one, other = _shape({"x": {"enum": ["b", "a"]}}), _shape({"y": {"enum": ["a", "b"]}})
    assert one.closed == other.closed == ((closed_name(("a", "b")), ("a", "b")),)
    assert closed_name(("a", "b")) != closed_name(("ab",))
