"""A new repository of given commits, the same commit ids for the same files on every machine."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from remit.git.command import run_git

_WHO = ("-c", "user.name=remit", "-c", "user.email=remit@localhost", "-c", "commit.gpgsign=false")
_WHEN = "2000-01-{day:02}T00:00:00+00:00"
MAX_COMMITS = 28
"""Each has a day of January of its own, so that their order is that of their dates."""


@dataclass(frozen=True)
class Commit:
    """A commit that holds exactly these files."""

    files: Mapping[str, bytes]
    message: str = "workspace"
    tag: str | None = None


def repository(directory: Path, commits: Sequence[Commit]) -> str:
    """Makes a repository of these commits, oldest first, in an empty directory and gives the id of the last.

    Paths are relative, checked by whoever read them. Nothing of the user's configuration enters the commits.

    Raises:
        GitFailed: git is missing or refuses.
    """
    directory.mkdir(parents=True, exist_ok=True)
    run_git(directory, "init", "--quiet", "--initial-branch=main", "--template=")
    # These go before the `.gitattributes` of the files themselves, so that every byte is committed as it stands.
    info = directory / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* -text -ident -filter -working-tree-encoding\n", encoding="ascii")
    for number, commit in enumerate(commits, start=1):
        _commit(directory, commit, number)
    return run_git(directory, "rev-parse", "HEAD").decode("ascii").strip()


def _commit(directory: Path, commit: Commit, number: int) -> None:
    for entry in directory.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for path, content in commit.files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    when = _WHEN.format(day=number)
    run_git(directory, "-c", "core.autocrlf=false", "add", "--force", "--all", ".")
    run_git(
        directory,
        *_WHO,
        "commit",
        "--quiet",
        "--allow-empty",
        f"--date={when}",
        f"--message={commit.message}",
        settings={"GIT_COMMITTER_DATE": when, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
    )
    if commit.tag is not None:
        run_git(directory, "tag", commit.tag)
