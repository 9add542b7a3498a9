"""Prompts and sources of context in a bundle: a prompt is its state's own, a source belongs to its agents' closure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from remit.lower.portfolio import Lowered
from remit_runtime.bundle.agent import AgentIR, ContextSourceIR, PromptIR
from remit_runtime.bundle.graph import ContextState, DecideState
from remit_runtime.canonical import Digest, decode_strict

LowerFiles = Callable[..., Lowered]
ROOT = "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n"
AGENT = """apiVersion: remit/v1
kind: Agent
metadata: {id: acme.notes, version: 0.1.0, owner: dev}
spec:
  purpose: Write notes.
  tasks: {write: {text: string}}
  instructions: notes.md
  models: [dev]
  tools: [git.log, git.grep]
  output: {notes: string}
"""
GRAPH = """apiVersion: remit/v1
kind: Graph
spec:
  start: look
  states:
    look: {type: model, prompt: look.md, tools: [git.log, git.grep], next: write}
    write: {type: model, tools: [git.grep], next: done}
    done: {type: end, outcome: succeeded, output: "${write}"}
"""
NOTES = "{% for t in tools %}{{ t.id }} {% endfor %}{{ task.text }}"
OFFERED = "agents/notes/agent.yaml"


def looped(**spec: str) -> dict[str, str]:
    lines = "".join(f"  {key}: {value}\n" for key, value in spec.items())
    return {"remit.yaml": ROOT, OFFERED: AGENT + lines, "agents/notes/notes.md": NOTES}


def graphed() -> dict[str, str]:
    files = looped(orchestration="{graph: graph.yaml}")
    return {**files, "agents/notes/graph.yaml": GRAPH, "agents/notes/look.md": "I am {{ agent.id }}."}


def source(name: str, spec: str) -> dict[str, str]:
    text = f"apiVersion: remit/v1\nkind: ContextSource\nmetadata: {{id: {name}}}\nspec: {{{spec}}}\n"
    return {f"policies/{name}.yaml": text}


def agent_of(lowered: Lowered) -> AgentIR:
    return lowered.agents["acme.notes"]


def closure_of(lowered: Lowered) -> Digest:
    return next(entry.closure for entry in lowered.entries if entry.id == "acme.notes")


def prompts(lowered: Lowered) -> dict[str, list[Any]]:
    """The segments of each asking state, slots as their roots and steps."""
    found: dict[str, list[Any]] = {}
    for state in agent_of(lowered).graph.states:
        if isinstance(state, DecideState):
            prompt = decode_strict(lowered.objects[state.prompt], PromptIR)
            found[state.id] = [
                one["text"] if one["type"] == "literal" else [one["value"]["root"], *one["value"]["path"]]
                for one in json.loads(lowered.objects[state.prompt])["segments"]
            ]
            assert len(prompt.segments) == len(found[state.id])
    return found


def test_a_prompt_is_evaluated_for_the_state_that_asks(lower_files: LowerFiles) -> None:
    assert prompts(lower_files(graphed())) == {
        "look": ["git.grep git.log ", ["task", "text"], "\n\n", "I am acme.notes."],
        "write": ["git.grep ", ["task", "text"]],
    }


def test_a_loop_offers_every_granted_tool(lower_files: LowerFiles) -> None:
    assert prompts(lower_files(looped())) == {"work": ["git.grep git.log ", ["task", "text"]]}


def test_a_template_that_comes_to_the_same_text_is_the_same_prompt(lower_files: LowerFiles) -> None:
    files = looped()
    written = {**files, "agents/notes/notes.md": "git.grep git.log {{ task.text }}"}
    assert closure_of(lower_files(files)) == closure_of(lower_files(written))


def test_what_a_prompt_says_of_a_tool_is_part_of_the_closure(lower_files: LowerFiles) -> None:
    files = looped()
    other = {**files, "agents/notes/notes.md": NOTES.replace("t.id", "t.effect")}
    assert closure_of(lower_files(files)) != closure_of(lower_files(other))


def test_plain_prompts_are_lowered_without_jinja(
    lower_files: LowerFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "jinja2"]:
        monkeypatch.delitem(sys.modules, name)
    lower_files({**looped(), "agents/notes/notes.md": "Write {{ task.text }}."})
    assert "jinja2" not in sys.modules


CONTEXT = "{required: [policy], optional: [log]}"
SOURCES = {
    **source("policy", "type: file, path: POLICY.md, trust: trusted, max_age_minutes: 2"),
    **source("log", "type: tool, tool: git.log, args: {since: '${task.text}'}"),
    **source("other", "type: task"),
}


def gathering(**others: str) -> dict[str, str]:
    return {**looped(context=CONTEXT), **SOURCES, **others}


def test_a_loop_with_sources_gathers_them_first(lower_files: LowerFiles) -> None:
    agent = agent_of(lower_files(gathering()))
    assert agent.graph.start == "gather"
    gather = next(state for state in agent.graph.states if isinstance(state, ContextState))
    assert gather == ContextState("gather", ("policy", "log"), "work")
    assert "context" in agent.duties


def test_the_sources_of_an_agent_are_objects_of_the_bundle(lower_files: LowerFiles) -> None:
    lowered = lower_files(gathering())
    pinned = {
        use.id: decode_strict(lowered.objects[use.object], ContextSourceIR)
        for use in agent_of(lowered).context.sources
    }
    assert list(pinned) == ["log", "policy"]
    assert (pinned["policy"].path, pinned["policy"].max_age_milliseconds) == ("POLICY.md", 120_000)
    assert (pinned["log"].tool, pinned["log"].trust, pinned["log"].max_tokens) == (
        "git.log",
        "untrusted",
        4000,
    )


@pytest.mark.parametrize(
    ("name", "spec", "changes"),
    [
        ("policy", "type: file, path: OTHER.md, trust: trusted, max_age_minutes: 2", True),
        ("log", "type: tool, tool: git.log, args: {since: v1}", True),
        ("other", "type: task, max_tokens: 9", False),
    ],
)
def test_a_source_changes_the_closure_of_those_who_gather_it(
    lower_files: LowerFiles, name: str, spec: str, changes: bool
) -> None:
    before, after = lower_files(gathering()), lower_files(gathering(**source(name, spec)))
    assert (closure_of(before) != closure_of(after)) is changes


def test_a_state_may_gather_what_its_agent_does_not_list(lower_files: LowerFiles) -> None:
    graph = GRAPH.replace("start: look", "start: gather").replace(
        "  states:\n", "  states:\n    gather: {type: context, sources: [other], next: look}\n"
    )
    files: Mapping[str, str] = {**graphed(), **SOURCES, "agents/notes/graph.yaml": graph}
    assert [use.id for use in agent_of(lower_files(files)).context.sources] == ["other"]
