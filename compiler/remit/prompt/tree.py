"""Jinja2's syntax tree of a template, in which every node knows its place to the column.

Jinja2 gives nodes a line only. Its tokens are made one by one here, each with its offset in the text in place of its
line, and Jinja2's own parser builds the tree from them: `node.lineno` is then an offset.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from remit.prompt.segments import Place, PromptFault, Template

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

MAX_CHARACTERS = 64 * 1024
"""Of a template that is more than text and slots."""

_LINE_END = re.compile(r"\r\n|\r")


@dataclass(frozen=True)
class Tree:
    """A parsed template. `node.lineno` of its nodes is an offset in `source`, which has plain line ends."""

    template: Template
    source: str
    lines: tuple[int, ...]
    root: nodes.Template

    def place(self, offset: int, length: int = 1) -> Place:
        """The place of an offset in the text."""
        return place_of(self.template.file, self.lines, offset, length)


def with_line_feeds(text: str) -> str:
    """The text with every line end as LF, as Jinja2 has it."""
    return _LINE_END.sub("\n", text)


def line_starts(source: str) -> tuple[int, ...]:
    """The offsets at which the lines of a text with plain line ends begin."""
    return (0, *(match.end() for match in re.finditer("\n", source)))


def place_of(file: str, lines: tuple[int, ...], offset: int, length: int = 1) -> Place:
    """The place of an offset in a text whose lines begin at the offsets `lines`."""
    line = bisect_right(lines, offset)
    return Place(file, line, offset - lines[line - 1] + 1, length)


@lru_cache(maxsize=16)
def tree_of(template: Template) -> Tree | PromptFault:
    """The tree of a template, or why it is none; a few are remembered, as one is evaluated for state after state."""
    from jinja2 import TemplateSyntaxError
    from jinja2.lexer import TokenStream
    from jinja2.parser import Parser

    source = with_line_feeds(template.text)
    lines = line_starts(source)
    if len(source) > MAX_CHARACTERS:
        message = f"the template has {len(source)} characters, and may have {MAX_CHARACTERS}"
        return PromptFault(message, Place(template.file, 1, 1))
    environment = _environment()
    try:
        raw = [*environment.lexer.tokeniter(source, None)]
    except TemplateSyntaxError as error:
        # Only here is the number that of a line.
        return PromptFault(_sentence(error.message), Place(template.file, error.lineno, 1))
    parser = Parser(environment, "")
    try:
        tokens = environment.lexer.wrap(_with_offsets(source, raw), None, None)
        parser.stream = TokenStream(tokens, None, None)
        return Tree(template, source, lines, parser.parse())
    except TemplateSyntaxError as error:
        message = _sentence(error.message)
        offset = len(source) if message.startswith("unexpected end of template") else error.lineno
        return PromptFault(message, place_of(template.file, lines, offset))
    except RecursionError:
        return PromptFault("the template is nested too deeply", Place(template.file, 1, 1))
    except ValueError:
        return PromptFault("a number of the template has too many digits", Place(template.file, 1, 1))


def _with_offsets(source: str, raw: list[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    """The tokens with offsets: they stand in the text one after the other, with nothing but dropped space between."""
    at = 0
    for _, kind, value in raw:
        at = max(at, source.find(value, at))
        yield at, kind, value
        at += len(value)


@cache
def _environment() -> Environment:
    from jinja2 import Environment

    # Never renders: it only parses, so autoescape has no meaning here.
    return Environment(autoescape=False, keep_trailing_newline=True)  # noqa: S701


def _sentence(text: str | None) -> str:
    """Jinja2's own message as a sentence of ours."""
    words = (text or "the template cannot be read").rstrip(".")
    return words[:1].lower() + words[1:]
