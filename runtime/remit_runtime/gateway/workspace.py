"""Workspaces: private checkouts of one commit, made without running or following anything a repository holds.

Git runs *in* the source repository for questions only (`rev-parse`, `for-each-ref`), which start nothing. The
commit's objects are copied through an object store of ours that borrows the source's, so the source's hooks,
attributes, filters and file-system monitor never come into play. The copy holds what the commit reaches and nothing
else: no stash, no other branch, no dangling blob. Links stand as plain files that hold their target
(`core.symlinks=false`), so that no tool can be led out of the checkout.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from remit_runtime.errors import RunRefused
from remit_runtime.gateway.executables import Executable
from remit_runtime.gateway.process import Ended, NotStarted, Order, environment, run

MAX_TAGS = 10_000
SECONDS = 300.0
OUTPUT_BYTES = 64 * 2**20

_OBJECT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_CONFIG = """\
[core]
	repositoryformatversion = {version}
	bare = false
	symlinks = false
	hooksPath = /dev/null
	fsmonitor = false
	attributesFile = /dev/null
	protectHFS = true
	protectNTFS = true
"""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A private checkout: its name in the agent's tools, its commit, and where it lies."""

    name: str
    commit: str
    path: Path


@dataclass(frozen=True, slots=True)
class _Source:
    """A repository as we may read it: its object store and what its commit is called."""

    objects: Path
    shallow: Path
    sha256: bool


def folder_of(home: Path, run_id: str) -> Path:
    """The folder of a run's workspaces."""
    return home / "work" / run_id


def commit_of(git: Executable, repository: Path, revision: str = "HEAD") -> str:
    """The full name of a revision's commit.

    Raises:
        RunRefused: `workspace_invalid`: no Git repository, or no such commit in it.
    """
    peeled = f"{revision}^{{commit}}"
    _git(git, repository, ["rev-parse", "--git-dir"])
    try:
        name = _git(git, repository, ["rev-parse", "--verify", "--quiet", "--end-of-options", peeled])
    except RunRefused as refused:
        what = "has no commit yet: commit first" if revision == "HEAD" else f"has no commit `{revision}`"
        raise _invalid(repository, what) from refused
    commit = name.decode().strip()
    if not _OBJECT.fullmatch(commit):
        raise _invalid(repository, f"has no commit `{revision}`")
    return commit


def checkout(git: Executable, repository: Path, commit: str, home: Path, run_id: str, name: str) -> Workspace:
    """A new private checkout of a commit, at `HOME/work/RUN/NAME`. The source is only read.

    Raises:
        RunRefused: `workspace_invalid`: the repository cannot be read, borrows objects from another place, lacks
            objects of the commit, or holds a path that cannot be checked out.
    """
    source = _source_of(git, repository)
    path = folder_of(home, run_id) / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        _remove(path)
    path.mkdir(mode=0o700)
    try:
        _copy_objects(git, source, repository, commit, path)
        _copy_tags(git, repository, commit, path)
        _git(git, path, ["read-tree", "--reset", "-u", commit])
    except RunRefused:
        _remove(path)
        raise
    return Workspace(name, commit, path)


def copied(workspace: Workspace, number: int) -> Workspace:
    """A copy of a checkout for one call that may write; the copy is thrown away after it."""
    path = workspace.path.with_name(f"{workspace.name}.{number}")
    shutil.copytree(workspace.path, path, symlinks=True)
    return Workspace(workspace.name, workspace.commit, path)


def discard(workspace: Workspace) -> None:
    """Remove one checkout."""
    _remove(workspace.path)


def remove_all(home: Path, run_id: str) -> None:
    """Remove every checkout of a run; nothing happens where there is none."""
    _remove(folder_of(home, run_id))


def _source_of(git: Executable, repository: Path) -> _Source:
    """Where the repository keeps its objects; refused where that is not its own store.

    A hostile repository could point its object store at another one of the same person and so show its content:
    by `objects/info/alternates`, by links in `objects`, or by a `.git` file that names somebody else's folder.
    """
    asked = ["rev-parse", "--path-format=absolute", "--git-common-dir", "--git-dir", "--show-object-format"]
    lines = _git(git, repository, asked).decode("utf-8", "surrogateescape").splitlines()
    if len(lines) != 3:
        raise _invalid(repository, "is not a Git repository that this runtime can read")
    common, private = Path(lines[0]), Path(lines[1])
    objects = common / "objects"
    if not _owns(repository, common, private):
        raise _invalid(repository, "points at the Git folder of another repository")
    if any((objects / "info" / name).exists() for name in ("alternates", "http-alternates")):
        raise _invalid(
            repository, "borrows objects from another repository (`git repack -a -d` brings them in)"
        )
    if _has_links(objects):
        raise _invalid(repository, "keeps its objects behind symbolic links")
    return _Source(objects, common / "shallow", lines[2] == "sha256")


def _owns(repository: Path, common: Path, private: Path) -> bool:
    """Whether the Git folder lies in the repository, or knows it as one of its worktrees or as a submodule."""
    root = repository.resolve()
    if private == common and private.resolve() in (
        root,
        *(folder / ".git" for folder in (root, *root.parents)),
    ):
        return not private.is_symlink()
    try:
        back = (private / "gitdir").read_text("utf-8").strip()
        return Path(back).parent.resolve() in (root, *root.parents)
    except (OSError, UnicodeDecodeError):
        return False


def _has_links(objects: Path) -> bool:
    try:
        within = [entry for entry in os.scandir(objects) if len(entry.name) == 2 or entry.name == "pack"]
        packs = [*os.scandir(objects / "pack")] if (objects / "pack").exists() else []
        return objects.is_symlink() or any(entry.is_symlink() for entry in (*within, *packs))
    except OSError:
        return True


def _copy_objects(git: Executable, source: _Source, repository: Path, commit: str, path: Path) -> None:
    folder = path / ".git"
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (folder / name).mkdir(parents=True)
    config = _CONFIG.format(version=1 if source.sha256 else 0)
    if source.sha256:
        config += "[extensions]\n\tobjectFormat = sha256\n"
    (folder / "config").write_text(config, "utf-8")
    (folder / "HEAD").write_text(f"{commit}\n", "ascii")
    boundary = _shallow_lines(source.shallow)
    if boundary:
        (folder / "shallow").write_text(boundary, "ascii")
    borrowed = folder / "objects" / "info" / "alternates"
    borrowed.write_bytes(_quoted(os.fsencode(source.objects)) + b"\n")
    pack = ["pack-objects", "--quiet", "--revs", str(folder / "objects" / "pack" / "pack")]
    try:
        _git(git, path, pack, f"{commit}\n".encode())
    except RunRefused as error:
        raise _invalid(repository, f"lacks objects of commit `{commit}`") from error
    finally:
        borrowed.unlink()


def _quoted(path: bytes) -> bytes:
    """A line of `alternates`: git reads a line that begins with a quote as a C string, and `#` as a comment."""
    escaped = path.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"'


def _shallow_lines(path: Path) -> str:
    """The commits whose parents the repository has not, from its `shallow` file; other lines are left out."""
    try:
        lines = path.read_bytes().decode("ascii", "replace").splitlines()
    except OSError:
        return ""
    return "".join(f"{line}\n" for line in lines if _OBJECT.fullmatch(line))


def _copy_tags(git: Executable, repository: Path, commit: str, path: Path) -> None:
    """Give the checkout the tags of commits that it holds: a run may speak of versions."""
    asked = [
        "for-each-ref",
        f"--merged={commit}",
        f"--count={MAX_TAGS}",
        "--format=%(objectname) %(*objectname) %(refname)",
    ]
    packed: list[str] = []
    for line in _git(git, repository, [*asked, "refs/tags"]).decode("utf-8", "surrogateescape").splitlines():
        tag, peeled, name = line.split(" ", 2)
        if _OBJECT.fullmatch(peeled or tag):
            packed.append(f"{peeled or tag} {name}\n")
    text = "# pack-refs with: peeled fully-peeled sorted\n" + "".join(
        sorted(packed, key=lambda one: one.split(" ", 1)[1])
    )
    (path / ".git" / "packed-refs").write_text(text, "utf-8", "surrogateescape")


def _git(git: Executable, folder: Path, arguments: Sequence[str], stdin: bytes = b"") -> bytes:
    """What git prints.

    Raises:
        RunRefused: git did not end well.
    """
    if not folder.is_dir():
        raise _invalid(folder, "is not a folder")
    ended = run(Order((*git.command, *arguments), str(folder), environment(), stdin, OUTPUT_BYTES, SECONDS))
    match ended:
        case Ended(exit_code=0):
            return ended.output
        case Ended(cut=str()):
            raise _invalid(folder, "is too large to check out in time")
        case Ended():
            said = ended.errors.decode("utf-8", "replace").strip().splitlines()
            raise _invalid(folder, f"cannot be read by git: {said[-1]}" if said else "cannot be read by git")
        case NotStarted(reason):
            raise _invalid(folder, reason)


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def _invalid(repository: Path, what: str) -> RunRefused:
    name = os.fsencode(repository).decode("utf-8", "backslashreplace")
    return RunRefused("workspace_invalid", f"`{name}` {what}")
