"""What reading gives: YAML 1.2 core values, and the place of every key and value."""

from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest

from remit.read import Path, ReadFile, Value, misread_as, plain_value, read
from remit.source import Span

AGENT = b"""\
kind: Agent
metadata: {id: swe.a, tags: [x, "y"]}
spec:
  purpose: |
    Read
    code.
  states:
    - name: first
      next: [done]
    - second

  last: 1
"""


@pytest.fixture
def agent() -> ReadFile:
    file = read("agents/a.yaml", AGENT)
    assert (file.faults, file.complete) == ((), True)
    return file


def text_at(span: Span, content: bytes = AGENT) -> str:
    """The text that a span covers."""
    lines = content.decode().split("\n")[span.start.line - 1 : span.end.line]
    lines[-1] = lines[-1][: span.end.column - 1]
    lines[0] = lines[0][span.start.column - 1 :]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *[("", None), ("~", None), ("null", None), ("true", True), ("FALSE", False), ("0", 0), ("-17", -17)],
        *[
            ("+1", 1),
            ("0x1F", 31),
            ("0o17", 15),
            ("012", 12),
            ("1.10", Decimal("1.10")),
            (".5", Decimal("0.5")),
        ],
        *[("1e3", Decimal(1000)), ("1.5E-2", Decimal("0.015")), ("1_000", "1_000"), ("12:30", "12:30")],
        *[
            ("yes", "yes"),
            ("on", "on"),
            ("2026-11-22", "2026-11-22"),
            (".inf", ".inf"),
            ("-", "-"),
            (".", "."),
        ],
        *[("0.1.0", "0.1.0"), ("v1", "v1"), ("1a", "1a"), ("<<", "<<"), ("nul", "nul"), ("tRue", "tRue")],
    ],
)
def test_a_plain_scalar_has_its_value_of_the_core_schema(text: str, value: Value) -> None:
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


def test_a_number_too_long_to_be_meant_stays_text() -> None:
    assert plain_value("9" * 5000) == "9" * 5000
    assert plain_value("1e999999999") == "1e999999999"
    assert [fault.kind for fault in read("f", b"a: " + b"9" * 5000).faults] == ["number-too-long"]
    assert [fault.kind for fault in read("f", b"a: 1.0e+999999999").faults] == ["number-too-long"]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "yes",
            "No",
            "ON",
            "off",
            "y",
            "N",
            "012",
            "00",
            "08",
            "-010",
            "0o7",
            "0b1",
            "1_0",
            "1_0.5",
            "0x1_F",
        ),
        *("-0x1F", "12:30", "190:20:30", "190:20:30.15", "1e3", "1.5e3", "-.inf", ".NaN", "2026-11-22", "<<"),
        *("2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "="),
    ],
)
def test_what_yaml_1_1_reads_otherwise_is_told(text: str) -> None:
    assert misread_as(text)
    assert [fault.kind for fault in read("f", f"a: {text}".encode()).faults] == ["implicit-type"]
    assert read("f", f"a: '{text}'".encode()).faults == ()


@pytest.mark.parametrize(
    "text",
    [
        *(
            "true",
            "null",
            "~",
            "0",
            "7",
            "-7",
            "+7",
            "1.5",
            "-.5",
            "1.",
            "1.5e+3",
            "0x1F",
            "0.1.0",
            "1.2.3-rc1",
        ),
        *(
            "yes please",
            "v1",
            "a-b",
            "1a",
            "12:99",
            "2026-11",
            "10.0.0.1",
            "+",
            ".",
            "...x",
            "90%",
            "1/2",
        ),
    ],
)
def test_what_both_versions_read_alike_is_not(text: str) -> None:
    assert misread_as(text) is None
    assert read("f", f"a: {text}".encode()).faults == ()


def test_quoted_and_block_scalars_are_always_text() -> None:
    assert read("f", b"a: '1'\nb: \"no\"\nc: |\n  12\nd: >-\n  true\n").value == {
        "a": "1",
        "b": "no",
        "c": "12\n",
        "d": "true",
    }


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (("kind",), "kind", "Agent"),
        (("metadata",), "metadata", '{id: swe.a, tags: [x, "y"]}'),
        (("metadata", "id"), "id", "swe.a"),
        (("metadata", "tags", 1), '"y"', '"y"'),
        (("spec", "purpose"), "purpose", "|\n    Read\n    code.\n"),
        (("spec", "states", 0), "name: first\n      next: [done]", "name: first\n      next: [done]"),
        (("spec", "states", 0, "next", 0), "done", "done"),
        (("spec", "states"), "states", "name: first\n      next: [done]\n    - second"),
        (("spec", "last"), "last", "1"),
    ],
)
def test_every_key_and_value_has_its_place(agent: ReadFile, path: Path, key: str, value: str) -> None:
    assert text_at(agent.key_span(path)) == key
    if path != ("spec", "states"):
        assert text_at(agent.value_span(path)) == value


def test_a_path_that_leads_nowhere_has_the_place_of_its_nearest_ancestor(agent: ReadFile) -> None:
    assert agent.key_span(("metadata", "owner", "deep")) == agent.key_span(("metadata",))
    assert agent.value_span(("metadata", "tags", 9)) == agent.value_span(("metadata", "tags"))
    assert agent.value_span(()).start == (1, 1)


def test_elements_that_lead_nowhere_are_left_out_of_a_path(agent: ReadFile) -> None:
    assert agent.locate(("Agent", "metadata", "tags", "list[str]", 1)) == ("metadata", "tags", 1)
    assert agent.locate(("spec", 0, "missing")) == ("spec",)


def test_columns_count_code_points_and_line_ends_of_all_kinds() -> None:
    file = read("f", 'é漢𝄞: "x"\r\nb: 1\rc: no\n'.encode())

    assert file.key_span(("é漢𝄞",)).end == (1, 4)
    assert file.value_span(("b",)).start == (2, 4)
    assert file.faults[0].span.start == (3, 4)


def test_a_duplicate_key_keeps_its_first_value_and_says_where_that_stands() -> None:
    file = read("f", b"a: {b: 1}\nc: 2\na: {d: 3, d: no}\n")

    assert file.value == {"a": {"b": 1}, "c": 2}
    assert [(fault.kind, fault.span.start, fault.other and fault.other.start) for fault in file.faults] == [
        ("duplicate-key", (3, 1), (1, 1)),
        ("duplicate-key", (3, 11), None),
        ("implicit-type", (3, 14), None),
    ]


@pytest.mark.parametrize("text", ["{?a: 1}", "a: [?b]", '{?"a": 1}', "a: {b: 1, ?c: 2}"])
def test_a_question_mark_glued_to_a_key_in_brackets_is_told(text: str) -> None:
    assert [fault.kind for fault in read("f", text.encode()).faults] == ["glued-mark"]


@pytest.mark.parametrize("text", ["?a: 1", "? a\n: 1", "{? a : 1}", "a?: 1", "a: b?"])
def test_a_question_mark_that_all_read_alike_is_not(text: str) -> None:
    assert read("f", text.encode()).faults == ()


def test_reading_goes_on_after_a_fault_so_that_all_are_told() -> None:
    file = read("f", b"a: !t &x no\nb: *x\n? [k]\n: 1\nd: \xff\ne: 1\n")

    assert [fault.kind for fault in file.faults] == [
        *("not-utf-8", "anchor", "tag", "alias", "not-a-scalar-key"),
    ]
    assert file.value == {"a": "no", "b": None, "d": "\ufffd", "e": 1}
    assert file.complete


def test_what_was_read_before_bad_yaml_is_kept_and_known_to_be_incomplete() -> None:
    file = read("f", b"a: 1\nb: [\n")

    assert file.value == {"a": 1, "b": []}
    assert not file.complete


def test_faults_beyond_what_one_report_can_use_are_counted() -> None:
    file = read("f", b"a: [" + b"no," * 150 + b"]")

    assert len(file.faults) == 101
    assert (file.faults[-1].kind, file.faults[-1].subject) == ("too-many-faults", "50")


def test_reading_leaves_the_whole_of_ruamel_to_whoever_imports_it() -> None:
    read("f", b"a: 1")
    yaml: Any = import_module("ruamel.yaml")

    assert yaml.YAML(typ="safe", pure=True).load("a: 1") == {"a": 1}


def test_the_composer_of_the_library_is_as_it_was_after_reading() -> None:
    read("f", b"a: 1")
    yaml: Any = import_module("ruamel.yaml")

    assert yaml.YAML(typ="safe", pure=False).load("a: [1, {b: c}]") == {"a": [1, {"b": "c"}]}
