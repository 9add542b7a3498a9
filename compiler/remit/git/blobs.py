"""The objects of a repository, read one by one through one process."""

from pathlib import Path
from subprocess import Popen
from types import TracebackType
from typing import IO

from remit.diagnostic import Fault
from remit.git.command import git_process
from remit.git.tree import too_large
from remit.read.file import file_fault


class Blobs:
    """One `git cat-file --batch`, started at the first read, that answers reads of objects one by one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: Popen[bytes] | None = None

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
            self._process = git_process(self._root, "cat-file", "--batch")
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("a process was started without its pipes")
        return self._process.stdin, self._process.stdout


def _skip(stream: IO[bytes], count: int) -> None:
    while count > 0:
        chunk = stream.read(min(count, 1 << 16))
        if not chunk:
            return
        count -= len(chunk)
