"""What a check does is counted: nothing where nothing changed, and little where little did."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

AGENT = """apiVersion: remit/v1
kind: Agent
metadata: {{id: acme.a{number}, version: 0.1.0, owner: dev}}
spec:
  purpose: Write notes.
  tasks: {{write: {{text: string}}}}
  instructions: prompt.md
  models: [dev]
  tools: [{tool}]
  output: {{text: string}}
"""
TOOL = """apiVersion: remit/v1
kind: Tool
metadata: {id: acme.count, version: 0.1.0, owner: dev}
spec:
  effect: read
  input: {type: object, additionalProperties: false, properties: {pattern: {type: string}}}
  output: {type: object}
  implementation: {process: {argv: [git, grep, --count, -e, "{pattern}"]}}
"""
AGENTS = 12


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository of twelve agents, of which the first three use its one tool."""
    (tmp_path / "remit.yaml").write_text("apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n")
    for number in range(AGENTS):
        folder = tmp_path / f"agents/a{number}"
        folder.mkdir(parents=True)
        tool = "acme.count" if number < 3 else "git.log"
        (folder / "agent.yaml").write_text(AGENT.format(number=number, tool=tool))
        (folder / "prompt.md").write_text("Write {{ task.text }}.\n")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/count.yaml").write_text(TOOL)
    return tmp_path


def counted(check: Any, root: Path, *options: str) -> dict[str, Any]:
    said = check(root, "--statistics", *options)
    assert said.out == check(root, "--no-cache").out
    counts: dict[str, Any] = json.loads(said.err)
    return counts


def test_a_first_check_reads_each_file_once_and_judges_each_definition(check: Any, root: Path) -> None:
    counts = counted(check, root)

    shipped = counts["files"] - AGENTS - 2
    assert counts == {
        "version": 1,
        "files": AGENTS + 2 + shipped,
        "read": 2 * AGENTS + 2,
        "parsed": AGENTS + 2,
        "judged": AGENTS + 2 + shipped,
        "blobs_read": 0,
        "cache": "miss",
    }


def test_a_check_of_what_did_not_change_reads_nothing(check: Any, root: Path) -> None:
    files = counted(check, root)["files"]

    assert counted(check, root) == {
        "version": 1,
        "files": files,
        "read": 0,
        "parsed": 0,
        "judged": 0,
        "blobs_read": 0,
        "cache": "hit",
    }


def test_another_format_of_what_did_not_change_judges_nothing(check: Any, root: Path) -> None:
    counted(check, root)
    check(root, "--format", "json", "--statistics")
    said = json.loads(check(root, "--format", "sarif", "--statistics").err)

    assert (said["judged"], said["cache"]) == (0, "partial")


@pytest.mark.parametrize(
    ("path", "old", "new", "judged"),
    [
        ("agents/a5/agent.yaml", "Write notes", "Write more notes", 1),
        ("agents/a5/prompt.md", "Write", "Say", 1),
        ("tools/count.yaml", "0.1.0", "0.2.0", 4),
        ("docs/new.md", "", "nobody names it", 0),
    ],
)
def test_after_one_change_the_file_is_judged_and_who_hangs_on_it(
    check: Any, root: Path, path: str, old: str, new: str, judged: int
) -> None:
    counted(check, root)
    (root / path).parent.mkdir(exist_ok=True)
    text = (root / path).read_text() if (root / path).exists() else ""
    (root / path).write_text(text.replace(old, new) if old else new)

    counts = counted(check, root)

    assert (counts["judged"], counts["cache"]) == (judged, "partial")


WARM = """
import runpy, sys
sys.argv = ["remit", "check", {root!r}]
try:
    runpy.run_module("remit", run_name="__main__")
except SystemExit:
    pass
print("\\n".join(sorted(sys.modules)))
"""


def test_a_check_of_what_did_not_change_loads_little(root: Path) -> None:
    program = [
        sys.executable,
        "-S",
        "-c",
        f"import sys; sys.path[:] = {sys.path!r}\n" + WARM.format(root=str(root)),
    ]
    subprocess.run(program, capture_output=True, check=True)
    loaded = subprocess.run(program, capture_output=True, check=True, text=True).stdout.split("\n")
    ours = {name for name in loaded if name.partition(".")[0] in ("remit", "remit_runtime")}

    assert ours - {"remit.__main__"} == {
        *("remit", "remit.cli", "remit.cli.check", "remit.cli.words"),
        *("remit.cache", "remit.cache.fingerprint", "remit.cache.pieces", "remit.cache.scan"),
        *("remit.cache.store", "remit.cache.told"),
        *("remit.git", "remit.git.command", "remit.git.listing", "remit.git.walk"),
    }
    heavy = (
        "pydantic",
        "msgspec",
        "typing",
        "dataclasses",
        "inspect",
        "decimal",
        "json",
        "pathlib",
        "datetime",
    )
    assert not {name.partition(".")[0] for name in loaded} & set(heavy)
