"""`log-read`: which part of a log it shows, and what it does not open."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.gateway.executables import program


def ended(folder: Path, request: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", program("log_read.py")],
        cwd=folder,
        input=json.dumps(request).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )


def shown(folder: Path, log: bytes, **more: object) -> dict[str, Any]:
    (folder / "build.log").write_bytes(log)
    done = ended(folder, {"path": "build.log", **more})
    assert done.returncode == 0, done.stderr
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def numbered(count: int, **said: str) -> bytes:
    lines = [said.get(f"at{number}", f"line {number}") for number in range(1, count + 1)]
    return "\n".join(lines).encode()


def test_the_lines_around_a_failure_and_the_end_are_shown(tmp_path: Path) -> None:
    found = shown(tmp_path, numbered(100, at20="FAILED tests/test_cart.py"), before=1, after=2, tail=3)
    assert found == {
        "lines": 100,
        "excerpts": [{"first_line": 19, "text": "line 19\nFAILED tests/test_cart.py\nline 21\nline 22"}],
        "tail": {"first_line": 98, "text": "line 98\nline 99\nline 100"},
        "omitted": 0,
    }


def test_places_that_touch_are_one(tmp_path: Path) -> None:
    log = numbered(60, at10="error: a", at12="ValueError: b", at40="Traceback (most recent call last):")
    assert [one["first_line"] for one in shown(tmp_path, log, before=2, after=2)["excerpts"]] == [8, 38]


@pytest.mark.parametrize("line", ["terror", "0 failures expected? none", "ok", "errorless", "exit code 0"])
def test_only_words_that_speak_of_failure_count(tmp_path: Path, line: str) -> None:
    found = shown(tmp_path, numbered(3, at2=line))["excerpts"]
    assert bool(found) is (line == "0 failures expected? none")


def test_what_a_terminal_would_not_show_is_taken_out(tmp_path: Path) -> None:
    found = shown(tmp_path, b"10%\r50%\rdone\x1b[31m error\x1b[0m\x07\n" + b"x" * 900)
    assert found["excerpts"][0]["text"].splitlines()[0] == "done error"
    assert len(found["tail"]["text"].splitlines()[1]) == 500


def test_places_beyond_forty_are_counted_and_left_out(tmp_path: Path) -> None:
    log = b"\n".join(b"error" if number % 10 == 0 else b"-" for number in range(430))
    found = shown(tmp_path, log, before=0, after=0)
    assert (len(found["excerpts"]), found["omitted"]) == (40, 3)


def test_an_empty_log_has_no_line(tmp_path: Path) -> None:
    assert shown(tmp_path, b"")["tail"] == {"first_line": 0, "text": ""}


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "none", "", "link", "below/x", ".", 5, None])
def test_nothing_outside_the_checkout_is_opened(tmp_path: Path, path: object) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (tmp_path / "x").write_text("error", "utf-8")
    (folder / "link").symlink_to("../x")
    (folder / "below").symlink_to("..")
    done = ended(folder, {"path": path})
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize("value", [-1, 201, True, "5", 1.5])
def test_a_number_of_lines_that_is_none_is_refused(tmp_path: Path, value: object) -> None:
    (tmp_path / "build.log").write_bytes(b"x")
    assert ended(tmp_path, {"path": "build.log", "tail": value}).returncode == 2
