"""Redaction: what patterns match never goes on, wherever in a value it stands."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit_runtime.bundle.policy import RedactPattern
from remit_runtime.errors import BundleRejected
from remit_runtime.gateway.redact import Redactor, load, redacted, shown, shown_json
from remit_runtime.models.json_text import Json

TOKEN = RedactPattern("secret", "token", r"tok_[a-z0-9]{6}")
KEY = RedactPattern("secret", "key", r"-----BEGIN KEY-----[\s\S]*?-----END KEY-----")

STRINGS = st.text(max_size=8) | st.sampled_from(["tok_abc123", "xtok_abc123tok_def456y"])
KEYS = st.text(max_size=8) | st.just("tok_abc123")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=50)
@given(JSON)
def test_no_string_and_no_key_holds_a_secret_afterwards(value: Any) -> None:
    found = redacted(value, load([TOKEN]))
    text = json.dumps(found.value, ensure_ascii=False)
    assert "tok_abc123" not in text
    assert "tok_def456" not in text
    assert bool(found.rules) == ("tok_abc123" in json.dumps(value, ensure_ascii=False))


@settings(max_examples=50)
@given(JSON)
def test_redaction_of_what_is_redacted_changes_nothing(value: Any) -> None:
    once = redacted(value, load([TOKEN])).value
    assert redacted(once, load([TOKEN])).value == once


@settings(max_examples=50)
@given(JSON)
def test_without_rules_nothing_changes(value: Any) -> None:
    assert redacted(value, Redactor()).value == value


@settings(max_examples=200)
@given(
    st.lists(st.text("ab-\n", max_size=6), max_size=5),
    st.sampled_from(
        [
            "ab",
            "^a",
            "b$",
            r"\Aa",
            r"b\Z",
            r"\bab\b",
            r"\Bb",
            "(?<!b)a",
            "a(?!b)",
            "(?=ab)a",
            "(?>a*)b",
            "a++b",
            "[^a]b",
            r"\^|a-",
        ]
    ),
)
def test_each_string_is_searched_as_if_it_stood_alone(texts: list[str], pattern: str) -> None:
    value: Json = {str(number): text for number, text in enumerate(texts)}
    alone = {str(number): re.sub(pattern, "[redacted:p]", text) for number, text in enumerate(texts)}
    assert redacted(value, load([RedactPattern("c", "p", pattern)])).value == alone


def test_a_secret_of_several_lines_is_found_where_the_lines_stand_apart() -> None:
    lines = ["a", "x -----BEGIN KEY-----", "c2VjcmV0", "-----END KEY----- y", "b"]
    found = redacted([*lines], load([KEY]))
    assert found.value == ["a", "x [redacted:key]", "[redacted:key]", "[redacted:key] y", "b"]


def test_a_match_that_overlaps_another_does_not_leave_its_end() -> None:
    patterns = [RedactPattern("a", "first", "abc+d"), RedactPattern("b", "second", "d[0-9]+")]
    assert redacted("xabcd1234y", load(patterns)).value == "x[redacted:first]y"


def test_two_secret_keys_stay_two_entries() -> None:
    value: Json = {"tok_abc123": 1, "tok_def456": 2}
    assert redacted(value, load([TOKEN])).value == {"[redacted:token]": 1, "[redacted:token]#2": 2}


def test_patterns_may_hold_groups_flags_and_references() -> None:
    patterns = [
        RedactPattern("a", "quoted", r"""(?i)password=(['"])(?P<value>.*?)\1"""),
        RedactPattern("b", "named", r"(?P<value>key)-\d+"),
    ]
    found = redacted("PassWord='x y' key-12", load(patterns))
    assert found.value == "[redacted:quoted] [redacted:named]"
    assert found.rules == ("named", "quoted")


def test_a_pattern_that_matches_nothing_at_all_cuts_nothing() -> None:
    assert redacted("aaa", load([RedactPattern("a", "empty", "b*")])).value == "aaa"


def test_leased_values_are_cut_exactly() -> None:
    redactor = Redactor(values=(("lease", "p.ssw*rd"), ("none", "")))
    assert redacted("p.ssw*rd and passwwrd", redactor).value == "[redacted:lease] and passwwrd"


def test_a_pattern_that_is_no_regular_expression_refuses_the_bundle() -> None:
    with pytest.raises(BundleRejected) as rejected:
        load([RedactPattern("a", "bad", "(")])
    assert rejected.value.code == "pattern_invalid"


@pytest.mark.parametrize(
    "character", ["\u202e", "\u200b", "\U000e0041", "\x1b", "\x00", "\ufeff", "\u00ad", "\u2066"]
)
def test_characters_that_hide_are_shown(character: str) -> None:
    assert shown(f"a{character}b") == f"a\\u{{{ord(character):x}}}b"


@given(st.text())
def test_shown_json_is_the_same_value_without_hidden_characters(text: str) -> None:
    written = json.dumps({"t": text}, ensure_ascii=False)
    visible = shown_json(written)
    assert json.loads(visible) == {"t": text}
    assert not re.search("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]", visible)


def test_ordinary_text_is_shown_as_it_is() -> None:
    assert shown("Zeile\n\t日本語 é") == "Zeile\n\t日本語 é"
