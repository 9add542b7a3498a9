"""The git command: the only module that starts it, and in a way that nothing in a repository can bend.

Only plumbing is called that compares no content, as a comparison would run the filters that a repository names.
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO

from remit.diagnostic import Fault
from remit.git.tree import too_large
from remit.read.file import file_fault

# Each line stops a way for a repository to run a command, or to reach the network, while it is looked at.
_SAFE = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "protocol.allow=never",  # a partial clone would fetch what it lacks, by any command its remote names
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
)
_SETTINGS = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",  # a replace ref would put other bytes under the digest of a commit
    "LC_ALL": "C",
}
_TIMEOUT_SECONDS = 120


class GitFailed(Exception):
    """Git is missing or refused, so the tree that was asked for cannot be had."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"`git {command}` failed: {reason}")
        self.command = command
        self.reason = reason


class Blobs:
    """One `git cat-file --batch`, started at the first read, that answers reads of objects one by one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Blobs":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            with self._process:
                pass  # closes its input, at which it ends, and waits

    def read(self, path: str, blob: str, limit: int) -> bytes | Fault:
        """The bytes of the object `blob`, which stands at `path`; a larger one than `limit` is not kept."""
        requests, answers = self._pipes()
        requests.write(blob.encode() + b"\n")
        requests.flush()
        header = answers.readline().split()
        if len(header) != 3 or header[1] != b"blob":
            return file_fault("unreadable", path, "its object is missing from the repository")
        size = int(header[2])
        if size > limit:
            _skip(answers, size + 1)
            return too_large(path, size, limit)
        return answers.read(size + 1)[:size]

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = subprocess.Popen(
                _command(self._root, "cat-file", "--batch"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a process was started without its pipes")
        return self._process.stdin, self._process.stdout


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0:
        chunk = stream.read(min(count, 1 << 16))
        if not chunk:
            return
        count -= len(chunk)


def run_git(root: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> bytes:
    """What a git command prints. `settings` go into its environment, over ours.

    Raises:
        GitFailed: it is missing, took too long or ended with an error; `reason` is empty where it said nothing.
    """
    try:
        done = subprocess.run(
            _command(root, *arguments),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**_environment(), **(settings or {})},
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
    except FileNotFoundError as error:
        raise GitFailed(arguments[0], "git is not installed, or the folder is not there") from error
    except subprocess.TimeoutExpired as error:
        raise GitFailed(arguments[0], f"no answer in {_TIMEOUT_SECONDS} seconds") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().removeprefix("fatal: ")
        raise GitFailed(arguments[0], reason) from error
    return done.stdout


def _command(root: Path, *arguments: str) -> list[str]:
    settings = [part for setting in _SAFE for part in ("-c", setting)]
    return ["git", "--no-optional-locks", "-C", str(root), *settings, *arguments]


def _environment() -> dict[str, str]:
    """The caller's environment without what would point git elsewhere or make it run something."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**kept, **_SETTINGS}
