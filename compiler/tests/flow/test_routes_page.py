"""The table of routes in docs/graphs.md says what is found of them, in a repository that holds each."""

import json
from pathlib import Path
from typing import Any

import pytest

from remit.check import check
from remit.definitions import Agent
from remit.definitions.state import ModelState
from remit.flow import flow_of
from remit.flow.routes import Dead, Routing, routing
from remit.flow.types import Types
from remit.git import folder_tree
from remit.link import Unit

PAGE = (Path(__file__).parents[3] / "docs" / "graphs.md").read_text(encoding="utf-8")

AGENT = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.sorter, version: 0.1.0, owner: dev}
spec:
  purpose: Sort.
  tasks: {sort: {text: string}}
  instructions: {text: Sort it.}
  models: [dev]
  orchestration: {graph: graph.yaml}
  output: out.json
"""
KINDS: dict[str, Any] = {"*": {"type": "string"}, "!": {"type": "string", "pattern": "^[ab]$"}}


def cases() -> list[tuple[str, ...]]:
    lines = PAGE.partition("<!-- cases of routes:")[2].splitlines()[3:]
    rows = lines[: next(number for number, line in enumerate(lines) if not line.startswith("|"))]
    return [tuple(cell.strip() for cell in row.strip("|").replace("`", "").split("|")) for row in rows]


def schema_of(written: str) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for part in written.split(";"):
        name, _, values = part.strip().partition(": ")
        required += [] if name.endswith("?") else [name]
        properties[name.rstrip("?")] = KINDS.get(values, {"enum": values.split()})
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


def route_of(written: str) -> dict[str, Any]:
    pattern, _, target = written.partition("-> ")
    when = {
        name.strip(): values.strip().split(",") if "," in values else values.strip()
        for name, _, values in (one.partition("=") for one in pattern.split("&") if one.strip())
    }
    return {"when": when, "to": target.strip()} if when else {"to": target.strip()}


def routing_of(schema: Any, routes: list[dict[str, Any]], root: Path) -> Routing:
    """What is found of routes over a decision, in a repository of one agent."""
    states: dict[str, Any] = {
        "sort": {"type": "model", "next": routes},
        **{to: {"type": "end", "outcome": "failed"} for to in sorted({route["to"] for route in routes})},
    }
    graph = {"apiVersion": "remit/v1", "kind": "Graph", "spec": {"start": "sort", "states": states}}
    (root / "agents").mkdir()
    (root / "remit.yaml").write_text("apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n")
    (root / "agents" / "agent.yaml").write_text(AGENT)
    (root / "agents" / "graph.yaml").write_text(json.dumps(graph))
    (root / "agents" / "out.json").write_text(json.dumps(schema))
    portfolio = check(folder_tree(root)).portfolio
    agent = portfolio.of(Agent)["acme.sorter"]
    flow = flow_of(Unit(portfolio.path_of(agent), agent, portfolio))
    assert flow is not None
    work = flow.states["sort"].work
    assert isinstance(work, ModelState)
    return routing(Types(flow), "sort", work.next)


def told(dead: Dead) -> str:
    value = "" if dead.value is None else f"={dead.value}"
    return f"{dead.route + 1} {dead.field or ''}{value}".strip()


@pytest.mark.parametrize(("decision", "routes", "dead", "missing"), cases())
def test_routes_have_the_findings_of_the_page(
    decision: str, routes: str, dead: str, missing: str, tmp_path: Path
) -> None:
    found = routing_of(schema_of(decision), [route_of(one) for one in routes.split(";")], tmp_path)

    assert "; ".join(told(one) for one in found.dead) == dead
    assert "; ".join(one or "any" for one in found.missing).replace("`", "").replace(" and ", ", ") == missing


def test_the_table_is_there() -> None:
    assert len(cases()) > 15
