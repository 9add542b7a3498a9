"""Bindings say what their author wrote; command lines are cut at their arguments."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.lower.tools import argv_part
from remit.lower.values import binding_of, json_text, mapping_of, short_reference, whole_reference
from remit_runtime.bundle.graph import ArrayOf, Binding, Constant, ObjectOf, Reference, Text
from remit_runtime.bundle.tool import ArgvPart
from remit_runtime.errors import NotCanonical

LAW = settings(max_examples=80, deadline=None)
NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,6}", fullmatch=True)
STEPS = st.lists(NAMES | st.integers(0, 999).map(str), max_size=3).map(tuple)
REFERENCES = st.builds(Reference, NAMES, STEPS)
# A literal never ends in `$`, which would make an escape of the reference that follows it.
LITERALS = st.text('ab {}\n"\\é.$', max_size=6).filter(lambda text: not text.endswith("$"))
DECIMALS = st.decimals(min_value=-(10**6), max_value=10**6, places=6)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | LITERALS | DECIMALS


def as_written(reference: Reference) -> str:
    return "${" + ".".join((reference.root, *reference.path)) + "}"


def marked(reference: Reference) -> str:
    return f"<{as_written(reference)}>"


def escaped(literal: str) -> str:
    return literal.replace("${", "$${")


def meaning(binding: Binding, value_of: Any) -> Any:
    """What a binding stands for when `value_of` gives the value of each reference."""
    match binding:
        case Constant(text):
            return json.loads(text, parse_float=Decimal)
        case Reference():
            return value_of(binding)
        case Text(parts):
            return "".join(str(meaning(part, value_of)) for part in parts)
        case ObjectOf(fields):
            return {key: meaning(item, value_of) for key, item in fields}
        case ArrayOf(items):
            return [meaning(item, value_of) for item in items]


def written_form(value: Any) -> Any:
    """A value with its references and literals as an author writes them."""
    if isinstance(value, Reference):
        return as_written(value)
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, dict):
        return {key: written_form(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [written_form(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    return value


VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS | REFERENCES,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=4), inside, max_size=3),
    max_leaves=12,
)


@LAW
@given(VALUES)
def test_a_binding_means_what_was_written(value: Any) -> None:
    def same(reference: Reference) -> Reference:
        return reference

    assert meaning(binding_of(written_form(value)), same) == value


@LAW
@given(REFERENCES)
def test_a_string_that_is_one_reference_is_that_reference(reference: Reference) -> None:
    assert binding_of(as_written(reference)) == reference
    assert whole_reference(as_written(reference)) == reference
    assert short_reference(as_written(reference)[2:-1]) == reference


@LAW
@given(st.lists(LITERALS | REFERENCES, min_size=2, max_size=6))
def test_a_longer_text_keeps_every_literal_and_every_reference_in_order(
    pieces: list[str | Reference],
) -> None:
    text = "".join(as_written(one) if isinstance(one, Reference) else escaped(one) for one in pieces)
    shown = "".join(marked(one) if isinstance(one, Reference) else one for one in pieces)
    assert meaning(binding_of(text), marked) == shown


@LAW
@given(st.dictionaries(st.text(max_size=4), SCALARS | REFERENCES, max_size=5))
def test_the_order_of_keys_is_not_seen(values: dict[str, Any]) -> None:
    one = {key: written_form(item) for key, item in values.items()}
    other = dict(reversed(one.items()))
    assert mapping_of(one) == mapping_of(other)


@pytest.mark.parametrize(
    ("written", "binding"),
    [
        ("$${a}", Constant('"${a}"')),
        ("${a}", Reference("a")),
        ("x$${a}${b.0}", Text((Constant('"x${a}"'), Reference("b", ("0",))))),
        ("$$", Constant('"$$"')),
        ("", Constant('""')),
        ([], Constant("[]")),
        ({}, Constant("{}")),
        ({"b": 1, "a": [True, None]}, Constant('{"a":[true,null],"b":1}')),
        (["${a}", 1], ArrayOf((Reference("a"), Constant("1")))),
        ({"b": {"c": "${a}"}, "a": "$${"},
         ObjectOf((("a", Constant('"${"')), ("b", ObjectOf((("c", Reference("a")),)))))),
    ],
)  # fmt: skip
def test_the_binding_of(written: Any, binding: Binding) -> None:
    assert binding_of(written) == binding


@pytest.mark.parametrize(
    ("number", "text"),
    [("0.50", "0.5"), ("3.00", "3"), ("-0.0", "0"), ("1e-6", "0.000001"), ("2.5e3", "2500"), ("0.1", "0.1"),
     ("9007199254740991.0", "9007199254740991")],
)  # fmt: skip
def test_a_decimal_is_written_as_the_number_that_is_equal_to_it(number: str, text: str) -> None:
    assert json_text(Decimal(number)) == text


@pytest.mark.parametrize(
    "number", ["0.1234567890123456789", "9007199254740993.0", "1e999999999", "1e-999999999", "9.9e400"]
)
def test_a_decimal_that_json_readers_would_change_is_refused(number: str) -> None:
    with pytest.raises(NotCanonical, match="more digits than JSON readers keep"):
        json_text({"deep": [Decimal(number)]})


def test_an_integer_that_json_readers_would_change_is_refused() -> None:
    with pytest.raises(NotCanonical, match="an integer is beyond"):
        binding_of([2**53])


@pytest.mark.parametrize(
    ("element", "part"),
    [
        ("--", ArgvPart("--", None, "")),
        ("", ArgvPart("", None, "")),
        ("{paths}", ArgvPart("", "paths", "")),
        ("--since={since}", ArgvPart("--since=", "since", "")),
        ("{base}..HEAD", ArgvPart("", "base", "..HEAD")),
        (":(glob){dir}/**", ArgvPart(":(glob)", "dir", "/**")),
        ("{{}}", ArgvPart("{}", None, "")),
        ("a{{b{c}d}}e", ArgvPart("a{b", "c", "d}e")),
        ("{{{c}}}", ArgvPart("{", "c", "}")),
    ],
)
def test_an_element_of_a_command_line_is_cut_at_its_argument(element: str, part: ArgvPart) -> None:
    assert argv_part(element) == part
