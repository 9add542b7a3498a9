"""The remitd command, in a process of its own: what it prints, and its exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.graph import (
    Artifact,
    CallEdge,
    CallState,
    Constant,
    DecideState,
    EndState,
    ObjectOf,
    Reference,
    Route,
    State,
    ToolState,
)
from remit_runtime.canonical import Digest
from remit_runtime.cli import main
from remit_runtime.invoke import InvokeRequest, Runtime, invoke
from remit_runtime.models.scripted import ScriptedModel, parse_script
from remit_runtime.run.show import shown_json_of, shown_of

SUMMARY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary"],
    "properties": {"summary": {"type": "string"}},
}
SINCE = {"type": "object", "required": ["since"], "properties": {"since": {"type": "string"}}}
SAID = "One commit\u202e since v1."
SCRIPT: dict[str, Any] = {
    "version": 0,
    "decisions": [
        {"state": "work", "call": {"tool": "git.log", "args": {"since": "v1"}}},
        {
            "state": "work",
            "respond": {"summary": SAID},
            "usage": {"input_tokens": 420, "output_tokens": 30},
        },
    ],
}
Remitd = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def loop(prompt: Digest, schema_digest: Callable[[object], Digest]) -> tuple[State, ...]:
    edge = CallEdge("git.log", "work__git_log")
    routes = (Route("done"),)
    work = DecideState("work", prompt, (edge,), (), schema_digest(SUMMARY), None, routes, None, None)
    end = EndState(
        "done", "succeeded", Reference("work"), (Artifact("note.txt", Reference("work", ("summary",))),)
    )
    return (work, CallState("work__git_log", "git.log", "work"), end)


@pytest.fixture
def release(make_release: Any, hand_agent: Any, loop: tuple[State, ...]) -> Any:
    """A bundle with the agent of fourteen lines."""
    return make_release([hand_agent("acme.digest", loop, ("git.log",), task=SINCE)])


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "digest.script.json"
    path.write_text(json.dumps(SCRIPT), "utf-8")
    return path


@pytest.fixture
def remitd(release: Any, repository: Path) -> Remitd:
    """`remitd(word, ...)`: the command run inside the repository."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(words),
            check=False,
            cwd=repository,
            env=environment(release.home),
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.fixture
def here(release: Any, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process stands inside the repository, with the release's home."""
    monkeypatch.setenv("REMIT_HOME", str(release.home))
    monkeypatch.chdir(repository)


def command(words: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", "import sys; from remit_runtime.cli import main; sys.exit(main())", *words]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "REMIT_HOME": str(home)}


def test_an_agent_runs_and_its_run_can_be_shown(remitd: Remitd, release: Any, script: Path) -> None:
    words = (
        "run",
        "acme.digest",
        "--bundle",
        str(release.path),
        "--input",
        "since=v1",
        "--script",
        str(script),
    )
    done = remitd(*words, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert (result["reason"], result["spent"]["tool_calls"]) == ("succeeded", 1)
    assert Path(result["artifacts"][0]["path"]).read_text("utf-8") == SAID
    show = remitd("runs", "show", result["run"])
    assert show.returncode == 0
    assert "policies/reading.yaml:7:7" in show.stdout
    assert "\u202e" not in show.stdout
    listed = remitd("runs", "list")
    assert f"{result['run']}" in listed.stdout
    verified = remitd("audit", "verify")
    assert (verified.returncode, verified.stdout.count("rows hold")) == (0, 2)
    again = remitd("runs", "resume", result["run"], "--format", "json")
    assert json.loads(again.stdout)["reason"] == "succeeded"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("run", "acme.digest", "--input", "since=v1"), 1, "model_adapter_missing"),
        (("run", "acme.nobody"), 1, "agent_unknown"),
        (("run", "acme.digest", "--script", "none.json"), 2, "cannot be read"),
        (("run", "acme.digest", "--input", "since=v1", "since=v2"), 2, "given twice"),
        (("run", "acme.digest", "--input", "none.json"), 2, "cannot be read"),
        (("run", "acme.digest", "--workspace", "repository"), 2, "NAME=PATH"),
        (("run", "acme.digest", "--workspace", "other=."), 2, "works in a workspace `other`"),
        (("run", "acme.digest", "--as", "ada"), 2, "github:ORG/TEAM"),
        (("run", "acme.digest", "--bundle", "none.remit"), 2, "there is no bundle file"),
        (("run", "acme.digest", "--bundle", "sha256:" + "0" * 64), 2, "holds no bundle"),
        (("run", "acme.digest", "--env", "production"), 1, ""),
        (("runs", "show", "run_none"), 2, "there is no run"),
        (("halt", "world", "--reason", "x"), 2, "everything"),
        (("lift", "everything", "--reason", "x"), 1, ""),
        (("nonsense",), 2, "invalid choice"),
        ((), 2, "COMMAND"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_the_right_exit_code(
    here: None, capsys: pytest.CaptureFixture[str], release: Any, words: tuple[str, ...], code: int, says: str
) -> None:
    if words[:1] == ("run",) and "--bundle" not in words:
        words = (*words, "--bundle", str(release.path))
    main(["halt", "agent:acme.other", "--reason", "so that there is a journal"])
    assert main(words) == code
    assert says in capsys.readouterr().err


def test_agents_and_verify_say_what_a_bundle_holds(
    here: None, capsys: pytest.CaptureFixture[str], release: Any
) -> None:
    assert main(["agents", "--bundle", str(release.path), "--format", "json"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert [agent["id"] for agent in body["agents"]] == ["acme.digest"]
    assert main(["verify", str(release.path)]) == 0
    assert release.digest in capsys.readouterr().out
    release.path.write_bytes(release.path.read_bytes() + b"x")
    assert main(["verify", str(release.path)]) == 1


def test_a_bundle_that_was_run_is_found_by_its_digest(here: None, release: Any, script: Path) -> None:
    words = ("run", "acme.digest", "--input", "since=v1", "--script", str(script))
    assert main([*words, "--bundle", str(release.path)]) == 0
    assert main([*words, "--bundle", release.digest]) == 0
    assert main(words) == 0


def test_a_kill_refuses_new_runs_until_it_is_lifted(here: None, release: Any, script: Path) -> None:
    words = (
        "run",
        "acme.digest",
        "--bundle",
        str(release.path),
        "--input",
        "since=v1",
        "--script",
        str(script),
    )
    assert main(["kill", "agent:acme.digest", "--reason", "leak"]) == 0
    assert main(words) == 1
    assert main(["lift", "agent:acme.digest", "--reason", "over"]) == 0
    assert main(words) == 0


def test_a_run_that_waits_exits_with_four_and_can_be_cancelled(
    here: None, capsys: pytest.CaptureFixture[str], release: Any, tmp_path: Path
) -> None:
    script = tmp_path / "ask.json"
    script.write_text('{"version": 0, "decisions": [{"ask": {"question": "which?"}}]}', "utf-8")
    words = (
        "run",
        "acme.digest",
        "--bundle",
        str(release.path),
        "--input",
        "since=v1",
        "--script",
        str(script),
    )
    assert main([*words, "--format", "json"]) == 4
    run = json.loads(capsys.readouterr().out)["run"]
    assert main(["runs", "cancel", run]) == 0
    assert capsys.readouterr().out == f"{run}  cancelled\n"


def test_a_killed_process_is_resumed_to_one_terminal_reason(
    make_release: Any, hand_agent: Any, hand_tool: Any, repository: Path
) -> None:
    slow = hand_tool("test.slow", ("shell", "-c", "test -e open || sleep 30; echo done"))
    states = (
        ToolState("slow", "test.slow", ObjectOf(()), "done", None, None, None),
        EndState("done", "succeeded", Constant("{}"), ()),
    )
    release = make_release([hand_agent("acme.digest", states, ("test.slow",), asks=False)], [slow])
    words = ["run", "acme.digest", "--bundle", str(release.path)]
    started = subprocess.Popen(
        command(words), cwd=repository, env=environment(release.home), stdout=subprocess.DEVNULL
    )
    run = wait_for_intent(release.home)
    os.kill(started.pid, signal.SIGKILL)
    started.wait(timeout=10)
    (release.home / "work" / run / "repository" / "open").touch()
    done = subprocess.run(
        command(["runs", "resume", run, "--format", "json"]),
        check=False,
        cwd=repository,
        env=environment(release.home),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, json.loads(done.stdout)["reason"]) == (0, "succeeded")
    events = json.loads(shown(release.home, run))["events"]
    tags = [one["event"]["type"] for one in events]
    assert tags.count("run_ended") == 1
    assert tags.count("tool_intended") == 2


def shown(home: Path, run: str) -> str:
    words = command(["runs", "show", run, "--format", "json"])
    done = subprocess.run(words, env=environment(home), cwd=home, capture_output=True, text=True, check=True)
    return done.stdout


def wait_for_intent(home: Path) -> str:
    """The id of the run, once a call of its has begun."""
    import sqlite3

    for _ in range(400):
        time.sleep(0.05)
        if not (home / "journal.sqlite").exists():
            continue
        db = sqlite3.connect(home / "journal.sqlite", timeout=10)
        try:
            row = db.execute("SELECT run FROM effect WHERE status = 'intent'").fetchone()
        except sqlite3.OperationalError:
            row = None
        finally:
            db.close()
        if row is not None:
            return str(row[0])
    raise AssertionError("the run does not begin its call")


@pytest.fixture
def run_to_show(release: Any, make_runtime: Callable[..., Runtime], repository: Path) -> tuple[Runtime, Any]:
    """A run at fixed times with fixed ids, for what people read of it."""
    now = iter(range(1_795_000_000_000, 1_796_000_000_000))
    runtime = make_runtime(release.home, lambda: next(now))
    model = ScriptedModel(parse_script(json.dumps(SCRIPT).encode()))
    request = InvokeRequest(
        "acme.digest", {"since": "v1"}, "os:ada", workspaces={"repository": repository}, model=model
    )
    bundle = release.open()
    assert invoke(runtime, bundle, request).reason == "succeeded"
    return runtime, bundle


def test_a_shown_run_reads_like_this(
    run_to_show: tuple[Runtime, Any], golden: Callable[[str, str], None]
) -> None:
    runtime, bundle = run_to_show
    text = shown_of(runtime.journal, "run_1", bundle.source_map())
    # What differs between machines: the git that ran, the walls around it, and the bundle's tools by digest.
    text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:...", text)
    text = re.sub(r"sandbox [a-z_]+", "sandbox ...", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", "DATE TIME", text)
    text = re.sub(r"after \d+ ms", "after N ms", text)
    golden("runs_show.txt", text)


def test_a_shown_run_is_also_json_with_a_version(run_to_show: tuple[Runtime, Any]) -> None:
    runtime, bundle = run_to_show
    body = json.loads(shown_json_of(runtime.journal, "run_1", bundle.source_map()))
    assert body["version"] == 1
    assert body["events"][-1]["event"]["reason"] == "succeeded"
    assert body["places"] == {"policies/reading.yaml#reading-is-allowed": "policies/reading.yaml:7:7"}


def test_our_own_bug_says_so_in_one_line(
    here: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "remit_runtime.cli.stops", None)
    assert main(["halt", "everything", "--reason", "x"]) == 70
    assert capsys.readouterr().err.count("\n") == 1
