"""What lowering reads besides definitions: the files that they name."""

from __future__ import annotations

from typing import Any, Protocol

from remit.definitions import Graph
from remit.definitions.shape import ObjectType, ShapeFile, shape_schema
from remit.definitions.text import InlineText
from remit.prompt.segments import Template


class Sources(Protocol):
    """The files of a checked portfolio. A path stands as it is written in the definition at `base`."""

    def text(self, base: str, path: str) -> str:
        """The text of a file."""
        ...

    def included(self, base: str, path: str) -> tuple[str, str]:
        """The path from the root of a file that a prompt includes, and its text."""
        ...

    def json(self, base: str, path: str) -> Any:
        """The value of a JSON file."""
        ...

    def graph(self, base: str, path: str) -> tuple[str, Graph]:
        """The Graph of a file, and the path of that file from the root."""
        ...


def schema_of(shape: ShapeFile | ObjectType, base: str, sources: Sources) -> Any:
    """The JSON Schema of a shape."""
    return sources.json(base, shape.path) if isinstance(shape, ShapeFile) else shape_schema(shape)


def schema_at(source: str | dict[str, Any], base: str, sources: Sources) -> Any:
    """The JSON Schema that stands inline or in a file."""
    return sources.json(base, source) if isinstance(source, str) else source


def template_of(source: str | InlineText, base: str, sources: Sources) -> Template:
    """The template of a text source."""
    if isinstance(source, InlineText):
        return Template("", base, source.text)
    path, text = sources.included(base, source)
    return Template(path, path, text)
