"""What a source gave, as text: the one form in which a packet holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from remit_runtime.canonical import canonical_json_full


@dataclass(frozen=True, slots=True)
class NotText:
    """Why a file is no text: a stable code and a sentence."""

    code: str
    reason: str


def text_of(value: object) -> str:
    """A JSON value as text: a string as it is, `{text}` and `{lines}` of a tool as text, anything else as JSON.

    Raises:
        NotCanonical: a number of it has no canonical form.
    """
    if isinstance(value, str):
        return with_plain_line_ends(value)
    if _is_object(value) and len(value) == 1:
        match value:
            case {"text": str(text)}:
                return with_plain_line_ends(text)
            case {"lines": list(lines)} if _is_texts(lines):
                return with_plain_line_ends("\n".join(lines))
            case _:
                pass
    return canonical_json_full(value).decode()


def file_text(data: bytes) -> str | NotText:
    """The text of a file's bytes. A file with a NUL is binary, as git sees it."""
    if b"\0" in data:
        return NotText("binary", "the file holds bytes that are no text")
    try:
        return with_plain_line_ends(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        return NotText("not_utf8", f"the file is not UTF-8 at byte {error.start}")


def with_plain_line_ends(text: str) -> str:
    """The text with every line end as LF: CRLF and CR are the same to a reader, and would be shown as escapes."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict)


def _is_texts(lines: Sequence[object]) -> TypeGuard[Sequence[str]]:
    return all(isinstance(line, str) for line in lines)
