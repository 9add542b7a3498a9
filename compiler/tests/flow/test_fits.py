"""What can be bound to what: the table of docs/types.md, and that nothing is refused that one value is both."""

import json
import re
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.flow.fits import misfit
from remit.flow.kinds import is_list, is_object
from remit.flow.reading import Document, reading

PAGE = (Path(__file__).parents[3] / "docs" / "types.md").read_text()
ROWS = PAGE.partition("<!-- cases of fits:")[2].partition("\n\n")[0].splitlines()[3:]
CASES = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in ROWS]


def json_of(cell: str) -> Any:
    return json.loads(cell.strip("`"), parse_float=Decimal)


@pytest.mark.parametrize(("ours", "theirs", "says"), CASES)
def test_a_value_fits_or_not_as_the_page_says(ours: str, theirs: str, says: str) -> None:
    found = misfit(reading(Document(json_of(ours))), reading(Document(json_of(theirs))))

    assert found == (None if says == "fits" else says)


KEYS = ("a", "b")
SCALARS: tuple[Any, ...] = (None, True, 0, 1, "", "a")
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")


def values(rng: Random, depth: int = 2) -> Any:
    """A small JSON value without an empty list, of which more is said than can be shown."""
    form = rng.random() if depth else 1
    if form < 0.45:
        return {key: values(rng, depth - 1) for key in KEYS if rng.random() < 0.7}
    if form < 0.6:
        return [values(rng, depth - 1) for _ in range(rng.randrange(1, 3))]
    return rng.choice(SCALARS)


def around(rng: Random, value: Any, depth: int = 3) -> Any:
    """A schema that a value satisfies, more or less narrow."""
    form = rng.random()
    if form < 0.1 or not depth:
        return True
    if form < 0.2:
        return {"enum": [values(rng), value]}
    if form < 0.4:
        ways = [around(rng, value, depth - 1), {"type": rng.choice(TYPES)}, {"enum": [values(rng)]}]
        rng.shuffle(ways)
        return {"anyOf": ways}
    if form < 0.5:
        return {"allOf": [around(rng, value, depth - 1), around(rng, value, depth - 1)]}
    if is_object(value):
        return of_object(rng, value, depth)
    if is_list(value):
        items: Any = {"anyOf": [around(rng, one, depth - 1) for one in value]}
        return {"type": "array", "items": items, "minItems": rng.randrange(2)}
    return {"type": sorted({*rng.sample(TYPES, 2), type_of(value)})}


def of_object(rng: Random, value: dict[str, Any], depth: int) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [key for key in value if rng.random() < 0.7],
        "properties": {key: around(rng, one, depth - 1) for key, one in value.items()},
        "additionalProperties": rng.random() < 0.5,
    }


def type_of(value: Any) -> str:
    names = {type(None): "null", bool: "boolean", int: "integer", str: "string"}
    return names[type(value)]


@settings(max_examples=400)
@given(st.integers(0, 2**64))
def test_two_schemas_that_one_value_satisfies_always_fit(seed: int) -> None:
    rng = Random(seed)
    value = values(rng)
    ours, theirs = around(rng, value), around(rng, value)
    for schema in (ours, theirs):
        assert jsonschema_rs.Draft202012Validator(schema).is_valid(value)

    assert misfit(reading(Document(ours)), reading(Document(theirs))) is None
