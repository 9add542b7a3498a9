"""Files are read from the commit: nothing that a repository says of its checkout changes them, no link is followed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from remit_runtime.gateway.executables import Executable, find
from remit_runtime.gateway.files import MAX_FILE_BYTES, Committed, NotAFile, committed_files
from remit_runtime.gateway.workspace import checkout, commit_of

Files = Callable[[dict[str, bytes | Path]], Callable[..., Committed]]
MADE_MS = 1_767_323_045_000


def git(folder: Path, *arguments: str) -> None:
    own = {
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
        "GIT_COMMITTER_NAME": "Ada > committer x",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
        "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "PATH": os.environ["PATH"],
    }
    subprocess.run(["git", *arguments], cwd=folder, env=own, check=True, capture_output=True, timeout=60)


@pytest.fixture
def committed(tmp_path: Path) -> Files:
    """`committed({path: bytes, or the target of a link})(*paths)`: what a checkout's commit has at the paths."""

    def make(files: dict[str, bytes | Path]) -> Callable[..., Committed]:
        folder = tmp_path / "source"
        folder.mkdir()
        git(folder, "init", "--quiet", "--initial-branch=main")
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, Path):
                (folder / path).symlink_to(content)
            else:
                (folder / path).write_bytes(content)
        git(folder, "add", "--all", "--force", ".")
        git(folder, "commit", "--quiet", "--allow-empty", "-m", "Begin")
        program: Executable = find(tmp_path, os.environ["PATH"])["git"]
        workspace = checkout(program, folder, commit_of(program, folder), tmp_path, "run_1", "repository")
        return lambda *paths: committed_files(program, workspace, paths)

    return make


def code_of(committed: Committed, path: str) -> str | None:
    found = committed.files[path]
    return found.code if isinstance(found, NotAFile) else None


def test_a_file_is_its_bytes_and_has_the_time_of_its_commit(committed: Files) -> None:
    read = committed({"docs/POLICY.md": b"Be kind.\n", "b.txt": b"two"})("docs/POLICY.md", "./b.txt")
    assert read.files == {"docs/POLICY.md": b"Be kind.\n", "./b.txt": b"two"}
    assert read.at_ms == MADE_MS


def test_what_a_checkout_would_make_of_a_file_does_not_count(committed: Files) -> None:
    files: dict[str, bytes | Path] = {".gitattributes": b"*.md eol=crlf ident\n", "a.md": b"$Id$\n"}
    assert committed(files)("a.md").files["a.md"] == b"$Id$\n"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "b.txt"])
def test_a_link_is_not_followed(committed: Files, target: str) -> None:
    read = committed({"b.txt": b"two", "SECURITY.md": Path(target)})
    assert code_of(read("SECURITY.md"), "SECURITY.md") == "link"


def test_a_path_through_a_link_is_refused(committed: Files) -> None:
    read = committed({"real/a.md": b"one", "docs": Path("real")})
    assert code_of(read("docs/a.md"), "docs/a.md") == "link"


@pytest.mark.parametrize(
    "path", ["gone.md", "docs/gone.md", "a.md/b", "../a.md", "/etc/passwd", "", "*.md", ":(top)a.md", "-z"]
)
def test_a_path_that_names_no_file_is_missing(committed: Files, path: str) -> None:
    assert code_of(committed({"docs/a.md": b"one", "a.md": b"two"})(path), path) == "missing"


def test_a_folder_is_no_file(committed: Files) -> None:
    assert code_of(committed({"docs/a.md": b"one"})("docs"), "docs") == "not_a_file"


def test_a_file_is_refused_before_it_is_read_if_it_is_too_large(committed: Files) -> None:
    read = committed({"big.md": b"x" * (MAX_FILE_BYTES + 1), "fits.md": b"x" * MAX_FILE_BYTES})
    found = read("big.md", "fits.md")
    assert code_of(found, "big.md") == "too_large"
    assert len(found.files["fits.md"]) == MAX_FILE_BYTES  # type: ignore[arg-type]  # bytes, as just seen


def test_one_content_under_two_names_is_read_for_both(committed: Files) -> None:
    read = committed({"a.md": b"one\n", "b.md": b"one\n", "c.md": b""})("a.md", "b.md", "c.md")
    assert read.files == {"a.md": b"one\n", "b.md": b"one\n", "c.md": b""}
