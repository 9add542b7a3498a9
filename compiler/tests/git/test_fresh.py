"""A fresh repository is the same commit for the same files, whoever makes it."""

import subprocess
from pathlib import Path

import pytest

from remit.git.fresh import Commit, repository

FILES = {"a.py": b"x = 1\r\n", "d/with space.md": b"# A\n", ".gitignore": b"d/\n"}


def test_the_same_files_give_the_same_commit_whatever_the_user_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = repository(tmp_path / "one", [Commit(FILES)])
    config = tmp_path / "config"
    config.write_text("[user]\nname = Other\n[core]\nautocrlf = true\n[commit]\ngpgsign = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("TZ", "Asia/Tokyo")

    assert repository(tmp_path / "two", [Commit(FILES)]) == first


def test_every_file_is_committed_even_one_that_is_ignored(tmp_path: Path) -> None:
    repository(tmp_path, [Commit(FILES)])

    listed = subprocess.run(["git", "-C", tmp_path, "ls-files", "-z"], capture_output=True, check=True).stdout

    assert listed.split(b"\0")[:-1] == sorted(name.encode() for name in FILES)


def test_no_file_gives_an_empty_commit(tmp_path: Path) -> None:
    assert len(repository(tmp_path, [Commit({})])) == 40


def test_each_commit_holds_its_files_and_no_others(tmp_path: Path) -> None:
    before = Commit({"a.txt": b"1\n", "d/b.txt": b"2\n"}, "Begin", "v1.0")
    last = repository(tmp_path, [before, Commit({"a.txt": b"3\n"}, "Go on: \u00e9")])

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", tmp_path, *words], capture_output=True, check=True, text=True
        ).stdout

    assert git("rev-parse", "HEAD").strip() == last
    assert git("log", "--format=%s %aI").splitlines() == [
        "Go on: \u00e9 2000-01-02T00:00:00+00:00",
        "Begin 2000-01-01T00:00:00+00:00",
    ]
    assert git("diff", "--name-status", "v1.0", "HEAD").splitlines() == ["M\ta.txt", "D\td/b.txt"]
