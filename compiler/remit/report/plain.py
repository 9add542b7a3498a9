"""Text of a repository made safe to show.

Control characters could move the cursor of a terminal or change its colours, and bidirectional ones the order of a
line; each is shown by its number instead.
"""

import re
import unicodedata

# Unicode general categories: controls, format characters, surrogates, private use, unassigned, line separators.
_UNSAFE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
_ASCII_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TAB = "    "


def plain(text: str) -> str:
    """The text with a tab as four spaces and every character that does not print as `<U+202E>`."""
    if text.isascii() and not _ASCII_CONTROL.search(text):
        return text
    return "".join(_shown(character) for character in text)


def width(text: str) -> int:
    """The columns that plain text takes on a terminal: none for a combining mark, two for a wide character."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _shown(character: str) -> str:
    if character == "\t":
        return _TAB
    return f"<U+{ord(character):04X}>" if unicodedata.category(character) in _UNSAFE else character


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
