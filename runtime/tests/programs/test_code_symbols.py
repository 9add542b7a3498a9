"""`code-symbols`: what it says of source files, and what it does not open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.gateway.executables import program

SOURCE = '''\
"""The first line.

More.
"""
from __future__ import annotations

import os, sys as system
from .near import one, two
from acme.far import three

LIMIT: int = 3
_HIDDEN = 4
lower = 5


@decorated
class Box(Base, metaclass=Meta):
    """A box."""

    SIZE = 1

    def open(self, *, wide: bool = False) -> Box:
        """Opens it."""
        import json

    class Lid:
        def lift(self): ...


async def run(path: str, /, *args: int, **more: str) -> None:
    ...


if __name__ == "__main__":
    run()
'''


def asked(folder: Path, *paths: str) -> list[dict[str, Any]]:
    """What the program says of the paths below a folder."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", program("code_symbols.py")],
        cwd=folder,
        input=json.dumps({"paths": paths}).encode(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stderr == b""
    files: list[dict[str, Any]] = json.loads(done.stdout)["files"]
    return files


def test_a_module_is_described(tmp_path: Path) -> None:
    (tmp_path / "box.py").write_text(SOURCE, "utf-8")
    (found,) = asked(tmp_path, "box.py")
    assert (found["path"], found["language"], found["doc"]) == ("box.py", "Python", "The first line.")
    assert found["lines"] == len(SOURCE.splitlines())
    assert found["main"] is True
    assert [(one["kind"], one["name"], one["signature"], one["doc"]) for one in found["symbols"]] == [
        ("constant", "LIMIT", "LIMIT: int", ""),
        ("constant", "_HIDDEN", "_HIDDEN", ""),
        ("class", "Box", "class Box(Base, metaclass=Meta)", "A box."),
        ("method", "Box.open", "def open(self, *, wide: bool=False) -> Box", "Opens it."),
        ("class", "Box.Lid", "class Lid", ""),
        ("method", "Box.Lid.lift", "def lift(self)", ""),
        ("function", "run", "async def run(path: str, /, *args: int, **more: str) -> None", ""),
    ]
    assert [(one["module"], one["names"]) for one in found["imports"]] == [
        ("__future__", ["annotations"]),
        ("os", []),
        ("sys", []),
        (".near", ["one", "two"]),
        ("acme.far", ["three"]),
        ("json", []),
    ]
    box, lines = found["symbols"][2], SOURCE.splitlines()
    assert lines[int(box["line"]) - 1].startswith("class Box")
    assert lines[int(box["end_line"]) - 1].strip() == "def lift(self): ..."


def test_code_is_read_and_never_run(tmp_path: Path) -> None:
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'proof')!r}, 'w')\n", "utf-8")
    asked(tmp_path, "evil.py")
    assert not (tmp_path / "proof").exists()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"def broken(:\n", "the file does not parse, line 1: invalid syntax"),
        (b"x = 1\n\xff\n", "the file does not parse, line 2: "),
        (b"x = '\0'\n", "the file does not parse"),
        (b"(" * 100_000, "the file does not parse"),
        (b"x" * (2 * 2**20 + 1), "the file is larger than 2097152 bytes"),
    ],
    ids=["syntax", "encoding", "nul", "nesting", "size"],
)
def test_a_file_that_cannot_be_understood_says_why(tmp_path: Path, content: bytes, error: str) -> None:
    (tmp_path / "bad.py").write_bytes(content)
    (tmp_path / "good.py").write_text("def good(): ...\n", "utf-8")
    bad, good = asked(tmp_path, "bad.py", "good.py")
    assert bad["error"].startswith(error)
    assert bad["symbols"] == []
    assert [one["name"] for one in good["symbols"]] == ["good"]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../outside.py",
        "a/../../outside.py",
        "./a.py",
        "",
        "a//b.py",
        "link.py",
        "folder/x.py",
        "pipe.py",
        "gone.py",
        "a\0.py",
    ],
)
def test_nothing_outside_the_folder_is_opened(tmp_path: Path, path: str) -> None:
    inside = tmp_path / "inside"
    (inside / "a").mkdir(parents=True)
    (tmp_path / "outside.py").write_text("SECRET = 1\n", "utf-8")
    (tmp_path / "x.py").write_text("SECRET = 1\n", "utf-8")
    (inside / "link.py").symlink_to("../outside.py")
    (inside / "folder").symlink_to("..")
    os.mkfifo(inside / "pipe.py")
    (found,) = asked(inside, path)
    assert found["symbols"] == []
    assert "error" in found


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a.rs", "Rust"),
        ("b.TSX", "TypeScript"),
        ("Makefile", "Makefile"),
        ("x.unknown", "Other"),
        (".gitignore", "Other"),
    ],
)
def test_other_languages_are_named_and_not_read_further(tmp_path: Path, path: str, language: str) -> None:
    (tmp_path / path).write_text("one\ntwo", "utf-8")
    (found,) = asked(tmp_path, path)
    assert (found["language"], found["lines"], found["symbols"]) == (language, 2, [])


def test_symbols_past_the_cap_are_counted(tmp_path: Path) -> None:
    (tmp_path / "many.py").write_text("".join(f"def f{n}(): ...\n" for n in range(2_005)), "utf-8")
    (found,) = asked(tmp_path, "many.py")
    assert (len(found["symbols"]), found["omitted"]) == (2_000, 5)


@pytest.mark.parametrize(
    "request_", [b"", b"[]", b'{"paths": "a"}', b'{"paths": [1]}', b'{"files": []}', b"[" * 100_000]
)
def test_a_request_of_another_form_is_refused_without_a_traceback(tmp_path: Path, request_: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", program("code_symbols.py")],
        cwd=tmp_path,
        input=request_,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(b"code-symbols: ")
    assert b"Traceback" not in done.stderr
