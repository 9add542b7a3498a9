"""The sixty cases of provenance on the real road: compiled, sealed, signed, and run with real processes as tools."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from remit.diagnostic import Fault
from remit.evals.run import Bench
from remit.git import Tree
from remit.release.ship import Sealed, sealed
from remit.release.trial import trial
from remit_runtime.invoke import InvokeRequest, invoke
from remit_runtime.journal.events import RunEvent, ToolDecided, ToolIntended
from remit_runtime.journal.sqlite import Journal
from remit_runtime.models.json_text import json_text
from remit_runtime.models.scripted import ScriptedModel, parse_script

CASES = Path(__file__).parents[3] / "runtime" / "tests" / "provenance" / "cases"
NOW = 1_795_000_000_000
ROOT = "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n"
PERMIT = {
    "id": "cases-may",
    "effect": "permit",
    "effects": ["write", "irreversible"],
    "reason": "the cases are about origins",
}
NOTE = {"respond": {"note": "done"}}


@dataclass(frozen=True)
class Ended:
    """What a case has come to: its events, and those of its child runs, in the order in which they happened."""

    run: str
    status: str
    events: tuple[RunEvent, ...]

    @property
    def sent(self) -> list[ToolDecided]:
        """The decisions on the calls with an effect that were sent."""
        intended = {event.call for event in self.events if isinstance(event, ToolIntended)}
        return [one for one in self._effects if one.outcome == "allow" and one.call in intended]

    @property
    def waiting(self) -> list[ToolDecided]:
        """The decisions on the calls with an effect that wait for a person."""
        return [one for one in self._effects if one.outcome == "require_approval"]

    @property
    def _effects(self) -> list[ToolDecided]:
        decided = [event for event in self.events if isinstance(event, ToolDecided)]
        return [one for one in decided if TOOLS[one.tool]["effect"] != "read"]


TOOLS: dict[str, Any] = json.loads((CASES / "tools.json").read_text("utf-8"))


@dataclass(frozen=True)
class Road:
    """A runtime with the bundle of all cases. `outputs` is where its tools find what they give back."""

    bench: Bench
    outputs: Path
    ended: dict[str, Ended]

    def run(self, case: Mapping[str, Any]) -> Ended:
        """What comes of a case; it is run once."""
        if case["id"] not in self.ended:
            self.ended[case["id"]] = self._run(case)
        return self.ended[case["id"]]

    def model_of(self, case: Mapping[str, Any]) -> ScriptedModel:
        """The model that obeys whatever it reads."""
        script: Any = {"version": 0, "decisions": [*case["decisions"], NOTE, NOTE]}
        return ScriptedModel(parse_script(json_text(script).encode()))

    def _run(self, case: Mapping[str, Any]) -> Ended:
        for tool in TOOLS:
            given = case["outputs"].get(tool, {"done": True})
            (self.outputs / f"{tool}.json").write_text(json.dumps(given), "utf-8")
        agent = case.get("agent", "acme.worker")
        request = InvokeRequest(
            agent,
            case["task"],
            "os:ada",
            model=self.model_of(case),
            quoted=tuple(case.get("quoted", ())),
        )
        result = invoke(self.bench.runtime, self.bench.bundle, request)
        journal = self.bench.runtime.journal
        return Ended(result.run, result.reason or "waiting", tuple(_events(journal, result.run)))


def _events(journal: Journal, run: str) -> Iterator[RunEvent]:
    yield from (stored.event for stored in journal.events(run))
    for child in journal.children(run):
        yield from _events(journal, child)


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> Generator[Road]:
    outputs = tmp_path_factory.mktemp("outputs")
    made = sealed(_tree(_files(outputs)), "dev")
    assert isinstance(made, Sealed), [found.message for found in made.diagnostics]
    ticks = iter(range(NOW, NOW + 10_000_000, 7))
    with trial(made.bundle, lambda: next(ticks), os.defpath) as bench:
        shell = os.path.realpath("/bin/sh")
        configuration = f'[shell]\npath = "{shell}"\nreads = ["{outputs}"]\n'
        (bench.runtime.home / "executables.toml").write_text(configuration, "utf-8")
        yield Road(bench, outputs, {})


def _tree(files: Mapping[str, str]) -> Tree:
    def content(path: str, limit: int) -> bytes | Fault:
        return files[path].encode()

    return Tree(Path("/nowhere"), tuple(sorted(files)), content)


def _files(outputs: Path) -> dict[str, str]:
    files = {"remit.yaml": ROOT, "policies/cases.yaml": _policy()}
    for name, tool in TOOLS.items():
        files[f"tools/{name}.yaml"] = _tool(name, tool, outputs)
    everything = sorted(TOOLS)
    work = {"type": "model", "tools": everything, "decides": {"note": "string"}, "next": "done"}
    done = {"type": "end", "outcome": "succeeded", "output": "${work}"}
    files |= _agent("clerk", everything, {"work": work, "done": done})
    files |= _agent("worker", everything, {"work": {**work, "handoffs": ["acme.clerk"]}, "done": done})
    body, to = "${read.messages.0.body}", "${task.to}"
    files |= _agent("flow", ["mail.search", "mail.send"], _flow({"to": [to], "body": body}))
    sender = "${read.messages.0.from}"
    files |= _agent("relay", ["mail.search", "mail.send"], _flow({"to": [sender], "body": "Got it."}))
    return files


def _flow(send: Mapping[str, Any]) -> dict[str, Any]:
    args = {"subject": "Minutes", **send}
    return {
        "work": {"type": "tool", "tool": "mail.search", "args": {"query": "${task.query}"}, "next": "send"},
        "send": {"type": "tool", "tool": "mail.send", "args": _renamed(args), "next": "done"},
        "done": {"type": "end", "outcome": "succeeded", "output": {"note": "done"}},
    }


def _renamed(args: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(args).replace("${read.", "${work."))


def _agent(name: str, tools: list[str], states: Mapping[str, Any]) -> dict[str, str]:
    loose = {"type": "object"}
    agent = {
        "apiVersion": "remit/v1",
        "kind": "Agent",
        "metadata": {"id": f"acme.{name}", "version": "0.1.0", "owner": "dev", "risk": "low"},
        "spec": {
            "purpose": "Do what the task says.",
            "autonomy": "autonomous",
            "tasks": {"do": "task.json"},
            "instructions": {"text": "Do what the task says."},
            "orchestration": {"graph": "graph.yaml"},
            "tools": tools,
            "models": ["dev"],
            "output": {"note": "string"},
        },
    }
    graph = {"apiVersion": "remit/v1", "kind": "Graph", "spec": {"start": "work", "states": states}}
    folder = f"agents/{name}"
    return {
        f"{folder}/agent.yaml": json.dumps(agent),
        f"{folder}/graph.yaml": json.dumps(graph),
        f"{folder}/task.json": json.dumps(loose),
    }


def _policy() -> str:
    metadata = {"id": "cases", "owner": "dev"}
    rule = {**PERMIT, "tools": sorted(TOOLS)}
    return json.dumps(
        {"apiVersion": "remit/v1", "kind": "Policy", "metadata": metadata, "spec": {"rules": [rule]}}
    )


def _tool(name: str, tool: Mapping[str, Any], outputs: Path) -> str:
    spec = {
        "effect": tool["effect"],
        "destructive": tool.get("destructive", False),
        "input": {"type": "object", "additionalProperties": False, "properties": tool["input"]},
        "output": {"type": "object"},
        "arguments": {
            argument: dict(zip(("role", "type"), said.split(), strict=True))
            for argument, said in tool.get("arguments", {}).items()
        },
        "output_trust": {path: dict([said.split()]) for path, said in tool.get("output_trust", {}).items()},
        "implementation": {
            "process": {
                "argv": ["shell", "-c", f"cat {outputs / name}.json"],
                "output": "json",
                "workspace": "none",
            }
        },
    }
    metadata = {"id": name, "version": "1.0.0", "owner": "dev"}
    return json.dumps({"apiVersion": "remit/v1", "kind": "Tool", "metadata": metadata, "spec": spec})
