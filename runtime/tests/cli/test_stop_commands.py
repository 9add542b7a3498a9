"""`cancel`, `halt`, `kill` and `lift`, each a process of its own, on runs that other processes drive or have left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.graph import (
    CallEdge,
    CallState,
    Constant,
    DecideState,
    EndState,
    HandoffState,
    ObjectOf,
    Reference,
    Route,
    ToolState,
)
from remit_runtime.canonical import Digest

SUMMARY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary"],
    "properties": {"summary": {"type": "string"}},
}
SECONDS = "61327.5"
STUBBORN = (
    f"trap '' TERM; setsid sh -c \"trap '' TERM; sleep {SECONDS} & wait\" & while :; do sleep {SECONDS}; done"
)
NOTHING = ObjectOf(())
Words = Sequence[str]


def living() -> list[int]:
    """The processes of a stubborn tool."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if SECONDS.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.fixture
def release(
    make_release: Any,
    hand_agent: Any,
    hand_tool: Any,
    prompt: Digest,
    schema_digest: Callable[[object], Digest],
) -> Iterator[Any]:
    """A parent that hands off to a child at work with a stubborn tool, and one whose child asks a person."""
    stubborn = hand_tool("acme.stay", ("shell", "-c", STUBBORN), workspace=None, reads="text")
    quick = hand_tool("acme.quick", ("shell", "-c", "echo done"), workspace=None, reads="text")
    summary = schema_digest(SUMMARY)
    ends = EndState("done", "succeeded", Constant("{}"), ())
    think = DecideState(
        "think",
        prompt,
        (CallEdge("acme.quick", "think__quick"),),
        (),
        summary,
        None,
        (Route("done"),),
        None,
        None,
    )
    stay = ToolState("stay", "acme.stay", NOTHING, "done", None, "done", None)
    go = ToolState("go", "acme.quick", NOTHING, "done", None, None, None)
    agents = [
        hand_agent("acme.busy", (stay, ends), ("acme.stay",), asks=False),
        hand_agent("acme.over_busy", (hand("acme.busy"), ends), ("acme.stay",), asks=False),
        hand_agent(
            "acme.asking", (think, CallState("think__quick", "acme.quick", "think"), ends), ("acme.quick",)
        ),
        hand_agent("acme.over_asking", (hand("acme.asking"), ends), ("acme.quick",), asks=False),
        hand_agent("acme.quick", (go, ends), ("acme.quick",), asks=False),
    ]
    yield make_release(agents, (stubborn, quick))
    for process in living():
        os.kill(process, signal.SIGKILL)


def hand(agent: str) -> HandoffState:
    return HandoffState("hand", agent, "range", Reference("task"), None, None, "done", None)


class Remitd:
    """The command, each time in a process of its own."""

    def __init__(self, release: Any, folder: Path) -> None:
        self.release, self.folder = release, folder

    def start(self, *words: str) -> subprocess.Popen[str]:
        line = "import sys; from remit_runtime.cli import main; sys.exit(main())"
        return subprocess.Popen(
            [sys.executable, "-c", line, *words],
            cwd=self.folder,
            env={**os.environ, "REMIT_HOME": str(self.release.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, agent: str, *words: str) -> subprocess.Popen[str]:
        return self.start(
            "run",
            agent,
            "--bundle",
            str(self.release.path),
            "--input",
            "since=v1",
            "--format",
            "json",
            *words,
        )

    def __call__(self, *words: str) -> tuple[int, str]:
        process = self.start(*words)
        out, errors = process.communicate(timeout=60)
        assert errors == ""
        return process.returncode, out

    def runs(self) -> dict[str, dict[str, Any]]:
        """The runs by agent, as `runs list` knows them."""
        return {one["agent"]: one for one in json.loads(self("runs", "list", "--format", "json")[1])["runs"]}

    def rows(self, run: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self("runs", "audit", run, "--format", "json")[1])["rows"]
        return rows


@pytest.fixture
def remitd(release: Any, tmp_path: Path) -> Remitd:
    return Remitd(release, tmp_path)


def wait_for(what: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def paused(remitd: Remitd, tmp_path: Path) -> str:
    """A run that waits because its child asks a person, which no process drives."""
    script = tmp_path / "ask.json"
    script.write_text('{"version": 0, "decisions": [{"ask": {"question": "which one?"}}]}', "utf-8")
    process = remitd.run("acme.over_asking", "--script", str(script))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 4
    run: str = json.loads(out)["run"]
    return run


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc")
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("kill", "everything", "--reason", "enough"), "killed"),
        (("kill", "agent:acme.over_busy", "--reason", "enough"), "killed"),
        (("runs", "cancel", "PARENT"), "cancelled"),
    ],
)
def test_a_parent_that_is_stopped_ends_with_its_child_and_the_tools_tree(
    remitd: Remitd, words: tuple[str, ...], reason: str
) -> None:
    driven = remitd.run("acme.over_busy")
    wait_for(lambda: len(living()) >= 3)
    parent = remitd.runs()["acme.over_busy"]["run"]
    assert remitd(*(parent if word == "PARENT" else word for word in words))[0] == 0
    out, errors = driven.communicate(timeout=30)
    assert (driven.returncode, errors) == (1, "")
    assert json.loads(out)["reason"] == reason
    assert living() == []
    runs = remitd.runs()
    assert runs["acme.busy"]["reason"] in (reason, "cancelled")
    assert runs["acme.busy"]["parent"] == parent
    child = [row["event"] for row in remitd.rows(runs["acme.busy"]["run"])]
    assert child.count("tool_intended") == child.count("tool_settled") == 1
    assert remitd("audit", "verify")[0] == 0


def test_a_kill_ends_runs_that_wait_with_those_above_and_lasts_until_it_is_lifted(
    remitd: Remitd, paused: str
) -> None:
    assert remitd("kill", "agent:acme.over_asking", "--reason", "leak")[0] == 0
    ended = remitd.runs()
    assert (ended["acme.over_asking"]["reason"], ended["acme.asking"]["reason"]) == ("killed", "killed")
    refused = remitd.run("acme.over_asking", "--script", str(remitd.folder / "ask.json"))
    assert refused.communicate(timeout=60)[0] == ""
    assert refused.returncode == 1
    assert remitd("lift", "agent:acme.over_asking", "--reason", "over")[0] == 0
    again = remitd.run("acme.over_asking", "--script", str(remitd.folder / "ask.json"))
    again.communicate(timeout=60)
    assert again.returncode == 4
    assert remitd("runs", "show", paused)[1].splitlines()[0].endswith("killed")


def test_a_halted_run_waits_and_goes_on_once_the_halt_is_lifted(remitd: Remitd) -> None:
    assert remitd("halt", "tool:acme.quick", "--reason", "look")[0] == 0
    halted = remitd.run("acme.quick")
    run = json.loads(halted.communicate(timeout=60)[0])["run"]
    assert halted.returncode == 4
    assert remitd("runs", "resume", run)[0] == 4
    assert remitd("lift", "tool:acme.quick", "--reason", "over")[0] == 0
    assert remitd("runs", "resume", run)[0] == 0
    assert [row["event"] for row in remitd.rows(run)].count("tool_intended") == 1
