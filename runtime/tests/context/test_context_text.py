"""What a source gave becomes text in one way."""

from __future__ import annotations

import pytest

from remit_runtime.context.text import NotText, file_text, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ({"text": "a\r\nb\rc"}, "a\nb\nc"),
        ({"lines": ["a", "b"]}, "a\nb"),
        ({"lines": []}, ""),
        ({"lines": ["a", 1]}, '{"lines":["a",1]}'),
        ({"text": "a", "more": 1}, '{"more":1,"text":"a"}'),
        ({"text": 5}, '{"text":5}'),
        ({"since": "v1"}, '{"since":"v1"}'),
        ([1, 2], "[1,2]"),
        (None, "null"),
    ],
)
def test_texts_stand_as_they_are_and_other_values_as_json(value: object, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("data", "code"), [(b"a\0b", "binary"), (b"caf\xe9", "not_utf8"), (b"\xed\xa0\x80", "not_utf8")]
)
def test_bytes_that_are_no_text_are_refused(data: bytes, code: str) -> None:
    found = file_text(data)
    assert isinstance(found, NotText)
    assert found.code == code


def test_the_text_of_a_file_has_plain_line_ends() -> None:
    assert file_text("Käse\r\n".encode()) == "Käse\n"
