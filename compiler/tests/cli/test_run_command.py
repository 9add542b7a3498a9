"""What can be given to `remit run`, and what happens to words and files that are not what they should be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from remit.cli import main

Remit = Callable[..., Any]
FINDER = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.finder, version: 0.1.0, owner: dev}
spec:
  purpose: Count the lines that hold a word.
  tasks: {find: task.json}
  tools: [acme.count]
  orchestration:
    workflow:
      steps:
        - {id: given, tool: acme.count, args: {pattern: "${task.word}"}}
        - {id: left_out, tool: acme.count, args: {}}
      output: {given: "${given.lines}", left_out: "${left_out.lines}", word: "${task.word}"}
  output: {given: [string], left_out: [string], word: string}
"""
TASK = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"word": {"type": "string", "default": "remit"}},
}
COUNT = """\
apiVersion: remit/v1
kind: Tool
metadata: {id: acme.count, version: 1.0.0, owner: dev}
spec:
  effect: read
  resource: {type: Workspace, id: repository}
  input:
    type: object
    additionalProperties: false
    properties: {pattern: {type: string, maxLength: 200, default: "organisation"}}
  output:
    type: object
    additionalProperties: false
    required: [lines]
    properties: {lines: {type: array, items: {type: string}}}
  implementation:
    process:
      argv: [git, grep, --count, -F, -e, "{pattern}", --, remit.yaml]
      output: lines
      ok_exit_codes: [0, 1]
"""


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory, git: Callable[..., str]) -> Path:
    """A repository whose agent counts lines, with defaults in its task and in its tool."""
    folder = tmp_path_factory.mktemp("finder")
    files = {
        ".gitignore": ".remit/\n",
        "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n",
        "agents/finder/agent.yaml": FINDER,
        "agents/finder/task.json": json.dumps(TASK),
        "tools/count.yaml": COUNT,
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    git(folder, "init", "-q", "--template=")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "--message=First")
    return folder


@pytest.fixture
def here(finder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This process stands in the repository, with local state of its own."""
    monkeypatch.chdir(finder)
    monkeypatch.setenv("REMIT_HOME", str(finder / ".remit"))
    monkeypatch.setenv("PYDANTIC_DISABLE_PLUGINS", "__all__")
    return finder


def test_defaults_of_a_task_and_of_a_tool_are_filled_in(finder: Path, remit: Remit) -> None:
    done = remit(finder, "run", "acme.finder", "--format", "json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    # `remit` stands in one line of remit.yaml, and so does `organisation`, which the second call left out.
    assert result["output"] == {"given": ["remit.yaml:1"], "left_out": ["remit.yaml:1"], "word": "remit"}
    shown = remit(finder, "runs", "show", result["run"])
    assert '"word":"remit"' in shown.stdout.replace(" ", "")
    assert '"pattern":"organisation"' in shown.stdout.replace(" ", "")


def test_what_is_given_goes_before_a_default(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "acme.finder", "--input", "word=acme", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["output"]["word"] == "acme"


def test_a_workspace_may_be_reached_through_a_link(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "link").symlink_to(here)
    assert main(["run", "acme.finder", "--workspace", f"repository={tmp_path / 'link'}"]) == 0
    assert "acme.finder 0.1.0  succeeded" in capsys.readouterr().out


ODD_AGENTS = (
    "../../etc/passwd",
    "acme.finder\x1b[31m",
    "acme.finder\n",
    "a" * 5000,
    "",
    "acme/finder",
    "äcme",
)


@pytest.mark.parametrize("agent", ODD_AGENTS, ids=ascii)
def test_an_agent_of_an_odd_name_is_unknown_and_nothing_hidden_is_printed(
    here: Path, capsys: pytest.CaptureFixture[str], agent: str
) -> None:
    assert main(["run", agent]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("remit: agent_unknown: ")
    assert said.err.count("\n") == 1
    assert "\x1b" not in said.err


HOSTILE_FILES: Mapping[str, bytes] = {
    "broken": b"{",
    "an array": b"[1]",
    "a key twice": b'{"word": "a", "word": "b"}',
    "latin-1": b'{"word": "\xe9"}',
    "not a number": b'{"word": NaN}',
    "half a surrogate": b'{"word": "\\ud800"}',
    "too deep": b'{"word": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "empty": b"",
    "a byte order mark": b'\xef\xbb\xbf{"word": "a"}',
}


@pytest.mark.parametrize("content", HOSTILE_FILES.values(), ids=HOSTILE_FILES)
@pytest.mark.parametrize("option", ["--input", "--script"])
def test_a_file_that_is_not_what_it_should_be_is_exit_2_and_one_sentence(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, content: bytes
) -> None:
    file = tmp_path / "given.json"
    file.write_bytes(content)
    assert main(["run", "acme.finder", option, str(file)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("remit: ")
    assert said.err.count("\n") == 1


def refusals(folder: Path) -> dict[str, tuple[tuple[str, ...], int, str]]:
    """Words that are refused: the words, the exit code, and what is said."""
    return {
        "an input that the task does not take": (("--input", "wrod=a"), 1, "input_invalid: "),
        "an input of another type": (("--input", str(folder / "number.json")), 1, "input_invalid: "),
        "a field twice": (("--input", "word=a", "word=b"), 2, "given twice"),
        "a file that is not there": (("--input", "none.json"), 2, "cannot be read"),
        "a folder as script": (("--script", str(folder)), 2, "cannot be read"),
        "an unknown task": (("--task", "serch"), 1, "task_unknown: "),
        "a workspace that is not there": (("--workspace", "repository=/no/where"), 1, "workspace_invalid: "),
        "a workspace that is a file": (("--workspace", "repository=remit.yaml"), 1, "workspace_invalid: "),
        "a workspace that is no repository": (("--workspace", f"repository={folder}"), 1, "workspace_invalid: "),
        "a workspace without a name": (("--workspace", "=x"), 2, "NAME=PATH"),
        "an environment without a bundle": (("--env", "production"), 2, "name one with `--bundle`"),
        "a bundle that is not there": (("--bundle", "none.remit"), 2, "there is no bundle file"),
    }  # fmt: skip


@pytest.mark.parametrize("name", refusals(Path()))
def test_what_a_run_cannot_take_is_refused_in_one_sentence(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / "number.json").write_text('{"word": 3}', "utf-8")
    words, code, says = refusals(tmp_path)[name]
    assert main(["run", "acme.finder", *words]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert says in said.err
    assert said.err.count("\n") == 1


UNDECODABLE = (
    ("\udcff",),
    ("acme.finder", "--task", "\udcff"),
    ("acme.finder", "--input", "\udcff=1"),
    ("acme.finder", "--input", "word=\udcff"),
)


@pytest.mark.parametrize("words", UNDECODABLE, ids=ascii)
def test_words_that_are_no_text_are_refused(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert main(["run", *words]) == 2
    assert "is not valid text" in capsys.readouterr().err


# ---- how a process ends that cannot finish


def test_a_full_disk_is_not_our_bug(finder: Path) -> None:
    with Path("/dev/full").open("w") as full:
        argv = [sys.executable, "-m", "remit", "schema"]
        done = subprocess.run(
            argv, cwd=finder, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert (done.returncode, done.stderr) == (1, "remit: this machine refuses: no space left on device\n")


def test_a_directory_that_is_gone_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path.cwd()
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    try:
        assert main(["keys"]) == 2
    finally:
        os.chdir(before)
    assert capsys.readouterr().err == "remit: the current directory is gone\n"


def test_our_own_bug_is_exit_70_and_one_sentence_without_a_traceback(
    finder: Path, remit: Remit, tmp_path: Path
) -> None:
    # A library that breaks in a way nobody has thought of stands for what nobody has thought of.
    (tmp_path / "msgspec.py").write_text("raise RuntimeError('nobody thought of this')\n", "utf-8")
    broken = {"PYTHONPATH": str(tmp_path)}
    done = remit(finder, "keys", settings=broken)
    assert (done.returncode, done.stdout) == (70, ""), done.stderr
    assert done.stderr == "remit: this is a bug of remit (RuntimeError: nobody thought of this)\n"
    loud = remit(finder, "keys", settings={**broken, "REMIT_DEBUG": "1"})
    assert loud.returncode == 70
    assert "Traceback" in loud.stderr
