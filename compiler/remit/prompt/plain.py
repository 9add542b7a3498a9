"""Templates of text, comments, slots and includes of such files: cut without Jinja2, exactly as Jinja2 would.

Jinja2 costs more to import than a check of ten files may take, and most templates need none of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from remit.definitions.state import KNOWN_TO_PROMPTS
from remit.prompt.refusal import MAX_INCLUDES
from remit.prompt.segments import Place, Segment, SlotAt, Template, Words, joined
from remit.prompt.tree import line_starts, place_of, with_line_feeds

Read = Callable[[str, str, Place], Template | None]
"""Gives the file that a template includes: from the folder of its base, as it is written, at a place."""

OPENERS = ("{{", "{%", "{#")
"""Without one of these a text is itself."""
MAX_FILES, MAX_SLOTS, MAX_CHARACTERS = 64, 1_000, 64 * 1024
"""Of a prompt that includes files, and of the slots of any: the evaluator, to which more is left, has higher caps."""
_PLAIN = re.compile(
    r"\{\{\s*(?P<root>[A-Za-z_][A-Za-z0-9_]*)(?P<steps>(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*\}\}"
    r"|\{%\s*include\s+(?P<file>\"[A-Za-z0-9_./-]+\"|'[A-Za-z0-9_./-]+')\s*%\}"
    r"|\{#[^-+#](?s:.*?)#\}",
    re.ASCII,
)
_NOT_SLOTS = frozenset(
    ["true", "false", "none", "True", "False", "None", "not", "in", "is", "and", "or", "if", "else"]
) | frozenset(KNOWN_TO_PROMPTS)
_NOT_PLAIN = re.compile(r"[-+]#\}|\r")
"""Comments that take white space with them, and line ends that Jinja2 rewrites."""


class _NotPlain(Exception):
    """The template is for Jinja2."""


@dataclass
class _Cut:
    """A cut that goes on: who gives included files, and how many there were."""

    read: Read
    files: int = 0


def plain_segments(template: Template, read: Read) -> tuple[Segment, ...] | None:
    """The segments of a template of text, comments, slots `{{ root.step }}` and includes of such files, else None.

    `read` is asked for a file as the evaluator would ask for it; where it gives none, the evaluator is to say so.
    """
    if _is_text(template):
        return joined([Words(with_line_feeds(template.text))])
    cut = _Cut(read)
    try:
        segments = [*_segments(template, cut, 0)]
    except _NotPlain:
        return None
    return None if _is_large(segments, cut) else joined(segments)


def _is_text(template: Template) -> bool:
    return not any(opener in template.text for opener in OPENERS)


def _is_large(segments: list[Segment], cut: _Cut) -> bool:
    if cut.files and sum(len(one.text) for one in segments if isinstance(one, Words)) > MAX_CHARACTERS:
        return True
    return len(segments) > MAX_SLOTS and sum(isinstance(one, SlotAt) for one in segments) > MAX_SLOTS


def _segments(template: Template, cut: _Cut, depth: int) -> Iterator[Segment]:
    """The segments of a file that is `depth` includes deep.

    Raises:
        _NotPlain: it holds something else.
    """
    source = template.text
    if _NOT_PLAIN.search(source) or source.rfind("{#") > source.rfind("#}"):
        # A comment that never ends would be sought from each opening to the end of the text.
        raise _NotPlain
    lines = line_starts(source)
    end = 0
    for found in _PLAIN.finditer(source):
        text, root, file = source[end : found.start()], found["root"], found["file"]
        if root in _NOT_SLOTS or text.endswith("{") or "__" in (found["steps"] or ""):
            raise _NotPlain  # a step such as `__class__` is for the evaluator to refuse
        yield _words(text)
        if root is not None:
            place = place_of(template.file, lines, found.start("root"), len(root))
            yield SlotAt(root, tuple(found["steps"].split(".")[1:]), place)
        elif file is not None:
            place = place_of(template.file, lines, found.start("file"), len(file))
            yield from _included(template, file[1:-1], place, cut, depth)
        end = found.end()
    yield _words(source[end:])


def _words(text: str) -> Words:
    if any(opener in text for opener in OPENERS):
        raise _NotPlain
    return Words(text)


def _included(template: Template, written: str, place: Place, cut: _Cut, depth: int) -> Iterator[Segment]:
    """The segments of a file that a template includes."""
    cut.files += 1
    if depth >= MAX_INCLUDES or cut.files > MAX_FILES or len(template.text) > MAX_CHARACTERS:
        raise _NotPlain
    included = cut.read(template.base, written, place)
    if included is None or len(included.text) > MAX_CHARACTERS:
        raise _NotPlain
    # A file of text alone may have line ends that Jinja2 rewrites, and those are looked for in `_segments` too.
    yield from _segments(included, cut, depth + 1)
