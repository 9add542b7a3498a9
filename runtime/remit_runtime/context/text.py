"""What a source gave, as text: the one form in which a packet holds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

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
    written = _written(value)
    return canonical_json_full(value).decode() if written is None else with_plain_line_ends(written)


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


def _written(value: object) -> str | None:
    """The text that a value is, or is a tool's form of; None for any other value."""
    if isinstance(value, str):
        return value
    fields = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    if len(fields) != 1:
        return None
    text, lines = fields.get("text"), fields.get("lines")
    if isinstance(lines, list):
        parts = cast("list[object]", lines)
        texts = [part for part in parts if isinstance(part, str)]
        return "\n".join(texts) if len(texts) == len(parts) else None
    return text if isinstance(text, str) else None
