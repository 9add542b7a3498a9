"""`remitd runs explain` and `runs trace` on real runs: what the journal holds is what they say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.graph import (
    CallEdge,
    CallState,
    DecideState,
    EndState,
    HandoffEdge,
    HandoffState,
    Reference,
    Route,
)
from remit_runtime.canonical import Digest
from remit_runtime.cli import main
from remit_runtime.invoke import InvokeRequest, Runtime, invoke
from remit_runtime.journal.family import Family, family_of
from remit_runtime.models.json_text import json_text
from remit_runtime.models.scripted import ScriptedModel, parse_script
from remit_runtime.run.explain import explained
from remit_runtime.run.explain.ended import total_of
from remit_runtime.trace.derive import spans_of

SUMMARY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary"],
    "properties": {"summary": {"type": "string"}},
}
CALL = {
    "call": {"tool": "git.log", "args": {"since": "v1"}},
    "usage": {"input_tokens": 40, "output_tokens": 3},
}
HAND = {"handoff": {"agent": "acme.other", "input": {"since": "v1"}}}
MERGE: dict[str, Any] = {"call": {"tool": "github.pr.merge", "args": {}}}
RESPOND = {"respond": {"summary": "One commit."}}


def scripted(*decisions: object) -> ScriptedModel:
    values: Any = {"version": 0, "decisions": list(decisions)}
    return ScriptedModel(parse_script(json_text(values).encode()))


@pytest.fixture
def handed(
    make_release: Any,
    hand_agent: Any,
    make_runtime: Callable[..., Runtime],
    repository: Path,
    prompt: Digest,
    schema_digest: Callable[[object], Digest],
) -> tuple[Runtime, str]:
    """A run whose model calls a tool, is denied another, hands off to an agent that calls one too, and responds."""
    summary = schema_digest(SUMMARY)
    edge, routes = CallEdge("git.log", "work__git_log"), (Route("done"),)
    hand = (HandoffEdge("acme.other", "work__other"),)
    done = EndState("done", "succeeded", Reference("work"), ())
    call = CallState("work__git_log", "git.log", "work")
    first = DecideState("work", prompt, (edge,), hand, summary, None, routes, None, None)
    other = DecideState("work", prompt, (edge,), (), summary, None, routes, None, None)
    to_other = HandoffState("work__other", "acme.other", "range", None, "work", None, "work", None)
    agents = [
        hand_agent("acme.digest", (first, call, to_other, done), ("git.log",)),
        hand_agent("acme.other", (other, call, done), ("git.log",)),
    ]
    release = make_release(agents)
    runtime = make_runtime(release.home)
    model = scripted(CALL, MERGE, HAND, CALL, RESPOND, RESPOND)
    request = InvokeRequest(
        "acme.digest", {"since": "v1"}, "os:ada", workspaces={"repository": repository}, model=model
    )
    result = invoke(runtime, release.open(), request)
    assert result.reason == "succeeded", result.detail
    return runtime, result.run


def test_the_explanation_counts_what_the_ledger_counts(handed: tuple[Runtime, str]) -> None:
    runtime, run = handed
    family = family_of(runtime.journal, run)
    for member in family.members():
        spent = runtime.journal.read(member.run).spent
        counted = (spent.steps, spent.model_calls, spent.tool_calls, spent.microusd)
        assert astuple(total_of(member)) == counted, member.run
    assert len(family.children) == 1


def test_a_child_is_explained_by_itself_and_drawn_in_the_trace_of_its_family(
    handed: tuple[Runtime, str],
) -> None:
    runtime, run = handed
    family = family_of(runtime.journal, run)
    child: Family = family_of(runtime.journal, family.children[0].run)
    assert explained(child, {})[0].facts[0].data["agent"] == "acme.other"
    whole, part = spans_of(family), spans_of(child)
    assert {one.trace_id for one in whole} == {one.trace_id for one in part}
    assert {one.span_id for one in part} <= {one.span_id for one in whole}


def test_a_denial_stands_among_what_went_wrong(handed: tuple[Runtime, str]) -> None:
    runtime, run = handed
    wrong = [one.data.get("wrong") for one in explained(family_of(runtime.journal, run), {})[14].facts]
    assert wrong.count("denial") == 1


def test_the_commands_print_both_forms(
    handed: tuple[Runtime, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime, run = handed
    monkeypatch.setenv("REMIT_HOME", str(runtime.home))
    for command in ("explain", "trace"):
        assert main(["runs", command, run]) == 0
        assert run in capsys.readouterr().out
        assert main(["runs", command, run, "--format", "json"]) == 0
        body = json.loads(capsys.readouterr().out)
        assert (body["version"], body["run"]) == (1, run)
    assert main(["runs", "explain", "run_none"]) == 2
    assert capsys.readouterr().err == "remitd: there is no run `run_none`\n"
