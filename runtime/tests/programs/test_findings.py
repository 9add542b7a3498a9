"""`findings.py`: what it says of SARIF files, ruff and bandit, and what it does not open."""

from __future__ import annotations

import importlib.util
import json
import shutil
import site
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.gateway.executables import program

RUFF = Path(sys.prefix) / "bin/ruff"
needs_ruff = pytest.mark.skipif(not RUFF.exists(), reason="ruff is not installed beside this Python")
needs_bandit = pytest.mark.skipif(
    importlib.util.find_spec("bandit") is None, reason="bandit is not installed beside this Python"
)

SOURCE = """\
import os
import subprocess


def run(command):
    return subprocess.call(command, shell=True)


def quiet(command):
    return subprocess.call(command, shell=True)  # noqa: S602 # nosec B602
"""


def ended(folder: Path, request: object, *source: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", program("findings.py"), *source],
        cwd=folder,
        input=request if isinstance(request, bytes) else json.dumps(request).encode(),
        capture_output=True,
        check=False,
        timeout=60,
    )


def answer(folder: Path, request: object, *source: str) -> dict[str, Any]:
    done = ended(folder, request, *source)
    assert done.returncode == 0, done.stderr
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def refusal(folder: Path, request: object, *source: str) -> str:
    done = ended(folder, request, *source)
    assert (done.returncode, done.stdout) == (2, b"")
    return done.stderr.decode().removeprefix("findings: ").strip()


def log_of(*results: object, **driver: object) -> dict[str, object]:
    return {
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "scan", **driver}}, "results": results}],
    }


def at(uri: str, line: int = 0, end: int = 0) -> list[object]:
    region = {"startLine": line, "endLine": end} if line else {}
    return [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}]


def sarif(folder: Path, log: object, **more: object) -> dict[str, Any]:
    text = log if isinstance(log, str) else json.dumps(log)
    (folder / "scan.sarif").write_text(text, "utf-8")
    return answer(folder, {"path": "scan.sarif", **more}, "sarif")


# ---- SARIF 2.1.0


def test_a_result_becomes_a_finding(tmp_path: Path) -> None:
    result = {
        "ruleId": "X1",
        "level": "error",
        "message": {"text": "bad"},
        "locations": at("src/a%20b.py", 3, 5),
    }
    assert sarif(tmp_path, log_of(result)) == {
        "findings": [
            {
                "tool": "scan",
                "rule": "X1",
                "level": "error",
                "path": "src/a b.py",
                "line": 3,
                "end_line": 5,
                "message": "bad",
            }
        ],
        "files": 1,
        "omitted": 0,
    }


def test_rule_level_and_message_may_stand_with_the_rule(tmp_path: Path) -> None:
    rules = [
        {
            "id": "X1",
            "defaultConfiguration": {"level": "note"},
            "messageStrings": {"m": {"text": "`{0}` in {1}"}},
        }
    ]
    by_index = {"ruleIndex": 0, "message": {"id": "m", "arguments": ["eval", "a.py"]}}
    by_id = {"rule": {"id": "X1"}, "message": {"text": "own"}}
    (one, other) = sarif(tmp_path, log_of(by_index, by_id, rules=rules))["findings"]
    assert (one["rule"], one["level"], one["message"], one["path"], one["line"]) == (
        "X1",
        "note",
        "`eval` in a.py",
        "",
        0,
    )
    assert (other["rule"], other["level"], other["message"]) == ("X1", "note", "own")


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        ({"kind": "pass"}, False),
        ({"kind": "review"}, True),
        ({"baselineState": "absent"}, False),
        ({"suppressions": [{"kind": "inSource"}]}, True),
        ({"level": "none"}, True),
    ],
    ids=str,
)
def test_only_what_says_that_something_is_wrong_counts(
    tmp_path: Path, result: dict[str, object], kept: bool
) -> None:
    assert len(sarif(tmp_path, log_of({"message": {"text": "x"}, **result}))["findings"]) == int(kept)


def test_what_is_suppressed_is_left_out_only_where_that_is_asked(tmp_path: Path) -> None:
    def with_status(status: str) -> dict[str, object]:
        return {"message": {"text": status}, "suppressions": [{"kind": "external", "status": status}]}

    log = log_of(with_status("accepted"), with_status("rejected"))
    assert [one["message"] for one in sarif(tmp_path, log)["findings"]] == ["accepted", "rejected"]
    assert [one["message"] for one in sarif(tmp_path, log, suppressions=True)["findings"]] == ["rejected"]


@pytest.mark.parametrize(
    "uri", ["file:///etc/passwd", "/etc/passwd", "../x", "a/../../x", "%2e%2e/x", "-x", "", 7]
)
def test_a_place_outside_the_checkout_has_no_path(tmp_path: Path, uri: Any) -> None:
    (found,) = sarif(tmp_path, log_of({"message": {"text": "x"}, "locations": at(uri, 1)}))["findings"]
    assert (found["path"], found["line"]) == ("", 1)


def test_findings_beyond_a_thousand_are_counted_and_left_out(tmp_path: Path) -> None:
    results = [{"message": {"text": f"{number:04}"}} for number in range(1_003)]
    found = sarif(tmp_path, log_of(*results))
    assert (len(found["findings"]), found["omitted"]) == (1_000, 3)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version": "2.0.0", "runs": []}', '{"version": "2.1.0"}', '{"a": ' * 50_000, "\ud800"],
    ids=lambda text: str(text)[:20],
)
def test_a_file_that_is_no_sarif_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "scan.sarif").write_bytes(text.encode("utf-8", "surrogatepass"))
    assert refusal(tmp_path, {"path": "scan.sarif"}, "sarif")


def test_parts_that_are_of_another_type_are_passed_over(tmp_path: Path) -> None:
    strange: dict[str, object] = {
        "ruleId": 5,
        "level": [],
        "message": "x",
        "locations": {"a": 1},
        "suppressions": 3,
    }
    (found,) = sarif(tmp_path, {"version": "2.1.0", "runs": [5, log_of(strange, 7)["runs"][0]]})["findings"]  # type: ignore[index]
    assert (found["rule"], found["level"], found["message"]) == ("", "warning", "")


# ---- what is opened


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../x", "a/../../x", "none", "", "-x", "link", "below/x", 5, None, "a\0"]
)
@pytest.mark.parametrize("source", ["sarif", "ruff"])
def test_nothing_outside_the_checkout_is_opened(tmp_path: Path, source: str, path: object) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (tmp_path / "x").write_text("{}", "utf-8")
    (folder / "link").symlink_to("../x")
    (folder / "below").symlink_to("..")
    request = {"path": path} if source == "sarif" else {"paths": [path]}
    more = () if source == "sarif" else ("/nonexistent/ruff",)
    assert refusal(folder, request, source, *more)


@pytest.mark.parametrize("request_", [b"", b"[]", b"{", b"5"])
def test_a_request_that_is_no_object_is_refused(tmp_path: Path, request_: bytes) -> None:
    assert refusal(tmp_path, request_, "sarif")


# ---- ruff and bandit


@needs_ruff
def test_ruff_says_what_the_selected_rules_find(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SOURCE, "utf-8")
    found = answer(tmp_path, {"paths": ["."], "select": ["F", "S602"]}, "ruff", str(RUFF))
    assert [(one["rule"], one["path"], one["line"]) for one in found["findings"]] == [
        ("F401", "a.py", 1),
        ("S602", "a.py", 6),
        ("S602", "a.py", 10),
    ]
    assert found["files"] == 1


@needs_ruff
def test_neither_settings_nor_comments_of_the_repository_turn_ruff_off(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os  # noqa\n", "utf-8")
    (tmp_path / "ruff.toml").write_text('exclude = ["a.py"]\n', "utf-8")
    request = {"paths": ["a.py"], "select": ["F"]}
    assert len(answer(tmp_path, request, "ruff", str(RUFF))["findings"]) == 1
    kept = answer(tmp_path, {**request, "suppressions": True}, "ruff", str(RUFF))
    assert (kept["findings"], kept["files"]) == ([], 1)


@needs_ruff
def test_a_file_that_does_not_parse_is_an_error_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def (", "utf-8")
    found = answer(tmp_path, {"select": ["E9", "F"]}, "ruff", str(RUFF))["findings"]
    assert {one["level"] for one in found} == {"error"}


@needs_ruff
def test_a_rule_that_ruff_does_not_know_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("", "utf-8")
    assert "ruff ended with 2" in refusal(tmp_path, {"select": ["ZZZ9"]}, "ruff", str(RUFF))


@needs_bandit
def test_bandit_says_what_it_finds_and_what_it_could_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SOURCE, "utf-8")
    (tmp_path / "b.py").write_text("def (", "utf-8")
    found = answer(tmp_path, {}, "bandit", *site.getsitepackages())
    assert [(one["rule"], one["level"], one["path"], one["line"]) for one in found["findings"]] == [
        ("B404", "note", "a.py", 2),
        ("B602", "error", "a.py", 6),
        ("B602", "error", "a.py", 10),
        ("unreadable", "note", "b.py", 0),
    ]
    quieter = answer(tmp_path, {"suppressions": True}, "bandit", *site.getsitepackages())
    assert [one["line"] for one in quieter["findings"] if one["rule"] == "B602"] == [6]


@needs_ruff
def test_links_and_the_folder_of_git_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "a").mkdir()
    (tmp_path / "a/a.py").write_text("import os\n", "utf-8")
    shutil.copy(tmp_path / "a/a.py", tmp_path / ".git/hidden.py")
    (tmp_path / "link.py").symlink_to("a/a.py")
    (tmp_path / "folder").symlink_to("a")
    found = answer(tmp_path, {"select": ["F"]}, "ruff", str(RUFF))
    assert ([one["path"] for one in found["findings"]], found["files"]) == (["a/a.py"], 1)
