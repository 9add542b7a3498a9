"""Bytes become the text that a parser and a reviewer see alike, or a fault says where they would not.

Refused: any encoding but UTF-8, byte order marks, control characters, line ends that only YAML 1.1 knows, and
characters that hide text or turn its order (bidirectional controls, zero width, tags, fillers).
"""

import re
from itertools import islice
from typing import NamedTuple

from remit.diagnostic import Fault
from remit.source import Position, Span, whole_file

MAX_BYTES = 1 << 20
"""A definition is written and reviewed by people; a larger file is none."""
MAX_DECEPTIONS = 20
"""Faults of hidden text told of one file; each costs a walk to its place."""

_PLAIN = bytes([0x09, 0x0A, 0x0D, *range(0x20, 0x7F)])

# What a parser may drop, end a line at, or refuse; each is one place in the text and is read as U+FFFD instead.
_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff"
# What a reviewer does not see, or sees elsewhere than it stands (Unicode TR36 section 3, "Trojan Source"); the
# emoji and text presentation selectors U+FE0E and U+FE0F change nothing but a glyph and are let through.
_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_CONTROLS = re.compile(f"[{_CONTROL}]")
_DECEPTIVE = re.compile(f"[{_CONTROL}{_HIDDEN}]+")
_DECEPTIVE_IN_NAME = re.compile(f"[\t\n\r{_CONTROL}{_HIDDEN}]+")


class ReadText(NamedTuple):
    """UTF-8 text that a YAML parser takes as it stands, and what had to be replaced or was hidden in it."""

    content: bytes
    faults: tuple[Fault, ...]


def read_text(path: str, content: bytes) -> ReadText | Fault:
    """The text of a file, or the one fault for which none of it can be read."""
    if len(content) > MAX_BYTES:
        return Fault("too-large", whole_file(path), str(len(content)), (str(MAX_BYTES),))
    if not content.translate(None, _PLAIN):
        return ReadText(content, ())
    if _is_wide(content):
        return Fault("wide-encoding", whole_file(path))
    faults: list[Fault] = []
    if content.startswith(b"\xef\xbb\xbf"):
        faults.append(Fault("byte-order-mark", whole_file(path)))
        content = content[3:]
    text = _decoded(path, content, faults)
    if _DECEPTIVE.search(text):
        faults.extend(_deceptions(path, text))
        text = _CONTROLS.sub("\ufffd", text)
    return ReadText(text.encode(), tuple(faults))


def deceptive_in_name(name: str) -> str:
    """The characters of a file name that readers may not see as they stand, as `U+202E U+000A`, or nothing."""
    return code_points("".join(_DECEPTIVE_IN_NAME.findall(name)))


def code_points(characters: str) -> str:
    """The names of at most four characters, as `U+202E U+200B`."""
    names = " ".join(f"U+{ord(character):04X}" for character in characters[:4])
    return f"{names} and {len(characters) - 4} more" if len(characters) > 4 else names


def _is_wide(content: bytes) -> bool:
    """Whether the bytes are UTF-16 or UTF-32, by their mark or by the zero bytes of their first characters."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return True
    return len(content) >= 4 and (content[0] == content[2] == 0 or content[1] == content[3] == 0)


def _decoded(path: str, content: bytes, faults: list[Fault]) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        at = _position(content[: error.start].decode())
        found = content[error.start : error.end].hex(" ")
        faults.append(Fault("not-utf-8", Span(path, at, Position(at.line, at.column + 1)), found))
        return content.decode(errors="replace")


def _deceptions(path: str, text: str) -> list[Fault]:
    """A fault for each run of deceptive characters; after `MAX_DECEPTIONS`, one with the number of the others."""
    runs = _DECEPTIVE.finditer(text)
    faults = [_deception(path, text, run) for run in islice(runs, MAX_DECEPTIONS)]
    others = sum(1 for _ in runs)
    return [*faults, Fault("too-many-faults", whole_file(path), str(others))] if others else faults


def _deception(path: str, text: str, run: re.Match[str]) -> Fault:
    at = _position(text[: run.start()])
    end = Position(at.line, at.column + len(run[0]))
    return Fault("deceptive-character", Span(path, at, end), code_points(run[0]))


def _position(before: str) -> Position:
    """The place after the text `before`, whose lines end at LF, CRLF or CR (YAML 1.2 section 5.4)."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n")
    return Position(lines.count("\n") + 1, len(lines) - lines.rfind("\n"))
