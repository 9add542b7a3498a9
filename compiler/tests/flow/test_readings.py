"""Readings of schemas: the table of docs/types.md, and that no valid value is ever left out."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.flow.kinds import KINDS, is_list, is_object, json_key, kind_of
from remit.flow.reading import MAX_OPTIONS, Document, reading

PAGE = (Path(__file__).parents[3] / "docs" / "types.md").read_text()


def table(title: str) -> list[list[str]]:
    """The rows of the table that follows a comment."""
    rows = PAGE.partition(f"<!-- {title}:")[2].partition("\n\n")[0].splitlines()[3:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def json_of(cell: str) -> Any:
    return json.loads(cell.strip("`"), parse_float=Decimal)


@pytest.mark.parametrize(("schema", "steps", "presence", "kinds", "values"), table("cases of readings"))
def test_a_reading_is_as_the_page_says(
    schema: str, steps: str, presence: str, kinds: str, values: str
) -> None:
    found = reading(Document(json_of(schema)), steps.strip("`").split(".") if steps else ())

    assert found.presence == presence
    assert found.kinds == (KINDS if kinds == "any" else set(kinds.split()))
    if found.presence != "never":
        assert found.values == (tuple(json_of(values)) if values else None)


# ---- laws

SEEDS = st.integers(0, 2**64)
KEYS = ("a", "b", "0")
SCALARS = (None, True, False, 0, 1, 2, Decimal("0.5"), "", "a", "b")
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def values(rng: Random, depth: int = 2) -> Any:
    """A small JSON value."""
    form = rng.random() if depth else 1
    if form < 0.4:
        return {key: values(rng, depth - 1) for key in KEYS if rng.random() < 0.5}
    if form < 0.6:
        return [values(rng, depth - 1) for _ in range(rng.randrange(3))]
    return rng.choice(SCALARS)


def several(rng: Random, depth: int) -> list[Any]:
    return [schemas(rng, depth - 1) for _ in range(rng.randrange(1, 4))]


def by_key(rng: Random, depth: int) -> dict[str, Any]:
    return {key: schemas(rng, depth - 1) for key in KEYS if rng.random() < 0.5}


KEYWORDS: dict[str, Callable[[Random, int], Any]] = {
    "type": lambda rng, _: rng.choice((rng.choice(TYPES), rng.sample(TYPES, 3), ["object", "array"])),
    "const": lambda rng, _: values(rng),
    "enum": lambda rng, _: [values(rng) for _ in range(rng.randrange(1, 4))],
    "properties": by_key,
    "required": lambda rng, _: rng.sample(KEYS, rng.randrange(2)),
    "additionalProperties": lambda rng, depth: schemas(rng, depth - 1),
    "patternProperties": lambda rng, depth: {rng.choice(("^a", "b$")): schemas(rng, depth - 1)},
    "prefixItems": several,
    "items": lambda rng, depth: schemas(rng, depth - 1),
    "minItems": lambda rng, _: rng.randrange(3),
    "maxItems": lambda rng, _: rng.randrange(3),
    "allOf": several,
    "anyOf": several,
    "oneOf": several,
    "not": lambda rng, depth: schemas(rng, depth - 1),
    "if": lambda rng, depth: schemas(rng, depth - 1),
    "then": lambda rng, depth: schemas(rng, depth - 1),
    "else": lambda rng, depth: schemas(rng, depth - 1),
    "minimum": lambda rng, _: rng.randrange(3),
    "$ref": lambda rng, _: rng.choice(("#", "#/$defs/x", "#/$defs/y", "#/$defs/x/properties/a")),
}
COMMON = ("type", "properties", "required", "additionalProperties", "items", "anyOf")


def schemas(rng: Random, depth: int = 3) -> Any:
    """A small JSON Schema, of which `depth` levels lie inside each other."""
    if rng.random() < 0.1:
        return rng.random() < 0.7
    if not depth:
        return {"type": rng.choice(TYPES)} if rng.random() < 0.7 else {"enum": [values(rng), values(rng)]}
    words = {*rng.sample(COMMON, rng.randrange(3)), *rng.sample(sorted(KEYWORDS), rng.randrange(3))}
    return {word: KEYWORDS[word](rng, depth) for word in sorted(words)}


def documents(rng: Random) -> Any:
    """A schema with two definitions that it may refer to."""
    return {**as_object(schemas(rng)), "$defs": {"x": schemas(rng, 2), "y": schemas(rng, 1)}}


def as_object(schema: Any) -> dict[str, Any]:
    return schema if is_object(schema) else {"allOf": [schema]}


def plain(value: Any) -> Any:
    """A value as the validator takes it."""
    if is_object(value):
        return {key: plain(one) for key, one in value.items()}
    if is_list(value):
        return [plain(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value


def satisfies(value: Any, schema: Any) -> bool:
    """Whether the engine of the runtime takes a value; a schema that it cannot follow takes none here."""
    try:
        return jsonschema_rs.Draft202012Validator(plain(schema)).is_valid(plain(value))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
        return False


def at(value: Any, steps: list[str]) -> list[Any]:
    """What stands at steps as a run resolves a reference: one value, or none."""
    for one in steps:
        if is_object(value) and one in value:
            value = value[one]
        elif is_list(value) and one.isdigit() and int(one) < len(value):
            value = value[int(one)]
        else:
            return []
    return [value]


@settings(max_examples=300)
@given(SEEDS)
def test_whatever_a_valid_value_holds_is_within_the_reading(seed: int) -> None:
    rng = Random(seed)
    schema = documents(rng)
    valid = [value for value in (values(rng) for _ in range(12)) if satisfies(value, schema)]

    for steps in (["a"], ["b", "a"], ["0"], ["a", "0"], ["a", "b", "a"], []):
        found = reading(Document(schema), steps)
        for value in valid:
            held = at(value, steps)
            if held:
                assert found.presence != "never"
                assert kind_of(held[0]) in found.kinds
                assert found.values is None or json_key(held[0]) in map(json_key, found.values)
            else:
                assert found.presence != "always"


@given(SEEDS)
def test_what_is_no_schema_is_read_without_a_complaint(seed: int) -> None:
    rng = Random(seed)
    schema = {word: values(rng) for word in rng.sample(sorted(KEYWORDS), 6)}

    for steps in (["a"], ["0", "b"]):
        assert reading(Document(schema), steps).presence in ("always", "maybe", "never")


def test_alternatives_without_end_are_left_out() -> None:
    one = {"anyOf": [{"type": "object", "required": [str(n)]} for n in range(MAX_OPTIONS + 1)]}
    many = {"type": "object", "allOf": [one, one, one]}

    assert reading(Document(many)).kinds == {"object"}
    assert reading(Document(many), ["a"]).presence == "maybe"


def test_references_that_double_at_every_turn_come_to_an_end() -> None:
    defs = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)}

    assert (
        reading(Document({"$ref": "#/$defs/d0", "$defs": {**defs, "d60": False}}), ["a"]).presence == "maybe"
    )
