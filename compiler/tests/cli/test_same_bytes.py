"""One commit is one bundle: the same bytes wherever, whenever and by whomever it is built."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Git = Callable[..., str]


def built(folder: Path, home: Path, umask: int, settings: dict[str, str]) -> Any:
    """A build in a process of its own, under the umask and with the settings given."""
    return subprocess.run(
        [sys.executable, "-m", "remit", "build", "-o", "out"],
        check=False,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "REMIT_HOME": str(home), **settings},
        capture_output=True,
        text=True,
        umask=umask,
        timeout=120,
    )


def test_a_commit_is_the_same_bundle_on_two_machines(original: Path, git: Git, tmp_path: Path) -> None:
    commit = git(original, "rev-parse", "HEAD").strip()
    near = tmp_path / "a"
    git(tmp_path, "clone", "-q", str(original), str(near))
    # The other copy stands elsewhere and its files were made in the opposite order, one by one.
    far = tmp_path / "some where" / "ünder" / "a deep path"
    far.mkdir(parents=True)
    git(far, "init", "-q", "--template=")
    git(far, "fetch", "-q", str(original), commit)
    git(far, "update-ref", "HEAD", commit)
    for path in sorted(git(far, "ls-tree", "-r", "-z", "--name-only", commit).split("\0")[:-1], reverse=True):
        git(far, "checkout", commit, "--", path)
        os.utime(far / path, (0, 0))
    settings = {"LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1", "COLUMNS": "40"}
    one = built(near, tmp_path / "home-1", 0o077, settings)
    settings = {
        "LC_ALL": "C.UTF-8",
        "TZ": "Etc/GMT+12",
        "PYTHONHASHSEED": "2718281828",
        "PYTHONOPTIMIZE": "2",
    }
    other = built(far, tmp_path / "home-2", 0o000, settings)
    assert (one.returncode, other.returncode) == (0, 0), one.stderr + other.stderr
    (first,) = (near / "out").glob("*.remit")
    (second,) = (far / "out").glob("*.remit")
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()
    assert one.stdout.splitlines()[-1] == other.stdout.splitlines()[-1]
    # Who built it stands beside it: another key, another time.
    beside = [path.with_suffix(".attestations.jsonl").read_bytes() for path in (first, second)]
    assert beside[0] != beside[1]


def test_what_is_no_part_of_the_definitions_is_no_part_of_the_bundle(
    clone: Callable[..., Path], remit: Callable[..., Any], original: Path
) -> None:
    folder = clone({"README.md": "new\n", "src/a.py": "pass\n", "agents/lister/notes.txt": "not named\n"})
    digests = [
        remit(where, "build", "-o", str(folder / "out")).stdout.split()[-1] for where in (original, folder)
    ]
    assert digests[0] == digests[1]
    assert digests[0].startswith("sha256:")
