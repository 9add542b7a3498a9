"""A new repository of one commit, the same commit id for the same files on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from remit.git.command import run_git

_WHO = ("-c", "user.name=remit", "-c", "user.email=remit@localhost", "-c", "commit.gpgsign=false")
_WHEN = "2000-01-01T00:00:00+00:00"


def one_commit(directory: Path, files: Mapping[str, bytes]) -> str:
    """Makes a repository of these files in an empty directory and gives the id of its one commit.

    Paths are relative, checked by whoever read them. Nothing of the user's configuration enters the commit.

    Raises:
        GitFailed: git is missing or refuses.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    run_git(directory, "init", "--quiet", "--initial-branch=main", "--template=")
    # These go before the `.gitattributes` of the files themselves, so that every byte is committed as it stands.
    info = directory / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* -text -ident -filter -working-tree-encoding\n", encoding="ascii")
    run_git(directory, "-c", "core.autocrlf=false", "add", "--force", "--all", ".")
    run_git(
        directory,
        *_WHO,
        "commit",
        "--quiet",
        "--allow-empty",
        f"--date={_WHEN}",
        "--message=workspace",
        settings={"GIT_COMMITTER_DATE": _WHEN, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"},
    )
    return run_git(directory, "rev-parse", "HEAD").decode("ascii").strip()
