"""Trees of files from disk and from commits, and what a hostile repository tries with them."""

import os
import subprocess
from pathlib import Path

import pytest

from remit.diagnostic import Fault
from remit.git import (
    GitFailed,
    Tree,
    commit_tree,
    definitions,
    dirty_definitions,
    enclosing_repository,
    enclosing_root,
    folder_tree,
    head_commit,
    is_definition,
    working_tree,
)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), "-c", "user.name=t", "-c", "user.email=t@t", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def write(root: Path, path: str, content: bytes = b"a: 1\n") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit: the root marker, one agent with its prompt, and a README."""
    git(tmp_path, "init", "-q", "-b", "main")
    write(tmp_path, "remit.yaml", b"organisation: acme\n")
    write(tmp_path, "agents/a/agent.yaml", b"kind: Agent\n")
    write(tmp_path, "agents/a/prompt.md", b"hello\n")
    write(tmp_path, "README.md", b"# x\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def fault_of(tree: Tree, path: str, limit: int = 100) -> str:
    content = tree.read(path, limit)
    assert isinstance(content, Fault)
    return content.kind


@pytest.mark.parametrize(
    "path",
    [
        *("remit.yaml", "agents/a.yaml", "agents/x/y/graph.yml", "tools/git/log.yaml", "policies/p.yaml"),
        *("policies/deep/tests.yaml", "evals/s/suite.yaml", "releases/dev.yaml", "policies/tests.yaml"),
    ],
)
def test_a_file_is_a_definition_by_its_place(path: str) -> None:
    assert is_definition(path)


@pytest.mark.parametrize(
    "path",
    [
        *("a/remit.yaml", "agents/a/prompt.md", "policies/tests/t.yaml", "evals/s/cases.yaml", "x.yaml"),
        *("evals/s/deep/suite.yaml", "releases/old/dev.yaml", "agents.yaml", "docs/agents/a.yaml"),
    ],
)
def test_other_files_are_no_definitions(path: str) -> None:
    assert not is_definition(path)


def test_a_working_tree_holds_tracked_and_new_files_but_neither_ignored_nor_deleted_ones(
    repository: Path,
) -> None:
    write(repository, ".gitignore", b"agents/ignored/\n")
    write(repository, "agents/ignored/agent.yaml")
    write(repository, "agents/new/agent.yaml")
    (repository / "README.md").unlink()

    tree = working_tree(repository)

    assert tree.paths == (
        *(".gitignore", "agents/a/agent.yaml", "agents/a/prompt.md", "agents/new/agent.yaml", "remit.yaml"),
    )
    assert definitions(tree) == ("agents/a/agent.yaml", "agents/new/agent.yaml", "remit.yaml")


def test_a_working_tree_reads_the_disk_and_a_commit_tree_the_commit(repository: Path) -> None:
    write(repository, "agents/a/agent.yaml", b"kind: Changed\n")

    with commit_tree(repository) as head:
        committed = head.read("agents/a/agent.yaml")

    assert working_tree(repository).read("agents/a/agent.yaml") == b"kind: Changed\n"
    assert committed == b"kind: Agent\n"
    assert head.commit == head_commit(repository) == git(repository, "rev-parse", "HEAD")


def test_a_commit_tree_reads_many_files_through_one_process(repository: Path) -> None:
    with commit_tree(repository) as head:
        contents = [head.read(path) for path in head.paths for _ in range(3)]

    assert (
        contents == [b"# x\n"] * 3 + [b"kind: Agent\n"] * 3 + [b"hello\n"] * 3 + [b"organisation: acme\n"] * 3
    )


def test_a_root_below_the_top_of_its_repository_has_paths_of_its_own(repository: Path) -> None:
    write(repository, "platform/remit.yaml")
    write(repository, "platform/agents/b/agent.yaml")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "second")
    root = repository / "platform"

    with commit_tree(root) as head:
        assert head.paths == working_tree(root).paths == ("agents/b/agent.yaml", "remit.yaml")
    assert enclosing_root(root / "agents" / "b") == root
    assert enclosing_repository(root) == repository


def test_a_folder_outside_git_is_read_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, "agents/a/agent.yaml")
    write(tmp_path, ".hidden/agents/a.yaml")

    assert working_tree(tmp_path).paths == ("agents/a/agent.yaml",)
    assert head_commit(tmp_path) is None


def test_a_revision_that_names_no_commit_is_an_error(repository: Path) -> None:
    with pytest.raises(GitFailed, match="names no commit"), commit_tree(repository, "no-such-branch"):
        pass


def test_a_revision_is_never_an_option(repository: Path) -> None:
    with pytest.raises(GitFailed), commit_tree(repository, "--output=stolen"):
        pass
    assert not (repository / "stolen").exists()


def test_only_differences_in_the_folders_of_definitions_are_dirty(repository: Path) -> None:
    assert dirty_definitions(repository) == ()

    write(repository, "README.md", b"changed")
    write(repository, "agents/a/prompt.md", b"changed")
    write(repository, "tools/new.yaml")
    (repository / "agents/a/agent.yaml").unlink()

    assert dirty_definitions(repository) == ("agents/a/agent.yaml", "agents/a/prompt.md", "tools/new.yaml")


def test_line_ends_that_git_would_convert_are_dirty(repository: Path) -> None:
    git(repository, "config", "core.autocrlf", "true")
    write(repository, "agents/a/agent.yaml", b"kind: Agent\r\n")

    assert dirty_definitions(repository) == ("agents/a/agent.yaml",)


def test_a_link_is_named_but_never_followed(repository: Path) -> None:
    (repository / "agents/a/loop.yaml").symlink_to("loop.yaml")
    (repository / "agents/a/out.yaml").symlink_to("/etc/passwd")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "links")

    with commit_tree(repository) as head:
        for tree in (working_tree(repository), folder_tree(repository), head):
            assert fault_of(tree, "agents/a/loop.yaml") == "link"
            assert fault_of(tree, "agents/a/out.yaml") == "link"
    assert dirty_definitions(repository) == ()


def test_a_folder_that_became_a_link_is_not_entered(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    write(outside, "agent.yaml", b"kind: Stolen\n")
    tree = working_tree(repository)
    (repository / "agents/a").rename(repository / "moved")
    (repository / "agents/a").symlink_to(outside)

    assert fault_of(tree, "agents/a/agent.yaml") == "link"


def test_a_loop_of_folders_ends(tmp_path: Path) -> None:
    write(tmp_path, "agents/a/agent.yaml")
    (tmp_path / "agents/a/again").symlink_to(tmp_path / "agents")

    assert folder_tree(tmp_path).paths == ("agents/a/again", "agents/a/agent.yaml")


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    write(tmp_path, "agents/a.yaml")
    os.mkfifo(tmp_path / "agents/pipe.yaml")

    assert fault_of(folder_tree(tmp_path), "agents/pipe.yaml") == "not-a-file"


def test_a_file_over_the_limit_is_not_read(repository: Path) -> None:
    write(repository, "agents/big.yaml", b"x" * 101)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "big")

    with commit_tree(repository) as head:
        assert fault_of(head, "agents/big.yaml", 100) == "too-large"
        assert head.read("agents/a/agent.yaml") == b"kind: Agent\n"
    assert fault_of(working_tree(repository), "agents/big.yaml", 100) == "too-large"


def test_a_path_that_is_not_in_the_tree_is_absent(repository: Path) -> None:
    assert fault_of(working_tree(repository), "../outside") == "absent"
    assert fault_of(working_tree(repository), "/etc/passwd") == "absent"
    assert fault_of(working_tree(repository), "agents/a\0") == "absent"


def test_a_name_that_is_no_utf8_or_hides_text_is_a_fault_where_definitions_live(repository: Path) -> None:
    folder = os.fsencode(repository)
    for name in (b"/agents/\xff.yaml", b"/agents/\xe2\x80\xaelmay.yaml", b"/\xff.txt", b"/agents/a\nb.yaml"):
        with os.fdopen(os.open(folder + name, os.O_CREAT | os.O_WRONLY), "w") as file:
            file.write("a: 1")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "names")

    with commit_tree(repository) as head:
        for tree in (working_tree(repository), folder_tree(repository), head):
            assert sorted((fault.kind, fault.span.path) for fault in tree.faults) == [
                ("deceptive-name", "agents/a\nb.yaml"),
                ("deceptive-name", "agents/\u202elmay.yaml"),
                ("undecodable-name", "agents/\\xff.yaml"),
            ]
            assert len(definitions(tree)) == 2


@pytest.fixture
def trap(repository: Path) -> Path:
    """A script that leaves a mark beside it when anything runs it."""
    script = repository / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch {repository}/sprung\n")
    script.chmod(0o755)
    return script


def test_configuration_and_filters_of_a_repository_run_nothing(repository: Path, trap: Path) -> None:
    for setting in (
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "core.sshCommand",
        "diff.external",
    ):
        git(repository, "config", setting, str(trap))
    write(repository, ".gitattributes", b"*.yaml filter=evil diff=evil\n")
    git(repository, "config", "diff.evil.textconv", str(trap))
    (repository / "sprung").unlink(missing_ok=True)
    write(repository, "agents/a/agent.yaml", b"kind: Touched\n")

    dirty = dirty_definitions(repository)

    assert dirty == ("agents/a/agent.yaml",)
    assert not (repository / "sprung").exists()


def test_a_partial_clone_fetches_nothing(repository: Path, trap: Path) -> None:
    blob = git(repository, "rev-parse", "HEAD:agents/a/agent.yaml")
    (repository / ".git/objects" / blob[:2] / blob[2:]).unlink()
    git(repository, "remote", "add", "origin", str(repository))
    for setting, value in (
        ("promisor", "true"),
        ("uploadpack", str(trap)),
        ("partialclonefilter", "blob:none"),
    ):
        git(repository, "config", f"remote.origin.{setting}", value)
    git(repository, "config", "extensions.partialClone", "origin")
    (repository / "sprung").unlink(missing_ok=True)

    with commit_tree(repository) as head:
        assert fault_of(head, "agents/a/agent.yaml") == "unreadable"
        assert head.read("agents/a/prompt.md") == b"hello\n"
    assert not (repository / "sprung").exists()


def test_the_environment_points_git_nowhere_else(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")

    assert head_commit(repository) is not None
    assert "agents/a/agent.yaml" in working_tree(repository)


def test_a_replace_ref_changes_nothing(repository: Path) -> None:
    blob = git(repository, "rev-parse", "HEAD:agents/a/agent.yaml")
    other = git(repository, "rev-parse", "HEAD:README.md")
    git(repository, "replace", blob, other)

    with commit_tree(repository) as head:
        assert head.read("agents/a/agent.yaml") == b"kind: Agent\n"
