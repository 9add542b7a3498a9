"""Fix: the safe corrections that findings bring along, made in the text itself, so that comments and layout stay.

Nothing is parsed and written again: an edit changes the few characters it names. One that its text does not fit any
more, or whose word stands there twice, is left to the author.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from itertools import pairwise

from remit.check import LIBRARIES, check
from remit.diagnostic import Edit, Fault
from remit.git.tree import Tree, is_definition
from remit.read import read
from remit.source import Position

MAX_ROUNDS = 10
"""A correction may show the next mistake; a repository that needs more rounds than this is looked at by a person."""
_ORDER = ("apiVersion", "kind", "metadata", "spec")
_PLAIN = re.compile(r"(?:\.{1,2}/)*[A-Za-z_][A-Za-z0-9_./@-]*")
"""A scalar that needs no quotes."""
_TOP = re.compile(r"^([A-Za-z]+)[ \t]*:", re.MULTILINE)


@dataclass(frozen=True)
class Fixed:
    """The files that corrections change: what each held, what it will hold, and how many corrections that is."""

    before: Mapping[str, str]
    after: Mapping[str, str]
    corrections: int

    def diff(self) -> str:
        """The change as a unified diff, with paths as git writes them."""
        lines = [
            line
            for path in sorted(self.after)
            for line in unified_diff(
                _lines(self.before[path]), _lines(self.after[path]), f"a/{path}", f"b/{path}"
            )
        ]
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )


def fixed(tree: Tree) -> Fixed:
    """What the definitions of a tree become when every safe correction is made, and those that they show next."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    made = 0
    for _ in range(MAX_ROUNDS):
        edits = _edits(_over(tree, after))
        count = 0
        for path, of_file in edits.items():
            text = _text(_over(tree, after), path)
            if text is None:
                continue
            changed, number = corrected(text, of_file)
            if number:
                before.setdefault(path, text)
                after[path] = changed
                count += number
        made += count
        if not count:
            break
    for path in (path for path in tree.paths if is_definition(path)):
        text = _text(_over(tree, after), path)
        ordered = None if text is None else in_key_order(path, text)
        if text is not None and ordered is not None and ordered != text:
            before.setdefault(path, text)
            after[path] = ordered
            made += 1
    return Fixed(before, after, made)


def _edits(tree: Tree) -> Mapping[str, list[Edit]]:
    found: dict[str, list[Edit]] = {}
    for one in check(tree).diagnostics:
        for edit in one.edits:
            if not edit.span.path.startswith(LIBRARIES):
                found.setdefault(edit.span.path, []).append(edit)
    return found


def _over(tree: Tree, changed: Mapping[str, str]) -> Tree:
    """The tree with other content in some of its files."""
    now = dict(changed)

    def content(path: str, limit: int) -> bytes | Fault:
        return now[path].encode() if path in now else tree.content(path, limit)

    return replace(tree, content=content, commit=None, blobs={}) if now else tree


def _text(tree: Tree, path: str) -> str | None:
    content = tree.read(path)
    try:
        return None if isinstance(content, Fault) else content.decode()
    except UnicodeDecodeError:
        return None


# ---- one file


def corrected(text: str, edits: Sequence[Edit]) -> tuple[str, int]:
    """The text with the edits made that fit it, and how many these are. Of edits that overlap one is made."""
    lines = _Lines(text)
    pieces: list[str] = []
    end = made = 0
    for edit in sorted(set(edits), key=lambda one: (one.span.start, one.span.end, one.new)):
        start, stop = lines.offset(edit.span.start), lines.offset(edit.span.end)
        if start is None or stop is None or start < end:
            continue
        new = _rendered(text[start:stop], edit)
        if new is None or new == text[start:stop]:
            continue
        pieces += (text[end:start], new)
        end, made = stop, made + 1
    return "".join((*pieces, text[end:])), made


def _rendered(there: str, edit: Edit) -> str | None:
    """What stands in place of the text of an edit's span; None where the edit does not fit it."""
    if not there:
        return edit.new
    if edit.old:
        found = list(re.finditer(rf"(?<![\w.-]){re.escape(edit.old)}(?![\w-])", there))
        if len(found) != 1:
            return None
        return there[: found[0].start()] + edit.new + there[found[0].end() :]
    quote = there[0] if len(there) > 1 and there[0] == there[-1] and there[0] in "\"'" else ""
    if "\n" in there or not (_PLAIN.fullmatch(edit.new) or (quote and _in_quotes(edit.new))):
        return None
    return f"{quote}{edit.new}{quote}"


def _in_quotes(text: str) -> bool:
    return text.isprintable() and not set(text) & set("\"'\\")


class _Lines:
    """Where the lines of a text begin; lines end as in YAML 1.2 section 5.4, and columns count code points."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer(r"\r\n|\r|\n", text))]
        self._length = len(text)

    def offset(self, at: Position) -> int | None:
        if not 1 <= at.line <= len(self._starts):
            return None
        offset = self._starts[at.line - 1] + at.column - 1
        return offset if offset <= self._length else None


def in_key_order(path: str, text: str) -> str | None:
    """A definition with `apiVersion`, `kind`, `metadata` and `spec` in this order; None where it is not read whole.

    A key takes the comment lines right above it along, but for those at the head of the file. Only a mapping written in
    lines is ordered.
    """
    file = read(path, text.encode())
    if file.faults or not file.complete or not isinstance(file.value, dict):
        return None
    keys = list(file.value)
    wanted = [key for key in _ORDER if key in keys] + [key for key in keys if key not in _ORDER]
    if keys == wanted:
        return text
    starts = {found[1]: found.start() for found in _TOP.finditer(text)}
    if set(starts) != set(keys) or any(file.key_span((key,)).start.column != 1 for key in keys):
        return None
    head, blocks = _blocks(text, [starts[key] for key in keys])
    by_key = dict(zip(keys, blocks, strict=True))
    if not blocks[-1].endswith("\n"):
        return None
    return head + "".join(by_key[key] for key in wanted)


def _blocks(text: str, starts: Sequence[int]) -> tuple[str, list[str]]:
    """The text before the first key, and the block of each key with the comments right above it."""
    cuts = [starts[0], *(_above(text, start) for start in starts[1:]), len(text)]
    return text[: cuts[0]], [text[cut:after] for cut, after in pairwise(cuts)]


def _above(text: str, start: int) -> int:
    """Where the comment lines right above an offset begin."""
    while start > 0:
        line = text.rfind("\n", 0, start - 1) + 1
        if not text[line:start].startswith("#"):
            break
        start = line
    return start


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+$", text)
