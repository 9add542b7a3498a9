"""Stops that another process commits while a tool or a model is at work here: seen at once, and nothing left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.agent import ModelIR
from remit_runtime.gateway.model import ModelFailed, ModelRequest, decide
from remit_runtime.gateway.outcome import CallFailed, Stopped
from remit_runtime.gateway.sandbox import Layer
from remit_runtime.journal.events import ModelIntended, ModelSettled
from remit_runtime.models.port import Message, ModelAnswer, ModelCall, ModelFault, ModelLimits

STOP = """
import json, sys, time
from pathlib import Path
from remit_runtime.journal.records import Scope
from remit_runtime.journal.sqlite import Journal
path, act, kind, id_ = sys.argv[1:]
journal = Journal.open(Path(path), lambda: int(time.time() * 1000))
while not any(row.event in ("tool_intended", "model_intended") for row in journal.audit_rows()):
    time.sleep(0.005)
wanted = json.loads(sys.stdin.readline())
def living():
    return [one for one in Path("/proc").glob("[0-9]*/cmdline") if wanted["marker"].encode() in one.read_bytes()]
while wanted["marker"] and len(living()) < 5:
    time.sleep(0.005)
time.sleep(wanted["seconds"])
if act == "cancel":
    journal.request_cancel(id_, "os:bob")
else:
    getattr(journal, act)(Scope(kind, id_), "os:bob", "enough")
print(time.time(), flush=True)
"""
STUBBORN = (
    "trap '' TERM; setsid sh -c \"trap '' TERM; sleep {0} & setsid sleep {0} >/dev/null 2>&1 & wait\" & "
    "(trap '' TERM; sleep {0}) & while :; do sleep {0}; done"
)
LONG_AGO = 1_795_000_000_000


@pytest.fixture
def sleepers(request: pytest.FixtureRequest) -> Iterator[tuple[str, Callable[[], list[int]]]]:
    """A number of seconds that is this test's own, and the living processes that sleep for it."""
    seconds = f"71713.{abs(hash(request.node.name)) % 1_000_000:06d}"

    def living() -> list[int]:
        found: list[int] = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and seconds.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
        return found

    yield seconds, living
    for process in living():
        os.kill(process, signal.SIGKILL)


@pytest.fixture
def stop(home: Path) -> Iterator[Callable[..., Callable[[], float]]]:
    """`stop(act, kind, id, seconds, marker)`: another process that waits for an intent, for five processes with the
    marker if there is one, and so long, and then stops."""
    begun: list[subprocess.Popen[str]] = []

    def start(
        act: str, kind: str = "everything", id_: str = "", seconds: float = 0.2, marker: str = ""
    ) -> Callable[[], float]:
        command = [sys.executable, "-c", STOP, str(home / "journal.db"), act, kind, id_]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        begun.append(process)
        # Its imports are behind it before ours begins, so that the pause is about the call.
        assert process.stdin is not None
        process.stdin.write(json.dumps({"seconds": seconds, "marker": marker}) + "\n")
        process.stdin.flush()
        return lambda: float(process.communicate(timeout=30)[0])

    yield start
    for process in begun:
        process.kill()
        process.wait()


def stubborn(tool: Any, seconds: str) -> Any:
    return tool("acme.do", ("shell", "-c", STUBBORN.format(seconds)))


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="there is no /proc")
def test_a_tool_that_ignores_sigterm_forks_and_leaves_its_session_is_gone_with_its_tree(
    make_world: Any, tool: Any, layer: Layer, sleepers: Any, stop: Any
) -> None:
    seconds, living = sleepers
    world = make_world(stubborn(tool, seconds), layers=[layer])
    killed_at = stop("kill", "run", world.run, marker=seconds)
    outcome = world.call("acme.do")
    took = time.time() - killed_at()
    assert isinstance(outcome, CallFailed)
    assert outcome.code == "stopped"
    assert living() == []
    assert took < 5, "the grace is three seconds"


@pytest.mark.parametrize(
    ("act", "kind", "id_"),
    [
        ("kill", "everything", ""),
        ("kill", "agent", "acme.worker"),
        ("kill", "tool", "acme.do"),
        ("cancel", "run", "run_test"),
    ],
)
def test_every_stop_of_another_process_ends_the_call_in_flight_and_nothing_begins_after_it(
    make_world: Any, tool: Any, sleepers: Any, stop: Any, act: str, kind: str, id_: str
) -> None:
    seconds, living = sleepers
    world = make_world(tool("acme.do", ("shell", "-c", f"sleep {seconds}")))
    stopped_at = stop(act, kind, id_)
    outcome = world.call("acme.do")
    assert (type(outcome), outcome.code) == (CallFailed, "stopped")
    stopped_at()
    assert isinstance(world.call("acme.do"), Stopped)
    assert living() == []
    rows = world.gateway.journal.audit_rows()
    stop_seq = next(row.seq for row in rows if row.event in ("kill", "cancel_requested"))
    assert [row.event for row in rows if row.seq > stop_seq] == ["tool_settled"]


def test_a_halt_of_another_process_lets_the_call_in_flight_end(make_world: Any, tool: Any, stop: Any) -> None:
    world = make_world(tool("acme.do", ("shell", "-c", "sleep 0.8; echo done")))
    halted_at = stop("halt", seconds=0.05)
    outcome = world.call("acme.do")
    halted_at()
    assert outcome.output == {"text": "done\n"}
    assert isinstance(world.call("acme.do"), Stopped)


class Silent:
    """A model that does not answer before the test is over."""

    name = "silent"

    def __init__(self) -> None:
        self.over = threading.Event()

    def endpoint_of(self, model: ModelIR) -> None:
        return None

    def decide(self, call: ModelCall, *_: object) -> ModelAnswer | ModelFault:
        self.over.wait(60)
        return ModelAnswer('{"respond": 1}', None)


def test_a_model_that_does_not_answer_is_not_waited_for_once_the_run_is_killed(
    make_world: Any, tool: Any, stop: Any
) -> None:
    world = make_world(tool("acme.do", ("shell", "-c", "true")))
    silent = Silent()
    model = ModelIR(
        "large", "test", "large-1", None, 32_000, 1_000, ("tools",), (), 2_500_000, 10_000_000, None
    )
    limits = ModelLimits(1_000, 8_000, "none", LONG_AGO + 600_000)
    asked = ModelCall(
        "acme.worker", "work", 1, 0, 1, model, (Message("system", "?"),), (), (), (), None, limits
    )
    killed_at = stop("kill", "run", world.run)
    came = decide(world.gateway, ModelRequest(world.lease, silent, asked, None))
    silent.over.set()
    killed_at()
    assert isinstance(came, ModelFailed)
    assert (came.outcome, came.code) == ("error", "stopped")
    intended, settled = world.events()
    assert isinstance(intended, ModelIntended)
    assert isinstance(settled, ModelSettled)
    assert settled.spent == intended.reserved


def test_what_a_model_raises_is_raised_where_it_is_waited_for(make_world: Any, tool: Any) -> None:
    class Broken(Silent):
        def decide(self, call: ModelCall, *_: object) -> ModelAnswer | ModelFault:
            raise KeyError("a bug of an adapter")

    world = make_world(tool("acme.do", ("shell", "-c", "true")))
    model = ModelIR("large", "test", "large-1", None, 32_000, 1_000, ("tools",), (), 0, 0, None)
    limits = ModelLimits(1_000, 8_000, "none", LONG_AGO + 600_000)
    asked = ModelCall("acme.worker", "work", 1, 0, 1, model, (), (), (), (), None, limits)
    with pytest.raises(KeyError):
        decide(world.gateway, ModelRequest(world.lease, Broken(), asked, None))
    assert [one.kind for one in world.gateway.journal.open_effects(world.run)] == ["model"]
