"""Private checkouts: what they hold, and that nothing of a hostile repository runs or leads out while they are made."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.errors import RunRefused
from remit_runtime.gateway.executables import Executable, find
from remit_runtime.gateway.outcome import Called
from remit_runtime.gateway.sandbox import Layer
from remit_runtime.gateway.workspace import (
    Workspace,
    checkout,
    commit_of,
    copied,
    folder_of,
    remove_all,
)

Git = Callable[..., str]


@pytest.fixture
def git_executable(home: Path) -> Executable:
    return find(home, os.environ["PATH"])["git"]


@pytest.fixture
def make(git_executable: Executable, home: Path) -> Callable[[Path], Workspace]:
    """`make(repository)`: a checkout of its HEAD."""

    def made(repository: Path) -> Workspace:
        commit = commit_of(git_executable, repository)
        return checkout(git_executable, repository, commit, home, "run_test", "repository")

    return made


def test_a_checkout_holds_the_commit_its_history_and_its_tags(make: Any, repository: Path, git: Git) -> None:
    workspace = make(repository)
    assert (workspace.path / "b.txt").read_text("utf-8") == "two\n"
    assert git(workspace.path, "log", "--format=%s") == "Go on\nBegin"
    assert git(workspace.path, "tag") == "v1"
    assert git(workspace.path, "status", "--porcelain") == ""
    assert git(workspace.path, "fsck", "--strict") == ""


def test_what_is_not_committed_is_not_in_the_checkout(make: Any, repository: Path) -> None:
    (repository / "b.txt").write_text("changed\n", "utf-8")
    (repository / "new.txt").write_text("new\n", "utf-8")
    workspace = make(repository)
    assert (workspace.path / "b.txt").read_text("utf-8") == "two\n"
    assert not (workspace.path / "new.txt").exists()


def test_the_source_is_not_written(make: Any, repository: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in repository.rglob("*")}
    make(repository)
    assert {path: path.stat().st_mtime_ns for path in repository.rglob("*")} == before


def test_objects_that_the_commit_does_not_reach_are_not_in_the_checkout(
    make: Any, repository: Path, git: Git
) -> None:
    (repository / "secret.txt").write_text("thrown away", "utf-8")
    blob = git(repository, "hash-object", "-w", "secret.txt")
    git(repository, "checkout", "--quiet", "-b", "other")
    git(repository, "commit", "--quiet", "--allow-empty", "-m", "Elsewhere")
    other = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "--quiet", "main")
    workspace = make(repository)
    found = git(
        workspace.path, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)", "--unordered"
    ).split()
    assert blob not in found
    assert other not in found
    assert git(workspace.path, "for-each-ref", "--format=%(refname)") == "refs/tags/v1"


def test_a_checkout_can_be_copied_and_the_copy_changed(make: Any, repository: Path) -> None:
    workspace = make(repository)
    copy = copied(workspace, 7)
    (copy.path / "b.txt").write_text("changed\n", "utf-8")
    assert (workspace.path / "b.txt").read_text("utf-8") == "two\n"


def test_every_checkout_of_a_run_is_removed(make: Any, repository: Path, home: Path) -> None:
    make(repository)
    remove_all(home, "run_test")
    assert not folder_of(home, "run_test").exists()
    remove_all(home, "run_test")


def test_a_subfolder_of_a_repository_means_the_repository(make: Any, repository: Path) -> None:
    (repository / "deep" / "er").mkdir(parents=True)
    assert (make(repository / "deep" / "er").path / "a.py").exists()


def test_a_linked_worktree_can_be_checked_out(make: Any, repository: Path, git: Git, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"), "v1")
    workspace = make(tmp_path / "linked")
    assert workspace.commit == git(repository, "rev-parse", "v1")


def test_a_shallow_clone_can_be_checked_out(make: Any, repository: Path, git: Git, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    workspace = make(tmp_path / "shallow")
    assert git(workspace.path, "log", "--format=%s") == "Go on"


def test_a_sha256_repository_can_be_checked_out(make: Any, git: Git, tmp_path: Path) -> None:
    folder = tmp_path / "long"
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "long")
    (folder / "a").write_text("a", "utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Begin")
    assert len(make(folder).commit) == 64


@pytest.mark.parametrize(
    ("kind", "message"),
    [("absent", "is not a folder"), ("plain", "cannot be read by git"), ("unborn", "has no commit yet")],
)
def test_what_is_no_repository_with_a_commit_is_refused(
    make: Any, git: Git, tmp_path: Path, kind: str, message: str
) -> None:
    folder = tmp_path / kind
    if kind != "absent":
        folder.mkdir()
    if kind == "unborn":
        git(folder, "init", "--quiet")
    with pytest.raises(RunRefused, match=message) as refused:
        make(folder)
    assert refused.value.code == "workspace_invalid"


def hostile(repository: Path, git: Git, proof: Path) -> None:
    """Sets every trap that a repository can set for whoever checks it out: each would leave `proof`."""
    trap = repository / "trap.sh"
    trap.write_text(f"#!/bin/sh\necho trapped >> {proof}\ncat\n", "utf-8")
    trap.chmod(0o755)
    for hook in (
        "post-checkout",
        "post-index-change",
        "reference-transaction",
        "pre-auto-gc",
        "fsmonitor-watchman",
    ):
        path = repository / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(trap.read_text("utf-8"), "utf-8")
        path.chmod(0o755)
    (repository / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n", "utf-8")
    git(repository, "add", ".gitattributes", "trap.sh")
    git(repository, "commit", "--quiet", "-m", "Set traps")
    for name, value in {
        "filter.evil.smudge": str(trap),
        "filter.evil.clean": str(trap),
        "filter.evil.process": str(trap),
        "filter.evil.required": "true",
        "diff.evil.textconv": str(trap),
        "diff.evil.command": str(trap),
        "diff.external": str(trap),
        "core.fsmonitor": str(trap),
        "core.hooksPath": str(repository / ".git" / "hooks"),
        "core.pager": str(trap),
        "core.editor": str(trap),
        "core.sshCommand": str(trap),
        "core.gitProxy": str(trap),
        "core.alternateRefsCommand": str(trap),
        "uploadpack.packObjectsHook": str(trap),
        "gpg.program": str(trap),
        "log.showSignature": "true",
        "pager.log": str(trap),
        "alias.log": f"!{trap}",
        "remote.origin.url": f"ext::{trap}",
        "remote.origin.uploadpack": str(trap),
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "extensions.partialClone": "origin",
        "credential.helper": str(trap),
    }.items():
        git(repository, "config", name, value)
    git(repository, "config", "core.repositoryformatversion", "1")


def test_nothing_of_a_hostile_repository_runs(
    make: Any, repository: Path, git: Git, tmp_path: Path, tool: Any, make_world: Any, layer: Layer
) -> None:
    proof = tmp_path / "proof"
    hostile(repository, git, proof)
    proof.unlink(missing_ok=True)  # git's own commands above may have stepped on the traps
    workspace = make(repository)
    tools = [
        tool(f"acme.{name.replace('-', '_')}", ("git", name, *rest), process={"workspace": "repository"})
        for name, *rest in (
            ("log", "-p", "HEAD", "--"),
            ("diff", "HEAD~1", "HEAD", "--"),
            ("show", "HEAD"),
            ("grep", "-e", "echo"),
            ("ls-files", "-s"),
            ("status",),
        )
    ]
    world = make_world(*tools, layers=[layer], workspaces={"repository": workspace})
    for one in tools:
        assert isinstance(world.call(one.id), Called), one.id
    assert not proof.exists()


def test_a_missing_object_is_not_fetched_from_where_the_repository_says(
    make: Any, repository: Path, git: Git, tmp_path: Path
) -> None:
    proof = tmp_path / "proof"
    hostile(repository, git, proof)
    blob = git(repository, "rev-parse", "HEAD:b.txt")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    proof.unlink(missing_ok=True)
    with pytest.raises(RunRefused, match="lacks objects of commit"):
        make(repository)
    assert not proof.exists()


def test_links_stand_as_files_that_lead_nowhere(make: Any, repository: Path, git: Git) -> None:
    (repository / "out").symlink_to("/etc/passwd")
    (repository / "folder").symlink_to("/etc")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "Link out")
    workspace = make(repository)
    assert not (workspace.path / "out").is_symlink()
    assert (workspace.path / "out").read_text("utf-8") == "/etc/passwd"
    assert (workspace.path / "folder").read_text("utf-8") == "/etc"


@pytest.fixture
def other(tmp_path: Path, git: Git) -> Path:
    """Another repository of the same person, with something to hide."""
    folder = tmp_path / "other"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "private.txt").write_text("private", "utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Hide")
    return folder


def test_a_repository_that_borrows_objects_is_refused(make: Any, repository: Path, other: Path) -> None:
    alternates = repository / ".git" / "objects" / "info" / "alternates"
    alternates.write_text(f"{other}/.git/objects\n", "utf-8")
    with pytest.raises(RunRefused, match="borrows objects"):
        make(repository)


def test_an_object_store_behind_a_link_is_refused(
    make: Any, repository: Path, other: Path, tmp_path: Path
) -> None:
    objects = repository / ".git" / "objects"
    objects.rename(tmp_path / "moved")
    objects.symlink_to(tmp_path / "moved")
    with pytest.raises(RunRefused, match="behind symbolic links"):
        make(repository)


def test_a_git_file_that_points_at_another_repository_is_refused(
    make: Any, other: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    (folder / ".git").write_text(f"gitdir: {other}/.git\n", "utf-8")
    with pytest.raises(RunRefused, match="points at the Git folder of another repository"):
        make(folder)


def test_a_linked_git_folder_is_refused(make: Any, other: Path, tmp_path: Path) -> None:
    folder = tmp_path / "unpacked"
    folder.mkdir()
    (folder / ".git").symlink_to(other / ".git")
    with pytest.raises(RunRefused, match="points at the Git folder of another repository"):
        make(folder)


def test_a_tree_that_writes_into_the_git_folder_is_refused(make: Any, repository: Path, git: Git) -> None:
    blob = git(repository, "hash-object", "-w", "a.py")
    (repository / "tree").write_bytes(b"100755 config\0" + bytes.fromhex(blob))
    inner = git(repository, "hash-object", "-w", "-t", "tree", "--literally", "tree")
    (repository / "tree").write_bytes(b"40000 .git\0" + bytes.fromhex(inner))
    outer = git(repository, "hash-object", "-w", "-t", "tree", "--literally", "tree")
    commit = git(repository, "commit-tree", outer, "-m", "Overwrite")
    git(repository, "update-ref", "HEAD", commit)
    with pytest.raises(RunRefused):
        make(repository)
