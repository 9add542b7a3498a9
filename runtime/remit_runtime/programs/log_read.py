"""The part of a log that says what went wrong: the places where a line speaks of failure, and the end.

Standard input: `{"path": "ci/build.log", "before": 2, "after": 8, "tail": 60}`. Standard output: `{"lines": n,
"excerpts": [{"first_line", "text"}], "tail": {"first_line", "text"}, "omitted": n}`. Lines count from 1. Escape
sequences of terminals are taken out; lines are cut at 500 characters. `omitted` says how many places were left out.

One file of the checkout is opened: absolute paths, `..` and symbolic links are refused, on every part of a path.
"""

# It starts for every call, and importing pathlib would double its start.
# ruff: noqa: PTH123

from __future__ import annotations

import json
import os
import re
import stat
import sys
from typing import Any, TypeGuard

MAX_FILE_BYTES = 32 * 2**20
MAX_EXCERPTS = 40
MAX_LINE = 500
MAX_AROUND = 200
BAD_INPUT = 2

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[@-_]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
WRONG = re.compile(
    r"(?i:\b(?:errors?|fail(?:ed|ure|ures)?|fatal|panic(?:ked)?|traceback|exception|segfault|timed out)\b"
    r"|exit (?:code|status) [1-9]|out of memory)|[a-z](?:Error|Exception)\b"
)


class Refused(Exception):
    """Why the request or its file is not taken, in a sentence."""


def main() -> int:
    """Answer the request on standard input; 0, or 2 when it is not of the form above."""
    try:
        request: Any = json.loads(sys.stdin.buffer.read())
        if not is_object(request):
            raise Refused("the request is not an object")
        lines = lines_of(request.get("path"))
        before, after, tail = (
            around(request, name, n) for name, n in (("before", 2), ("after", 8), ("tail", 60))
        )
    except (Refused, ValueError, RecursionError) as error:
        sys.stderr.write(f"log-read: {error}\n")
        return BAD_INPUT
    spans = spans_of(lines, before, after)
    body = {
        "lines": len(lines),
        "excerpts": [excerpt(lines, first, last) for first, last in spans[:MAX_EXCERPTS]],
        "tail": excerpt(lines, max(0, len(lines) - tail), len(lines)),
        "omitted": max(0, len(spans) - MAX_EXCERPTS),
    }
    # Bytes, since the standard output of this process has whatever encoding its environment says.
    sys.stdout.buffer.write(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
    return 0


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def around(request: dict[str, Any], name: str, default: int) -> int:
    """A number of lines from 0 to 200.

    Raises:
        Refused: it is none.
    """
    value = request.get(name, default)
    if type(value) is not int or not 0 <= value <= MAX_AROUND:
        raise Refused(f"`{name}` is a number from 0 to {MAX_AROUND}")
    return value


def lines_of(path: object) -> list[str]:
    """The lines of a file of the checkout, as a person would read them.

    Raises:
        Refused: the path leads elsewhere, or the file is not there or too long.
    """
    if not isinstance(path, str) or not path or "\0" in path:
        raise Refused("`path` is a string that is not empty")
    whole = os.path.normpath(path)
    if whole.startswith(("/", "../")) or whole == "..":
        raise Refused(f"`{path}` is not a path below the checkout")
    parts = whole.split("/")
    try:
        modes = [os.lstat("/".join(parts[: count + 1])).st_mode for count in range(len(parts))]
        if any(stat.S_ISLNK(mode) for mode in modes) or not stat.S_ISREG(modes[-1]):
            raise Refused(f"`{path}` is not a file, or is reached by a link")
        with open(whole, "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Refused(f"`{path}` is not in the checkout") from error
    if len(data) > MAX_FILE_BYTES:
        raise Refused(f"`{path}` has more than {MAX_FILE_BYTES} bytes")
    lines = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    return [shown(line) for line in (lines if lines[-1] else lines[:-1])]


def shown(line: str) -> str:
    """A line without escape sequences; of what a terminal would have overwritten only the last is left."""
    return ESCAPES.sub("", line.rpartition("\r")[2])[:MAX_LINE]


def spans_of(lines: list[str], before: int, after: int) -> list[tuple[int, int]]:
    """The places that speak of failure with the lines around them; places that touch are one."""
    spans: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        if not WRONG.search(line):
            continue
        first, last = max(0, number - before), min(len(lines), number + after + 1)
        if spans and first <= spans[-1][1]:
            spans[-1] = (spans[-1][0], last)
        else:
            spans.append((first, last))
    return spans


def excerpt(lines: list[str], first: int, last: int) -> dict[str, Any]:
    """Some lines as one text of at most 200 lines, with the number of the first."""
    return {
        "first_line": first + 1 if lines else 0,
        "text": "\n".join(lines[first : min(last, first + MAX_AROUND)]),
    }


if __name__ == "__main__":
    sys.exit(main())
