"""Every case of docs/effects.md: what is found of a small agent, and where."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from remit.check import check
from remit.git import folder_tree

PAGE = Path(__file__).resolve().parents[3] / "docs" / "effects.md"
CODES = ("GRF010", "GRF016")

AGENT = """apiVersion: remit/v1
kind: Agent
metadata: {{id: acme.one, version: 0.1.0, owner: dev, risk: {risk}}}
spec:
  purpose: Do what the case says.
  autonomy: {autonomy}
  tasks: {{do: {{word: string}}}}
  tools: [acme.look, acme.act, acme.then]
  models: [dev]
  orchestration: {{graph: graph.yaml}}
  output: {{word: string}}
"""
OTHER = """apiVersion: remit/v1
kind: Agent
metadata: {id: acme.other, version: 0.1.0, owner: dev, risk: low}
spec:
  purpose: Do nothing.
  tasks: {do: {word: string}}
  instructions: {text: Say a word.}
  models: [dev]
  output: {word: string}
"""
TOOL = """apiVersion: remit/v1
kind: Tool
metadata: {{id: acme.{name}, version: 0.1.0, owner: dev}}
spec:
  effect: {effect}
  input: {{type: object, additionalProperties: false}}
  output: {{type: object, additionalProperties: false, required: [word], properties: {{word: {{type: string}}}}}}
  implementation: {{http: {{method: POST, url: "https://acme.example/{name}", hosts: [acme.example]}}}}
"""
POLICY = """apiVersion: remit/v1
kind: Policy
metadata: {{id: house}}
spec:
  rules:
    - {{id: look, effect: permit, tools: [acme.look], reason: looking is free}}
{rules}"""
PERMIT = "    - {id: act, effect: permit, tools: [acme.act, acme.then], reason: it may be done}\n"
ASK = "    - {{id: more, effect: require_approval, approval: people, reason: a person reads it, {scope}}}\n"
FORBID = "    - {{id: more, effect: forbid, reason: it may not be done, {scope}}}\n"
RULES = {
    "none": PERMIT,
    "permits nothing": "",
    "asks": PERMIT + ASK.format(scope="tools: [acme.act]"),
    "asks when the resource is critical": PERMIT + ASK.format(scope="when: {resource.risk: critical}"),
    "asks where an origin is lacking": PERMIT + ASK.format(scope="when: {provenance.trusted: false}"),
    "asks another agent": PERMIT + ASK.format(scope="agents: [acme.other]"),
    "asks for another effect": PERMIT + ASK.format(scope="effects: [{other}]"),
    "forbids": PERMIT + FORBID.format(scope="tools: [acme.act, acme.then]"),
    "forbids when the resource is critical": PERMIT + FORBID.format(scope="when: {resource.risk: critical}"),
}
APPROVAL = "apiVersion: remit/v1\nkind: Approval\nmetadata: {id: people}\nspec: {role: developer}\n"
HEADS = {
    "look": ["type: tool", "tool: acme.look", "max_visits: 9"],
    "act": ["type: tool", "tool: acme.act", "max_visits: 9"],
    "then": ["type: tool", "tool: acme.then"],
    "offer": ["type: model", "tools: [acme.act]", "prompt: {text: Act.}", "decides: {kind: string}"],
    "think": ["type: model", "prompt: {text: Think.}", "decides: {kind: string}", "max_visits: 9"],
    "sort": ["type: check", 'values: {word: "${task.word}"}', "schema: {word: string}"],
    "tell": ["type: check", 'values: {said: "${ask.outcome}"}', "schema: {said: string}"],
    "ask": ["type: approval", "approval: people"],
    "fork": ["type: parallel"],
}
REQUIRED = {"tool": ("ok",), "check": ("passed",), "approval": ("approved",)}


class Case(NamedTuple):
    autonomy: str
    risk: str
    effect: str
    rule: str
    graph: str
    findings: str


def cases() -> list[Case]:
    table = PAGE.read_text().partition("<!-- cases of effects:")[2].partition("\n\n")[0]
    rows = [re.split(r" *\| *", line.strip("| ")) for line in table.splitlines()[3:]]
    return [Case(*(cell.strip("`") for cell in row)) for row in rows]


class Written(NamedTuple):
    """A graph as text, and the lines on which each state, and each outcome of each, stands."""

    text: str
    lines: dict[str, set[int]]


def written(graph: str) -> Written:
    edges = [part.split(" ") for part in graph.split(", ")]
    states = list(dict.fromkeys(state for state, *_ in edges))
    lines = ["apiVersion: remit/v1", "kind: Graph", "spec:", f"  start: {states[0]}", "  states:"]
    found: dict[str, set[int]] = {}
    for state in states:
        kind = re.sub(r"\d", "", state)
        lines.append(f"    {state}:")
        found[state] = {len(lines)}
        lines += [f"      {line}" for line in HEADS[kind]]
        if kind == "offer":
            found[state] = {len(lines) - 2}
        out = [(outcome, target) for source, outcome, target in edges if source == state]
        for line, outcome in of_kind(kind, out):
            lines.append(line)
            found.setdefault(f"{state} {outcome}", set()).add(len(lines))
    lines += ["    done: {type: end, outcome: succeeded, output: {word: done}}", ""]
    return Written("\n".join(lines), found)


def of_kind(kind: str, out: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if kind in ("think", "offer"):
        decided = [target for outcome, target in out if outcome == "decided"]
        routes = [
            (f"        - {{when: {{kind: k{n}}}, to: {target}}}", "decided")
            for n, target in enumerate(decided)
        ]
        routes[-1] = (f"        - {{to: {decided[-1]}}}", "decided")
        others = [(f"      {outcome}: {target}", outcome) for outcome, target in out if outcome != "decided"]
        return [("      next:", "next"), *routes, *others]
    if kind == "fork":
        branches = [(f"        {name}: {target}", name) for name, target in out if name != "join"]
        return [
            ("      branches:", "branches"),
            *branches,
            *((f"      join: {t}", "join") for name, t in out if name == "join"),
        ]
    return [("      next:", "next"), *((f"        {outcome}: {target}", outcome) for outcome, target in out)]


@pytest.mark.parametrize("case", cases(), ids=" ".join)
def test_a_case_of_the_page_is_found_as_it_says(case: Case, tmp_path: Path) -> None:
    graph = written(case.graph)
    other = "irreversible" if case.effect == "write" else "write"
    files = {
        "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n",
        "agents/one/agent.yaml": AGENT.format(autonomy=case.autonomy, risk=case.risk),
        "agents/one/graph.yaml": graph.text,
        "agents/other/agent.yaml": OTHER,
        "tools/look.yaml": TOOL.format(name="look", effect="read"),
        "tools/act.yaml": TOOL.format(name="act", effect=case.effect),
        "tools/then.yaml": TOOL.format(name="then", effect=case.effect),
        "policies/house.yaml": POLICY.format(rules=RULES[case.rule].replace("{other}", other)),
        "policies/people.yaml": APPROVAL,
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    # Some cases permit nothing, or forbid what they permit, which other rules tell.
    diagnostics = check(folder_tree(tmp_path), {"POL004": "off", "POL006": "off"}).diagnostics

    errors = [one for one in diagnostics if one.severity == "error"]
    assert [one for one in errors if one.code[:3] in ("SYN", "SCH", "REF", "POL")] == []
    found = sorted((one.code, one.span.start.line) for one in diagnostics if one.code in CODES)
    wanted = [] if case.findings == "none" else sorted(case.findings.split(", "))
    assert [code for code, _ in found] == [one.partition(" ")[0] for one in wanted]
    for (_, line), one in zip(found, wanted, strict=True):
        assert line in graph.lines[one.partition(" ")[2]]


def test_the_page_has_cases_of_every_finding() -> None:
    assert {word for case in cases() for word in case.findings.split() if word in CODES} == set(CODES)
    assert sum(case.findings == "none" for case in cases()) >= 15
