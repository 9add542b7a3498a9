"""Globs over names with slashes: `*` stays inside a segment, `**` stands for whole segments.

The matcher never backtracks over characters, so no text makes it slow: a segment is found piece by piece, and a
`**` is tried at each later segment once.
"""

from __future__ import annotations

ANY_SEGMENTS = "**"


def is_glob(pattern: str) -> bool:
    """Whether a pattern is a glob, and not simply a name."""
    return "*" in pattern


def glob_problem(pattern: str) -> str | None:
    """What is wrong with a glob, or None: `**` has a meaning only as a whole segment."""
    if not pattern:
        return "an empty glob matches nothing"
    if any(ANY_SEGMENTS in segment and segment != ANY_SEGMENTS for segment in pattern.split("/")):
        return f"`**` stands alone between slashes, which it does not in `{pattern}`"
    return None


def glob_matches(pattern: str, name: str) -> bool:
    """Whether a name matches: `**/` also stands for nothing, a `**` at the end for at least one segment."""
    wanted, found = pattern.split("/"), name.split("/")
    if wanted[-1] == ANY_SEGMENTS:
        wanted.insert(-1, "*")
    return _segments_match(wanted, found)


def _segments_match(wanted: list[str], found: list[str]) -> bool:
    """Greedy matching with one point of return: the last `**` may always take one more segment."""
    at = position = 0
    resume: tuple[int, int] | None = None
    while position < len(found):
        if at < len(wanted) and wanted[at] == ANY_SEGMENTS:
            resume = (at, position)
            at += 1
        elif at < len(wanted) and _segment_matches(wanted[at], found[position]):
            at, position = at + 1, position + 1
        elif resume is not None:
            at, position = resume[0] + 1, resume[1] + 1
            resume = (resume[0], position)
        else:
            return False
    return all(segment == ANY_SEGMENTS for segment in wanted[at:])


def _segment_matches(pattern: str, segment: str) -> bool:
    first, *pieces = pattern.split("*")
    if not pieces:
        return pattern == segment
    last = pieces.pop()
    end = len(segment) - len(last)
    at = len(first)
    if not segment.startswith(first) or not segment.endswith(last) or end < at:
        return False
    for piece in pieces:
        at = segment.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True
