"""Templates that hold text, comments and slots alone: cut without Jinja2, exactly as Jinja2 would.

Jinja2 costs more to import than a check of ten files may take, and most templates need none of it.
"""

from __future__ import annotations

import re

from remit.definitions.state import KNOWN_TO_PROMPTS
from remit.prompt.segments import Place, Segment, SlotAt, Template, Words, joined

OPENERS = ("{{", "{%", "{#")
"""Without one of these a text is itself."""
_PLAIN = re.compile(
    r"\{\{\s*(?P<root>[A-Za-z_][A-Za-z0-9_]*)(?P<steps>(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*\}\}|\{#[^-+#](?s:.*?)#\}",
    re.ASCII,
)
_NOT_SLOTS = frozenset(
    ["true", "false", "none", "True", "False", "None", "not", "in", "is", "and", "or", "if", "else"]
) | frozenset(KNOWN_TO_PROMPTS)
_NOT_PLAIN = re.compile(r"\{%|[-+]#\}|\r")
"""Blocks, comments that take white space with them, and line ends that Jinja2 rewrites."""


def plain_segments(template: Template) -> tuple[Segment, ...] | None:
    """The segments of a template that holds nothing but text, comments and slots `{{ root.step }}`, else None."""
    source = template.text
    if not any(opener in source for opener in OPENERS):
        return joined([Words(source)])
    if _NOT_PLAIN.search(source) or source.rfind("{#") > source.rfind("#}"):
        # A comment that never ends would be sought from each opening to the end of the text.
        return None
    segments: list[Segment] = []
    end, line, line_start, counted = 0, 1, 0, 0
    for found in _PLAIN.finditer(source):
        root, text = found["root"], source[end : found.start()]
        if root in _NOT_SLOTS or "{{" in text or "{#" in text or text.endswith("{"):
            return None
        segments.append(Words(text))
        if root is not None:
            at = found.start("root")
            line += source.count("\n", counted, at)
            line_start = max(line_start, source.rfind("\n", counted, at) + 1)
            counted = at
            place = Place(template.file, line, at - line_start + 1, len(root))
            segments.append(SlotAt(root, tuple(found["steps"].split(".")[1:]), place))
        end = found.end()
    text = source[end:]
    return None if "{{" in text or "{#" in text else joined([*segments, Words(text)])
