"""Whatever is wrong with a cache, the check is made as if there were none; nothing in it is believed unseen."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit.cache.store import Store
from remit.git import folder_tree

TEAM = 'apiVersion: remit/v1\nkind: Team\nmetadata: {id: ops}\nspec: {members: [{principal: "os:*", roles: [a]}]}\n'
FOUND = b"no findings in"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with one finding."""
    folder = tmp_path / "repository"
    (folder / "policies").mkdir(parents=True)
    (folder / "remit.yaml").write_text("apiVersion: remit/v1\norganisation: acme\n")
    (folder / "policies/ops.yaml").write_text(TEAM.replace("}]}", "}]}\nextra: 1"))
    return folder


def outcome(said: Any) -> str:
    """What the cache gave: `hit`, `partial`, `miss` or `off`."""
    return str(json.loads(said.err)["cache"])


def cache_files(root: Path) -> list[Path]:
    return sorted(path for path in (root / ".remit/cache").rglob("*") if path.is_file())


def held(check: Any, root: Path) -> bytes:
    """The report of a check that is remembered by now."""
    first = check(root, "--statistics")
    assert outcome(first) == "miss"
    assert outcome(check(root, "--statistics")) == "hit"
    assert b"SCH001" in first.out
    return bytes(first.out)


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def swelled(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def opened_to_others(path: Path) -> None:
    path.chmod(0o644)


def made_a_link(path: Path) -> None:
    kept = path.with_suffix(".kept")
    path.rename(kept)
    path.symlink_to(kept)


def made_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def made_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir(0o700)


def copied_over_itself(path: Path) -> None:
    """What a restored backup does: the same bytes in another file. Of the key it makes another key."""
    data = path.read_bytes()
    path.unlink()
    path.with_suffix(".other").write_bytes(b"")  # the inode is taken
    path.write_bytes(data)
    path.chmod(0o600)


@pytest.mark.parametrize("name", ["told", "base", "key"])
@pytest.mark.parametrize(
    "attack",
    [flipped, cut, emptied, swelled, opened_to_others, made_a_link, made_a_pipe, made_a_folder],
)
def test_a_file_that_is_not_what_was_written_is_not_read(
    check: Any, root: Path, name: str, attack: Callable[[Path], None]
) -> None:
    report = held(check, root)
    attack(next(path for path in cache_files(root) if path.name == name))

    said = check(root, "--statistics")

    assert said.out == report
    # What the base says is asked for only when what was told is of no use.
    assert outcome(said) == {"told": "partial", "base": "hit", "key": "miss"}[name]


def test_a_cache_with_the_key_of_another_file_is_not_read(check: Any, root: Path) -> None:
    report = held(check, root)
    copied_over_itself(root / ".remit/cache/key")

    said = check(root, "--statistics")

    assert (said.out, outcome(said)) == (report, "miss")


def test_a_cache_that_was_restored_from_elsewhere_is_not_read(check: Any, root: Path, tmp_path: Path) -> None:
    report = held(check, root)
    shutil.copytree(root / ".remit", tmp_path / "backup", copy_function=shutil.copy2)
    shutil.rmtree(root / ".remit")
    shutil.copytree(tmp_path / "backup", root / ".remit", copy_function=shutil.copy2)

    said = check(root, "--statistics")

    assert (said.out, outcome(said)) == (report, "miss")


def test_one_file_of_a_cache_does_not_pass_for_another(check: Any, root: Path) -> None:
    held(check, root)
    told = next(path for path in cache_files(root) if path.name == "told")
    base = next(path for path in cache_files(root) if path.name == "base")
    shutil.copyfile(base, told)

    assert outcome(check(root, "--statistics")) == "partial"


def test_what_was_told_before_does_not_come_back(check: Any, root: Path) -> None:
    held(check, root)
    told = next(path for path in cache_files(root) if path.name == "told")
    old = told.read_bytes()
    (root / "policies/ops.yaml").write_text(TEAM)
    assert FOUND in check(root).out
    told.write_bytes(old)

    assert FOUND in check(root).out


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o777])
def test_a_folder_that_others_can_enter_is_not_used(check: Any, root: Path, mode: int) -> None:
    report = held(check, root)
    (root / ".remit/cache").chmod(mode)

    said = check(root, "--statistics")

    assert said.out == report
    assert outcome(said) == "miss"


def test_a_folder_that_is_a_link_is_not_used(check: Any, root: Path, tmp_path: Path) -> None:
    report = held(check, root)
    (root / ".remit/cache").rename(tmp_path / "elsewhere")
    (root / ".remit/cache").symlink_to(tmp_path / "elsewhere")

    said = check(root, "--statistics")

    assert (said.out, outcome(said)) == (report, "miss")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to somebody else")
def test_a_cache_of_another_user_is_not_read(check: Any, root: Path) -> None:
    report = held(check, root)
    for path in cache_files(root):
        os.chown(path, 65534, -1)

    said = check(root, "--statistics")

    assert (said.out, outcome(said)) == (report, "miss")


def test_where_nothing_can_be_written_a_check_is_made_without(check: Any, root: Path) -> None:
    (root / ".remit").write_text("a file stands here")

    said = check(root, "--statistics")

    assert b"SCH001" in said.out
    assert outcome(said) == "miss"


def test_another_compiler_makes_its_own(check: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = held(check, root)
    monkeypatch.setattr("remit.cache.fingerprint.FORMAT", "another")

    said = check(root, "--statistics")

    assert (said.out, outcome(said)) == (report, "miss")


def test_all_that_is_written_is_for_its_user_alone_and_ignored_by_git(check: Any, root: Path) -> None:
    held(check, root)

    assert {path.stat().st_mode & 0o777 for path in cache_files(root)} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (root / ".remit").rglob("*") if path.is_dir()} == {0o700}
    assert (root / ".remit/.gitignore").read_text() == "*\n"


def test_a_secret_is_never_written_into_a_cache(check: Any, root: Path) -> None:
    held(check, root)
    secret = "AKIA" + "QWERTYUIOPASDFGH"
    (root / "remit.yaml").write_text("apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n")
    (root / "policies/ops.yaml").write_text(TEAM.replace("{id: ops}", f"{{id: ops, description: {secret}}}"))

    said = check(root, "--statistics")

    assert b"SEC001" in said.out
    assert secret.encode() not in said.out
    assert [path.name for path in cache_files(root)] == ["key"]
    assert outcome(check(root, "--statistics")) == "miss"


def test_a_folder_without_its_root_marker_is_left_as_it_is(check: Any, tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/ops.yaml").write_text(TEAM)

    assert outcome(check(tmp_path, "--statistics")) == "off"
    assert not (tmp_path / ".remit").exists()


def test_without_a_cache_nothing_is_written(check: Any, root: Path) -> None:
    assert outcome(check(root, "--statistics", "--no-cache")) == "off"
    assert not (root / ".remit").exists()


def test_what_makes_a_bundle_does_not_look(check: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held(check, root)

    def refuse(_store: Store, name: str) -> bytes | None:
        raise AssertionError(name)

    monkeypatch.setattr(Store, "read", refuse)
    from remit.check import check as judged
    from remit.check import check_to_build

    assert [one.code for one in judged(folder_tree(root)).diagnostics] == ["SCH001"]
    assert [one.code for one in check_to_build(folder_tree(root)).diagnostics] == ["SCH001"]


def test_checks_at_the_same_time_all_say_the_same(root: Path) -> None:
    command = [sys.executable, "-m", "remit", "check", str(root)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(6)]
    said = {process.communicate()[0] for process in running}

    assert len(said) == 1
    assert b"SCH001" in said.pop()
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    assert all(process.returncode == 1 for process in running)
