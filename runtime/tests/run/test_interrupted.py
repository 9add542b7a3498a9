"""A worker that dies at any question of a run or its child: resumed, the run ends as it would have."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.graph import (
    Branch,
    CallEdge,
    CallState,
    DecideState,
    EndState,
    HandoffEdge,
    HandoffState,
    ParallelState,
    Reference,
    Route,
)
from remit_runtime.canonical import Digest
from remit_runtime.errors import RunRefused
from remit_runtime.invoke import InvokeRequest, Runtime, invoke, resume
from remit_runtime.journal.events import RunEnded
from remit_runtime.models.json_text import json_text
from remit_runtime.models.port import ModelAnswer, ModelCall, ModelFault
from remit_runtime.models.scripted import ScriptedModel, parse_script
from remit_runtime.run.owner import is_gone, this_process

SUMMARY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary"],
    "properties": {"summary": {"type": "string"}},
}
DECISIONS: list[Any] = [
    {"state": "work", "call": {"tool": "git.log", "args": {"since": "v1"}}},
    {"state": "work", "handoff": {"agent": "acme.other", "input": {"since": "v1"}}},
    {"state": "think", "call": {"tool": "git.ls_files", "args": {}}},
    {"state": "think", "respond": {"summary": "Two files."}},
    {"state": "work", "respond": {"summary": "One commit."}},
    {"state": "again", "respond": {"summary": "The same."}},
]


class Died(BaseException):
    """The worker is gone: nothing of ours catches it."""


@dataclass
class Mortal:
    """The scripted model, in a worker that dies when the n-th question is put, before or after the answer."""

    script: ScriptedModel
    dies_at: int
    asked: int = 0
    ordinals: list[int] = field(default_factory=list[int])

    @property
    def name(self) -> str:
        return self.script.name

    def decide(self, call: ModelCall, _secret: str | None, /) -> ModelAnswer | ModelFault:
        self.asked += 1
        if self.asked == self.dies_at:
            raise Died
        self.ordinals.append(call.ordinal)
        return self.script.decide(call, _secret)


def model(dies_at: int) -> Mortal:
    text = json_text({"version": 0, "decisions": DECISIONS})
    return Mortal(ScriptedModel(parse_script(text.encode())), dies_at)


@pytest.fixture
def bundle(
    make_release: Any, hand_agent: Any, prompt: Digest, schema_digest: Callable[[object], Digest]
) -> Any:
    """An agent with two branches, whose first calls a tool and hands off; and the agent it hands off to."""
    summary = schema_digest(SUMMARY)
    work = DecideState(
        "work",
        prompt,
        (CallEdge("git.log", "work__log"),),
        (HandoffEdge("acme.other", "work__other"),),
        summary,
        None,
        (Route("done"),),
        None,
        None,
    )
    states = (
        ParallelState("fan", (Branch("a", "work"), Branch("b", "again")), "done"),
        work,
        CallState("work__log", "git.log", "work"),
        HandoffState("work__other", "acme.other", "range", None, "work", None, "work", None),
        DecideState("again", prompt, (), (), summary, None, (Route("done"),), None, None),
        EndState("done", "succeeded", Reference("fan"), ()),
    )
    think = DecideState(
        "think",
        prompt,
        (CallEdge("git.ls_files", "think__files"),),
        (),
        summary,
        None,
        (Route("end"),),
        None,
        None,
    )
    other = (
        think,
        CallState("think__files", "git.ls_files", "think"),
        EndState("end", "succeeded", Reference("think"), ()),
    )
    return make_release(
        [
            hand_agent("acme.digest", states, ("git.log", "git.ls_files")),
            hand_agent("acme.other", other, ("git.ls_files",)),
        ]
    )


@pytest.mark.parametrize("dies_at", range(1, len(DECISIONS) + 1))
def test_a_run_whose_worker_died_ends_as_it_would_have(
    bundle: Any, make_runtime: Callable[..., Runtime], repository: Path, dies_at: int
) -> None:
    runtime = make_runtime(bundle.home)
    mortal = model(dies_at)
    request = InvokeRequest(
        "acme.digest", {"since": "v1"}, "os:ada", workspaces={"repository": repository}, model=mortal
    )
    host, _, birth = runtime.owner.rsplit("/", 2)
    with pytest.raises(Died):
        invoke(replace(runtime, owner=f"{host}/{2**22 + 1}/{birth}"), bundle.open(), request)
    again = model(0)
    result = resume(runtime, bundle.open(), "run_1", again)
    assert result.reason == "succeeded"
    assert result.output == '{"a":{"summary":"One commit."},"b":{"summary":"The same."}}'
    assert mortal.ordinals + again.ordinals == list(range(len(DECISIONS)))
    for run in runtime.journal.runs():
        events = [stored.event for stored in runtime.journal.events(run.run)]
        assert sum(isinstance(event, RunEnded) for event in events) == 1
    assert result.spent.model_calls == len(DECISIONS) + 1


def test_a_run_that_another_worker_drives_is_not_taken_from_it(
    bundle: Any, make_runtime: Callable[..., Runtime], repository: Path
) -> None:
    runtime = make_runtime(bundle.home)
    request = InvokeRequest(
        "acme.digest", {"since": "v1"}, "os:ada", workspaces={"repository": repository}, model=model(2)
    )
    with pytest.raises(Died):
        invoke(runtime, bundle.open(), request)
    other = replace(runtime, owner="elsewhere/1/1")
    with pytest.raises(RunRefused) as caught:
        resume(other, bundle.open(), "run_1", model(0))
    assert caught.value.code == "run_leased"


def test_a_resumed_run_needs_its_script_again(
    bundle: Any, make_runtime: Callable[..., Runtime], repository: Path
) -> None:
    runtime = make_runtime(bundle.home)
    request = InvokeRequest(
        "acme.digest", {"since": "v1"}, "os:ada", workspaces={"repository": repository}, model=model(2)
    )
    with pytest.raises(Died):
        invoke(runtime, bundle.open(), request)
    with pytest.raises(RunRefused) as caught:
        resume(runtime, bundle.open(), "run_1")
    assert caught.value.code == "model_adapter_missing"


def test_a_process_is_gone_only_where_that_is_certain() -> None:
    host, pid, birth = this_process().rsplit("/", 2)
    assert not is_gone(this_process())
    assert is_gone(f"{host}/{2**22 + 1}/{birth}")
    assert birth == "0" or is_gone(f"{host}/{pid}/{int(birth) + 1}")
    strange = ("", "x", "elsewhere/1/1", f"{host}/x/1", f"{host}/1/x")
    assert not any(itertools.starmap(is_gone, ((one,) for one in strange)))
