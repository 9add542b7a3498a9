"""Repositories: the tree on disk, the tree of a commit, and what differs between them."""

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from hashlib import new as hash_named
from pathlib import Path

from remit.diagnostic import Fault
from remit.git.blobs import Blobs
from remit.git.command import GitFailed, run_git
from remit.git.disk import disk_reader
from remit.git.listing import names_on_disk
from remit.git.tree import ROOT_MARKER, Tree, holds_definitions, usable
from remit.read.file import file_fault

_LINK, _SUBMODULE = "120000", "160000"


def enclosing_root(path: Path) -> Path | None:
    """The nearest folder at or above `path` that holds `remit.yaml`, or None."""
    return _nearest_with(path, ROOT_MARKER)


def enclosing_repository(path: Path) -> Path | None:
    """The nearest folder at or above `path` that is a git working tree, or None."""
    return _nearest_with(path, ".git")


def head_commit(root: Path) -> str | None:
    """The object id of the commit at HEAD, or None where `root` is in no repository or has no commit yet."""
    return _commit_of(root, "HEAD") if enclosing_repository(root) else None


def working_tree(root: Path) -> Tree:
    """The files under `root` as they are on disk: tracked, or new and not ignored. Without git, all of them.

    Raises:
        GitFailed: `root` is in a repository that git does not read.
    """
    above = os.fsencode(root) + b"/"
    names = names_on_disk(root, in_repository=enclosing_repository(root) is not None)
    return tree_of_names(root, (name for name in names if os.path.lexists(above + name)))


def tree_of_names(root: Path, names: Iterable[bytes]) -> Tree:
    """The files of these names under `root`, as they are on disk."""
    paths, faults = usable(names)
    return Tree(root, paths, disk_reader(root), faults)


@contextmanager
def commit_tree(root: Path, revision: str = "HEAD") -> Generator[Tree]:
    """The files under `root` in a commit; the tree can be read until the block ends.

    Raises:
        GitFailed: there is no such commit, or git does not read the repository.
    """
    commit = _commit_of(root, revision)
    if commit is None:
        raise GitFailed("rev-parse", f"`{revision}` names no commit")
    modes: dict[bytes, str] = {}
    ids: dict[bytes, str] = {}
    for row in filter(None, run_git(root, "ls-tree", "-r", "-z", commit).split(b"\0")):
        facts, _, name = row.partition(b"\t")
        mode, _, blob = facts.decode("ascii").split(" ")
        modes[name], ids[name] = mode, blob
    paths, faults = usable(modes)
    kinds = {path: modes[os.fsencode(path)] for path in paths}
    blobs = {path: ids[os.fsencode(path)] for path in paths}
    with Blobs(root) as objects:

        def content(path: str, limit: int) -> bytes | Fault:
            if kinds[path] == _LINK:
                return file_fault("link", path)
            if kinds[path] == _SUBMODULE:
                return file_fault("not-a-file", path)
            return objects.read(path, blobs[path], limit)

        yield Tree(root, paths, content, faults, commit, blobs)


def dirty_definitions(root: Path) -> tuple[str, ...]:
    """The files in the folders of definitions that differ from HEAD, or are only on one side, sorted.

    Bytes are compared as they stand, without the filters and line-end rules of git: what a build reads is the
    commit, and what a person sees is the disk.

    Raises:
        GitFailed: there is no commit at HEAD, or git does not read the repository.
    """
    disk = working_tree(root)
    with commit_tree(root) as head:
        sides = {path for tree in (disk, head) for path in tree.paths if holds_definitions(path)}
        return tuple(sorted(path for path in sides if _object_id(disk, path, head) != head.blobs.get(path)))


def _object_id(disk: Tree, path: str, head: Tree) -> str | None:
    """The id that git gives the bytes of a file on disk (gitformat-object: `blob SIZE NUL BYTES`)."""
    if path not in disk:
        return None
    content = disk.read(path, limit=1 << 31)
    if isinstance(content, Fault):
        if content.kind != "link":
            return None
        content = os.fsencode((disk.root / path).readlink())
    algorithm = "sha256" if len(head.commit or "") == 64 else "sha1"
    return hash_named(algorithm, b"blob %d\0" % len(content) + content).hexdigest()


def _nearest_with(path: Path, name: str) -> Path | None:
    start = path.resolve()
    return next((folder for folder in (start, *start.parents) if os.path.lexists(folder / name)), None)


def _commit_of(root: Path, revision: str) -> str | None:
    try:
        name = run_git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except GitFailed as failure:
        if failure.reason:
            raise
        return None
    return name.decode("ascii").strip()
