"""A fresh repository is the same commit for the same files, whoever makes it."""

import subprocess
from pathlib import Path

import pytest

from remit.git.fresh import one_commit

FILES = {"a.py": b"x = 1\r\n", "d/with space.md": b"# A\n", ".gitignore": b"d/\n"}


def test_the_same_files_give_the_same_commit_whatever_the_user_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = one_commit(tmp_path / "one", FILES)
    config = tmp_path / "config"
    config.write_text("[user]\nname = Other\n[core]\nautocrlf = true\n[commit]\ngpgsign = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("TZ", "Asia/Tokyo")

    assert one_commit(tmp_path / "two", FILES) == first


def test_every_file_is_committed_even_one_that_is_ignored(tmp_path: Path) -> None:
    one_commit(tmp_path, FILES)

    listed = subprocess.run(["git", "-C", tmp_path, "ls-files", "-z"], capture_output=True, check=True).stdout

    assert listed.split(b"\0")[:-1] == sorted(name.encode() for name in FILES)


def test_no_file_gives_an_empty_commit(tmp_path: Path) -> None:
    assert len(one_commit(tmp_path, {})) == 40
