"""Laws of reading: it takes any bytes, and agrees with YAML 1.2 wherever it finds nothing wrong."""

import io
from collections.abc import Iterator
from decimal import Decimal
from importlib import import_module
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from remit.read import MAX_FAULTS, Path, ReadFile, Value, misread_as, plain_value, read
from remit.source import SourceFile

YAML: Any = import_module("ruamel.yaml").YAML

PIECES = (
    "a",
    "b: ",
    ": ",
    "- ",
    "? ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    "\n",
    "\n  ",
    "#",
    "'",
    '"',
    "|\n",
    ">-\n",
    "&x ",
    "*x",
    "!t ",
)
VALUES = (
    "1",
    "1.5",
    "no",
    "~",
    "true",
    "012",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "\t",
    "é",
    "\u200b",
    "\x00",
    "\x85",
    "\\x41",
)
yaml_like = st.lists(st.sampled_from([*PIECES, *VALUES]), max_size=40).map("".join)

words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")), max_size=8
)
plain_words = words.filter(lambda word: misread_as(word) is None and isinstance(plain_value(word), str))
scalars = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | words
documents = st.dictionaries(
    plain_words.filter(lambda word: word != "="),
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_words, inner, max_size=4)
    ),
    max_size=5,
)


def as_floats(value: Value) -> Any:
    """The value with binary floats for exact decimals, as other readers have them."""
    match value:
        case dict():
            return {key: as_floats(item) for key, item in value.items()}
        case list():
            return [as_floats(item) for item in value]
        case Decimal():
            return float(value)
        case _:
            return value


def all_spans_are_in_the_file(file: ReadFile, content: bytes) -> bool:
    lines = SourceFile(file.path, content).lines
    return all(
        1 <= place.line <= len(lines) + 1 and place.column >= 1
        for fault in file.faults
        for span in (fault.span, fault.other or fault.span)
        for place in (span.start, span.end)
    )


@given(st.binary(max_size=200) | yaml_like.map(str.encode))
@example(b"\xef\xbb\xbf")
@example(b"a: '\xf0\x9d\x84\x9e'\r\r\n")
@example(b'a: "\\ud800"')
@example(b'a: "\\0"')
@example(b"!%ff%00 a: 1")
@example(b"%TAG ! tag:x,2000:\n--- !a\n")
@example(b"%YAML 9.9\n---\n")
def test_reading_takes_any_bytes(content: bytes) -> None:
    file = read("f.yaml", content)

    assert len(file.faults) <= MAX_FAULTS + 1
    assert file.complete or file.faults
    assert all_spans_are_in_the_file(file, content) or any(
        fault.kind == "wide-encoding" for fault in file.faults
    )


@given(yaml_like)
def test_a_document_without_a_fault_means_what_yaml_1_2_says(text: str) -> None:
    file = read("f.yaml", text.encode())

    if not file.faults:
        assert as_floats(file.value) == YAML(typ="safe", pure=False).load(text)


@given(documents)
@settings(max_examples=60)
def test_what_a_yaml_1_2_writer_writes_is_read_as_it_was(document: dict[str, Any]) -> None:
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = None
    stream = io.StringIO()
    writer.dump(document, stream)

    file = read("f.yaml", stream.getvalue().encode())

    if {fault.kind for fault in file.faults} <= {"implicit-type"}:
        assert file.value == document
    else:
        assert any(mark in stream.getvalue() for mark in ("?", ":"))  # libyaml wants these quoted in brackets


@given(yaml_like)
def test_reading_is_a_function_of_the_bytes(text: str) -> None:
    first, second = read("f", text.encode()), read("f", text.encode())

    assert (first.value, first.faults, first.complete) == (second.value, second.faults, second.complete)


def paths_of(value: Value, path: Path = ()) -> Iterator[Path]:
    """The path of every value inside a value, itself included."""
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        yield from paths_of(item, (*path, step))


@given(
    yaml_like
    | st.sampled_from(["{a: 1, a: {b: 2}, ? [c]\n: d, e: [f, {g: h}]}", "a: [b, {c: [", "*a : [1]\nb: *c\n"])
)
def test_every_value_has_a_place_and_nothing_else_has(text: str) -> None:
    file = read("f", text.encode())

    places = set(file.places.found)
    assert places == set(paths_of(file.value)) or (places == set() and file.value is None)
