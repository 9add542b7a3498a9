"""The duties of an agent: what its runtime has to be able to enforce."""

from typing import Any

import pytest

from remit.definitions import Agent, Graph, Tool
from remit.definitions.duties import DUTIES, duties_of

WAYS: dict[str, Any] = {
    "process": {"argv": ["git"]},
    "http": {"method": "GET", "url": "https://a.example/x", "hosts": ["a.example"]},
    "mcp": {"server": "s", "tool": "t"},
    "python": {"wheel": "a.whl", "digest": "sha256:" + "0" * 64, "entry": "a:b"},
}


def agent(**spec: Any) -> Agent:
    base: dict[str, Any] = {"purpose": "p", "tasks": {"t": {}}, "output": {}, "instructions": {"text": "i"}}
    metadata = {"id": "a", "version": "0.1.0", "owner": "dev"}
    return Agent.model_validate(
        {"apiVersion": "remit/v1", "kind": "Agent", "metadata": metadata, "spec": {**base, **spec}}
    )


def tool(**spec: Any) -> Tool:
    base: dict[str, Any] = {"effect": "read", "input": {"type": "object"}, "output": {"type": "object"}}
    metadata = {"id": "x", "version": "0.1.0", "owner": "dev"}
    return Tool.model_validate(
        {"apiVersion": "remit/v1", "kind": "Tool", "metadata": metadata, "spec": {**base, **spec}}
    )


def graph(**states: Any) -> Graph:
    done: dict[str, Any] = {"type": "end", "outcome": "succeeded", "output": {}}
    spec: dict[str, Any] = {"start": "done", "states": {"done": done, **states}}
    return Graph.model_validate({"apiVersion": "remit/v1", "kind": "Graph", "spec": spec})


WORKFLOW: dict[str, Any] = {"workflow": {"steps": [{"id": "a", "tool": "x"}], "output": {}}}


@pytest.mark.parametrize(
    ("duty", "spec"),
    [
        ("model", {"orchestration": {"loop": {}}}),
        ("context", {"context": {"required": ["c"]}}),
        ("memory", {"memory": {"write": ["m"]}}),
        ("approval", {"autonomy": "act_with_approval"}),
        ("evidence_guardrail", {"guardrails": {"min_evidence_per_finding": 1}}),
        ("trace_required", {"observability": {"trace": "required"}}),
        ("fallback", {"models": {"allowed": ["a", "b"], "fallback": "in_order"}}),
    ],
)
def test_a_field_of_the_agent_is_a_duty(duty: str, spec: dict[str, Any]) -> None:
    plain = duties_of(agent(orchestration=WORKFLOW), None, {})

    assert plain == ()
    assert duty in duties_of(agent(**spec), None, {})


def test_one_model_needs_no_fallback() -> None:
    assert duties_of(agent(models={"allowed": ["a"], "fallback": "in_order"}), None, {}) == ("model",)


@pytest.mark.parametrize("way", ["process", "http", "mcp", "python"])
def test_the_way_a_granted_tool_is_performed_is_a_duty(way: str) -> None:
    with_tool = agent(orchestration=WORKFLOW, tools=["x"])
    credential: dict[str, Any] = {"ref": "c", "scopes": [], "ttl_seconds": 60}
    made = tool(implementation={way: WAYS[way]}, credential=credential)

    assert duties_of(
        with_tool, None, {"x": made, "y": tool(implementation={"process": {"argv": ["git"]}})}
    ) == tuple(sorted(("credential", way)))


def test_every_state_of_a_graph_is_a_duty_but_tools_and_ends() -> None:
    states: dict[str, Any] = {
        "c": {"type": "context", "next": "done"},
        "m": {"type": "model", "handoffs": ["b"], "next": "done"},
        "p": {"type": "parallel", "branches": {"x": "c"}, "join": "done"},
        "k": {"type": "check", "values": {}, "schema": {}, "next": "done"},
        "a": {"type": "approval", "approval": "x", "next": {"approved": "done"}},
        "r": {"type": "memory", "read": "s", "next": "done"},
        "t": {"type": "tool", "tool": "x", "next": "done"},
    }
    found = duties_of(agent(orchestration={"graph": "graph.yaml"}), graph(**states), {})

    assert found == ("approval", "check", "context", "handoff", "memory", "model", "parallel")
    assert set(found) < set(DUTIES)
