"""Files of a workspace's commit, read from the commit itself: no checkout, filter or link stands between.

A checkout may differ from its commit (line ends, encodings, attributes that the repository sets), and a link in it
stands as a plain file. The objects of the commit cannot be changed without changing its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from remit_runtime.gateway.executables import Executable
from remit_runtime.gateway.process import Ended, Order, environment, run
from remit_runtime.gateway.workspace import Workspace

MAX_FILE_BYTES = 2**20
MAX_READ_BYTES = 64 * 2**20
SECONDS = 60.0

_COMMITTER = re.compile(rb"^committer [^\n]*> ([0-9]{1,15}) [+-][0-9]{4}$", re.MULTILINE)
_ENTRY = re.compile(rb"([0-7]{6}) (\w+) ([0-9a-f]{40,64}) +([0-9]+|-)\t(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class NotAFile:
    """Why a path of a commit gives no bytes: a stable code and a sentence."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Committed:
    """Files of one commit by the path that was asked for, and when it was made, in milliseconds since the epoch."""

    at_ms: int | None
    files: Mapping[str, bytes | NotAFile]


@dataclass(frozen=True, slots=True)
class _Entry:
    mode: bytes
    object: str
    size: int


def committed_files(git: Executable, workspace: Workspace, paths: Iterable[str]) -> Committed:
    """The files at some paths of a workspace's commit, each of at most `MAX_FILE_BYTES`.

    Links are not followed, neither as the file nor on the way to it. The time is the committer's own word.
    """
    asked = {path: _plain(path) for path in paths}
    entries = _entries(git, workspace, [path for path in asked.values() if path is not None])
    if entries is None:
        return Committed(None, dict.fromkeys(asked, _UNREADABLE))
    found = {path: _entry_at(plain, entries) for path, plain in asked.items()}
    names = sorted({entry.object for entry in found.values() if isinstance(entry, _Entry)})
    objects = _objects(git, workspace, [workspace.commit, *names])
    if objects is None:
        return Committed(None, dict.fromkeys(asked, _UNREADABLE))
    return Committed(
        _time_of(objects[workspace.commit]),
        {path: one if isinstance(one, NotAFile) else objects[one.object] for path, one in found.items()},
    )


_UNREADABLE = NotAFile("unreadable", "git cannot read the commit")
_MISSING = NotAFile("missing", "the commit has no file there")


def _plain(path: str) -> str | None:
    """The path as git writes it, or None where it is none of a commit."""
    steps = [step for step in path.split("/") if step not in ("", ".")]
    return None if path.startswith("/") or ".." in steps or not steps else "/".join(steps)


def _entries(git: Executable, workspace: Workspace, paths: Sequence[str]) -> Mapping[str, _Entry] | None:
    """What the commit has at the paths and at the folders on the way to them; None where git cannot say."""
    above = {path.rsplit("/", up)[0] for path in paths for up in range(path.count("/") + 1)}
    if not above:
        return {}
    arguments = ["--literal-pathspecs", "ls-tree", "-z", "-t", "-l", "--full-tree", workspace.commit, "--"]
    listed = _git(git, workspace, [*arguments, *sorted(above)])
    if listed is None:
        return None
    found: dict[str, _Entry] = {}
    for record in listed.split(b"\0"):
        match = _ENTRY.fullmatch(record)
        if match is not None:
            size = 0 if match[4] == b"-" else int(match[4])
            found[match[5].decode("utf-8", "surrogateescape")] = _Entry(match[1], match[3].decode(), size)
    return found


def _entry_at(path: str | None, entries: Mapping[str, _Entry]) -> _Entry | NotAFile:
    if path is None:
        return _MISSING
    steps = path.split("/")
    for length in range(1, len(steps)):
        if (on_the_way := entries.get("/".join(steps[:length]))) and on_the_way.mode == b"120000":
            return NotAFile("link", "a folder on the way to it is a symbolic link")
    entry = entries.get(path)
    if entry is None:
        return _MISSING
    if entry.mode == b"120000":
        return NotAFile("link", "it is a symbolic link")
    if not entry.mode.startswith(b"100"):
        return NotAFile("not_a_file", "it is a folder or another repository")
    if entry.size > MAX_FILE_BYTES:
        return NotAFile("too_large", f"it has {entry.size} bytes, and may have {MAX_FILE_BYTES}")
    return entry


def _objects(git: Executable, workspace: Workspace, names: Sequence[str]) -> Mapping[str, bytes] | None:
    """The contents of objects by name, from one process; None where one is not there."""
    given = "".join(f"{name}\n" for name in names).encode("ascii")
    data = _git(git, workspace, ["cat-file", "--batch"], given)
    if data is None:
        return None
    found: dict[str, bytes] = {}
    at = 0
    for name in names:
        line_end = data.find(b"\n", at)
        words = data[at:line_end].split(b" ")
        if line_end < 0 or len(words) != 3 or not words[2].isdigit():
            return None
        start = line_end + 1
        found[name] = data[start : start + int(words[2])]
        at = start + int(words[2]) + 1
    return found


def _time_of(commit: bytes) -> int | None:
    match = _COMMITTER.search(commit.partition(b"\n\n")[0])
    return None if match is None else int(match[1]) * 1000


def _git(git: Executable, workspace: Workspace, arguments: Sequence[str], stdin: bytes = b"") -> bytes | None:
    command = (*git.command, *arguments)
    ended = run(Order(command, str(workspace.path), environment(), stdin, MAX_READ_BYTES, SECONDS))
    return ended.output if isinstance(ended, Ended) and ended.exit_code == 0 else None
