"""What the states of an agent give: in the repositories of docs/language.md, and of every type in one graph."""

import re
from pathlib import Path

import pytest

from remit.check import check
from remit.definitions import Agent
from remit.definitions.reference import reference_of
from remit.flow import flow_of
from remit.flow.kinds import KINDS
from remit.flow.types import Types
from remit.git import folder_tree
from remit.link import Unit

LANGUAGE = (Path(__file__).parents[3] / "docs" / "language.md").read_text()
BLOCK = re.compile(
    r"^```\w+ repo=(?P<repo>\w+) file=(?P<path>\S+)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL
)
ALL_STATES = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n",
    "policies/scope.yaml": """
apiVersion: remit/v1
kind: MemoryScope
metadata: {id: notes}
spec: {memory: semantic, namespace: [agent], retention_days: 30}
""",
    "agents/a/agent.yaml": """
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.a, version: 0.1.0, owner: dev}
spec:
  purpose: Have a state of every type.
  tasks:
    one: {word: string, "tags?": [string]}
    two: two.json
  tools: [git.log]
  memory: {read: [notes], write: [notes]}
  orchestration: {graph: graph.yaml}
  output: {said: string}
""",
    "agents/a/two.json": """
{"type": "object", "additionalProperties": false, "required": ["word"],
 "properties": {"word": {"type": "integer"}, "page": {"type": "integer", "default": 1}}}
""",
    "agents/a/graph.yaml": """
apiVersion: remit/v1
kind: Graph
spec:
  start: gather
  states:
    gather: {type: context, sources: [], next: fork}
    fork: {type: parallel, branches: {log: log, seen: seen}, join: remember}
    log: {type: tool, tool: git.log, args: {}, next: {ok: remember, error: remember}}
    seen:
      type: check
      values: {n: 1, word: "${task.word}", all: "${task}", text: "a ${task.word}"}
      schema: {n: integer}
      next: remember
    remember: {type: memory, write: notes, value: ["${fork.seen.word}", "$${x}"], next: recall}
    recall: {type: memory, read: notes, next: ask}
    ask: {type: approval, approval: std.origin, next: {approved: done}}
    done: {type: end, outcome: succeeded, output: {said: "x"}}
""",
}


def types(files: dict[str, str], root: Path, agent: str) -> Types:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    portfolio = check(folder_tree(root)).portfolio
    found = portfolio.find(Agent, agent)
    assert found is not None
    flow = flow_of(Unit(portfolio.path_of(found), found, portfolio))
    assert flow is not None
    return Types(flow)


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Types:
    return types(ALL_STATES, tmp_path_factory.mktemp("every"), "acme.a")


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Types:
    files = {one["path"]: one["content"] for one in BLOCK.finditer(LANGUAGE) if one["repo"] == "grown"}
    return types(files, tmp_path_factory.mktemp("grown"), "acme.reviewer")


def said(of: Types, written: str) -> str:
    reference = reference_of(written)
    assert reference is not None
    found = of.of(reference)
    return f"{found.presence} {'any' if found.kinds == KINDS else ' '.join(sorted(found.kinds))}".strip()


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("task", "always object"),
        ("task.word", "always integer string"),
        ("task.tags", "maybe array"),
        ("task.tags.0", "maybe string"),
        ("task.page", "maybe integer"),
        ("task.gone", "never"),
        ("gather.tokens", "always integer"),
        ("gather.sources.0.trust", "maybe string"),
        ("gather.text", "never"),
        ("fork.log", "always null object"),
        ("fork.log.lines", "maybe array"),
        ("fork.log.line", "never"),
        ("fork.seen.n", "always integer"),
        ("fork.seen.all.word", "always integer string"),
        ("fork.seen.text", "always string"),
        ("fork.other", "never"),
        ("remember", "always array"),
        ("remember.0", "always integer string"),
        ("remember.1", "always string"),
        ("remember.2", "never"),
        ("recall.anything", "maybe any"),
        ("ask.outcome", "always string"),
        ("ask.by.0", "maybe string"),
        ("ask.reason", "never"),
        ("done", "maybe any"),
        ("gone.a.b", "maybe any"),
    ],
)
def test_a_reference_stands_for_what_its_state_gives(every: Types, reference: str, expected: str) -> None:
    assert said(every, reference) == expected


def test_text_in_a_binding_is_what_is_meant_by_it(every: Types) -> None:
    reference = reference_of("remember.1")
    assert reference is not None

    assert every.of(reference).values == ("${x}",)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("task.base", "always string"),
        ("task.head", "maybe string"),
        ("look.diff.text", "always string"),
        ("look.secrets.lines.3", "maybe string"),
        ("review.verdict", "always string"),
        ("review.findings.0.title", "never"),
        ("evidence.findings", "always array"),
        ("explain.text", "always string"),
        ("report.url", "always string"),
        ("report.id", "never"),
    ],
)
def test_the_grown_repository_is_read_to_its_ends(grown: Types, reference: str, expected: str) -> None:
    assert said(grown, reference) == expected


def test_checks_that_pass_values_on_in_a_circle_come_to_an_end(tmp_path: Path) -> None:
    circle = """
apiVersion: remit/v1
kind: Graph
spec:
  start: a
  states:
    a: {type: check, values: {v: "${b.v}"}, schema: {}, max_visits: 2, next: b}
    b: {type: check, values: {v: "${a.v}"}, schema: {}, next: {passed: a, failed: done}}
    done: {type: end, outcome: succeeded, output: {said: "x"}}
"""
    of = types({**ALL_STATES, "agents/a/graph.yaml": circle}, tmp_path, "acme.a")

    assert said(of, "a.v") == "always any"
