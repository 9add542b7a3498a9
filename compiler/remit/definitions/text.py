"""Text sources: the path of a file, or the text itself."""

from typing import Annotated, TypeAlias

from pydantic import Tag

from remit.definitions.choice import text_or
from remit.definitions.words import Mark, Part, PathText, Text


class InlineText(Part):
    """Text that stands in the definition."""

    text: Text


TextSource: TypeAlias = Annotated[
    Annotated[PathText, Tag("plain text")] | Annotated[InlineText, Tag("inline text")],
    text_or("inline text", "a path, or a mapping with `text`"),
    Mark("prompt"),
]
"""The path of a file (`str`), or `InlineText`."""
