"""Where local state lives, and that nobody else reads it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from remit_runtime.errors import TrustInvalid
from remit_runtime.trust.state import home_of, make_home


def test_local_state_lies_in_the_enclosing_repository(tmp_path: Path) -> None:
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    deep = tmp_path / "repository" / "a" / "b"
    deep.mkdir(parents=True)

    assert home_of({}, deep) == tmp_path / "repository" / ".remit"


def test_the_nearest_root_marker_wins(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "examples" / "first"
    inner.mkdir(parents=True)
    (inner / "remit.yaml").touch()

    assert home_of({}, inner) == inner / ".remit"


def test_a_worktree_has_a_file_for_its_git_and_counts_as_a_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: elsewhere\n", encoding="ascii")

    assert home_of({}, tmp_path) == tmp_path / ".remit"


def test_remit_home_moves_local_state(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    assert home_of({"REMIT_HOME": "/elsewhere"}, tmp_path) == Path("/elsewhere")
    assert home_of({"REMIT_HOME": "state"}, tmp_path) == tmp_path / "state"
    assert home_of({"REMIT_HOME": ""}, tmp_path) == tmp_path / ".remit"


def test_local_state_is_its_users_alone_and_ignored_by_git(tmp_path: Path) -> None:
    home = tmp_path / "state"

    make_home(home)
    make_home(home)

    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert (home / ".gitignore").read_text(encoding="ascii") == "*\n"


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").touch()

    with pytest.raises(TrustInvalid) as refused:
        make_home(tmp_path / "state")

    assert refused.value.code == "home_unusable"
