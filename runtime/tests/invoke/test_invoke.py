"""The front door: what may not start, and that nothing starts then but an audit row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.graph import Constant, DecideState, EndState, ObjectOf, Reference, Route, ToolState
from remit_runtime.canonical import Digest
from remit_runtime.errors import RunRefused
from remit_runtime.invoke import InvokeRequest, Runtime, invoke, resume
from remit_runtime.journal.records import Scope
from remit_runtime.models.provider import ProviderModel
from remit_runtime.models.scripted import Script, ScriptedModel

SINCE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["since"],
    "properties": {"since": {"type": "string"}},
}
DONE = EndState("done", "succeeded", Constant("{}"), ())
FILES = ToolState("files", "git.ls_files", ObjectOf(()), "done", None, None, None)
SCRIPT = ScriptedModel(Script(()))


@pytest.fixture
def world(
    make_release: Any, make_runtime: Callable[..., Runtime], hand_agent: Any, prompt: Digest
) -> tuple[Runtime, Any]:
    """A runtime, and a bundle with one agent for each reason to be refused."""
    work = DecideState("work", prompt, (), (), None, None, (Route("done"),), None, None)
    release = make_release(
        [
            hand_agent("acme.plain", (DONE,), task=SINCE, asks=False),
            hand_agent("acme.files", (FILES, DONE), ("git.ls_files",), asks=False),
            hand_agent("acme.asks", (work, DONE)),
            hand_agent("acme.mute", (work, DONE), asks=False),
            hand_agent("acme.old", (DONE,), lifecycle="retired", asks=False),
            hand_agent("acme.memory", (DONE,), duties=("memory", "process"), asks=False),
        ]
    )
    return make_runtime(release.home), release.open()


GOOD = InvokeRequest("acme.plain", {"since": "v1"}, "os:ada")


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"agent": "acme.nobody"}, "agent_unknown", "the bundle holds no agent `acme.nobody`"),
        ({"agent": "acme.old"}, "agent_inactive", "agent `acme.old` is retired and takes no new run"),
        (
            {"agent": "acme.memory"},
            "duty_unsupported",
            "agent `acme.memory` needs `memory`, which this runtime does not keep",
        ),
        ({"task": "other"}, "task_unknown", "agent `acme.plain` has no task `other`; it has `range`"),
        (
            {"input": {"since": 1}},
            "input_invalid",
            "the input is not one of task `range`: `/since` does not satisfy `type`",
        ),
        (
            {"input": {"since": "v1", "sudo": True}},
            "input_invalid",
            "the input is not one of task `range`: `/` has the undeclared field `sudo`",
        ),
        (
            {"agent": "acme.asks"},
            "model_adapter_missing",
            "agent `acme.asks` asks a model: nobody answers for it",
        ),
        (
            {"agent": "acme.asks", "model": ProviderModel(lambda: 0)},
            "model_adapter_missing",
            "agent `acme.asks` asks a model that only a script answers for: give a script",
        ),
        (
            {"agent": "acme.mute", "model": SCRIPT},
            "model_missing",
            "agent `acme.mute` asks a model and allows none",
        ),
        ({"agent": "acme.files"}, "workspace_missing", "agent `acme.files` needs the workspace `repository`"),
        ({"tenant": "retail"}, "tenant_unknown", "the bundle has no tenant `retail`"),
    ],
)
def test_what_may_not_start_is_refused_and_audited(
    world: tuple[Runtime, Any], changes: dict[str, Any], code: str, message: str
) -> None:
    runtime, bundle = world
    with pytest.raises(RunRefused) as caught:
        invoke(runtime, bundle, replace(GOOD, **changes))
    assert (caught.value.code, caught.value.message) == (code, message)
    assert runtime.journal.runs() == ()
    [row] = runtime.journal.audit_rows()
    assert (row.event, row.outcome, row.code, row.detail) == ("run_rejected", "rejected", code, message)


def test_a_good_request_runs(world: tuple[Runtime, Any]) -> None:
    runtime, bundle = world
    result = invoke(runtime, bundle, GOOD)
    assert (result.reason, result.output) == ("succeeded", "{}")


def test_a_folder_that_is_no_repository_is_refused(world: tuple[Runtime, Any], tmp_path: Path) -> None:
    runtime, bundle = world
    request = replace(GOOD, agent="acme.files", input={}, workspaces={"repository": tmp_path})
    with pytest.raises(RunRefused) as caught:
        invoke(runtime, bundle, request)
    assert caught.value.code == "workspace_invalid"


def test_a_killed_agent_takes_no_run(world: tuple[Runtime, Any]) -> None:
    runtime, bundle = world
    runtime.journal.kill(Scope("agent", "acme.plain"), "os:ada", "leak")
    with pytest.raises(RunRefused) as caught:
        invoke(runtime, bundle, GOOD)
    assert caught.value.code == "run_killed"


def test_an_invocation_key_gives_the_run_that_it_made(world: tuple[Runtime, Any]) -> None:
    runtime, bundle = world
    request = replace(GOOD, invocation_key="once")
    assert invoke(runtime, bundle, request).run == invoke(runtime, bundle, request).run


def test_a_run_that_has_ended_stays_as_it_is(world: tuple[Runtime, Any]) -> None:
    runtime, bundle = world
    result = invoke(runtime, bundle, GOOD)
    assert resume(runtime, bundle, result.run) == result


def test_nothing_is_left_of_the_checkout_after_the_end(world: tuple[Runtime, Any], repository: Path) -> None:
    runtime, bundle = world
    request = replace(GOOD, agent="acme.files", input={}, workspaces={"repository": repository})
    assert invoke(runtime, bundle, request).reason == "succeeded"
    assert not list((runtime.home / "work").glob("*"))


def test_the_outputs_reference_has_no_value_before_its_state(
    make_release: Any, make_runtime: Callable[..., Runtime], hand_agent: Any
) -> None:
    end = EndState("done", "succeeded", Reference("later"), ())
    release = make_release([hand_agent("acme.plain", (end,), asks=False)])
    result = invoke(make_runtime(release.home), release.open(), replace(GOOD, input={}))
    assert (result.reason, result.detail) == ("failed", "`${later}` has no value yet")
