"""What the text of a prompt names in so many words, and whether its sentence forbids it.

Only English is read: a sentence in another language is taken to forbid nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_DOT = re.compile(r"\.[a-z0-9]")
_PART = re.compile(r"[\w./@:\\-]")
_WORD = re.compile(r"[\w./@:\\-]+")
_LONGEST = 128
"""Characters before the first dot of a word; an id has fewer."""
_ID = re.compile(r"[a-z][a-z0-9_-]*(?:\.[a-z0-9][a-z0-9_-]*)+")
_FORBIDS = re.compile(
    r"\b(?:not|no|never|cannot|nor|neither|without|instead|people|person|human|humans|somebody|someone)\b|n['\u2019]t\b",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.!?](?=\s)|\n(?=\s*(?:[-*+]|\d+[.)])\s)|\n\s*\n")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")


def dotted_ids(text: str) -> Iterator[tuple[str, int]]:
    """The words of a text that have the form of an id with a dot, each with its offset."""
    end = 0
    for dot in _DOT.finditer(text):
        if dot.start() < end:
            continue
        start, first = dot.start(), max(end, dot.start() - _LONGEST)
        while start > first and _PART.match(text, start - 1):
            start -= 1
        word = _WORD.match(text, start)
        if word is not None:
            end = word.end()
            name = word[0].rstrip(".:-")
            if len(name) <= _LONGEST and _ID.fullmatch(name):
                yield name, start


def is_forbidden(text: str, at: int) -> bool:
    """Whether the sentence around an offset, or of an item of a list what leads to it, says no or speaks of people."""
    start = max((end.end() for end in _ENDS.finditer(text, 0, at)), default=0)
    stop = _ENDS.search(text, at)
    sentence = text[start : len(text) if stop is None else stop.start()]
    return _FORBIDS.search(sentence) is not None or _FORBIDS.search(_lead(text, start)) is not None


def _lead(text: str, at: int) -> str:
    """The line that leads to the list in which an offset stands, "" where it stands in none."""
    lines = text[: text.find("\n", at) if "\n" in text[at:] else len(text)].split("\n")
    if not lines or not _ITEM.match(lines[-1]):
        return ""
    for line in reversed(lines[:-1]):
        if line.strip() and not _ITEM.match(line) and not line.startswith((" ", "\t")):
            return line
    return ""


def is_example(text: str, at: int) -> bool:
    """Whether an offset stands between lines of three backticks."""
    before = text[: text.rfind("\n", 0, at) + 1]
    return sum(line.lstrip().startswith("```") for line in before.split("\n")) % 2 == 1
