"""What gates and cases name: graders of suites, hosts of tools, files of answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from remit.check import CheckResult

CheckFiles = Callable[[Mapping[str, str]], CheckResult]

FILES = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n",
    "agents/a/agent.yaml": """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.a, version: 0.1.0, owner: dev}
spec:
  purpose: Comment.
  tasks: {t: {}}
  tools: [acme.comment]
  orchestration: {function: {tool: acme.comment, args: {body: x}}}
  output: {url: string}
  evaluation: {suites: [s]}
""",
    "tools/comment.yaml": """\
apiVersion: remit/v1
kind: Tool
metadata: {id: acme.comment, version: 1.0.0, owner: dev}
spec:
  effect: read
  input: {type: object, additionalProperties: false, required: [body], properties: {body: {type: string}}}
  output: {type: object, required: [url], properties: {url: {type: string}}}
  implementation:
    http: {method: POST, url: "https://review.example/comments", hosts: [review.example], body: arguments}
""",
    "policies/gate.yaml": """\
apiVersion: remit/v1
kind: Gate
metadata: {id: g}
spec:
  environments: [dev]
  require: [{metric: grader_pass_rate, grader: shape, op: ">=", value: 0.05}]
""",
    "evals/s/suite.yaml": """\
apiVersion: remit/v1
kind: EvalSuite
metadata: {id: s, owner: dev}
spec:
  agent: acme.a
  cases: cases.jsonl
  needs_model: true
  graders:
    - {id: shape, type: output_schema}
  success: [shape]
""",
    "evals/s/cases.jsonl": '{"id": "one", "services": {"review.example": "answers.json"}}\n',
    "evals/s/answers.json": '{"version": 0, "answers": [{"request": {"method": "POST", "path": "/comments"}}]}\n',
}


def answers(request: Mapping[str, object], **response: object) -> dict[str, str]:
    asked = {"method": "GET", "path": "/a", **request}
    body = {"version": 0, "answers": [{"request": asked, "response": response}]}
    return {"evals/s/answers.json": json.dumps(body)}


def findings(check_files: CheckFiles, files: Mapping[str, str]) -> list[str]:
    result = check_files({**FILES, **files})
    return [f"{one.span.path}:{one.span.start.line} {one.code} {one.message}" for one in result.diagnostics]


def test_a_suite_with_recorded_answers_and_a_gate_on_its_grader_is_well_formed(
    check_files: CheckFiles,
) -> None:
    assert findings(check_files, {}) == []


@pytest.mark.parametrize(
    ("files", "finding"),
    [
        (
            {"policies/gate.yaml": FILES["policies/gate.yaml"].replace("grader: shape", "grader: shap")},
            "policies/gate.yaml:6 REF001 there is no grader `shap` of the suite `s`",
        ),
        (
            {"policies/gate.yaml": FILES["policies/gate.yaml"].replace("grader: shape, ", "")},
            "policies/gate.yaml:6 SCH002 key `grader` is missing",
        ),
        (
            {"evals/s/cases.jsonl": FILES["evals/s/cases.jsonl"].replace("review.example", "revue.example")},
            "evals/s/cases.jsonl:1 REF001 there is no host `revue.example` of a tool",
        ),
        (
            {"evals/s/cases.jsonl": FILES["evals/s/cases.jsonl"].replace("answers.json", "none.json")},
            "evals/s/cases.jsonl:1 REF007 ",
        ),
        ({"evals/s/answers.json": "[]"}, "evals/s/answers.json:1 SCH003 "),
        ({"evals/s/answers.json": "{"}, "evals/s/answers.json:1 SCH003 "),
        ({"evals/s/answers.json": '{"version": 1, "answers": []}'}, "evals/s/answers.json:1 SCH003 "),
        (answers({"methd": "GET"}), "evals/s/answers.json:1 SCH001 "),
        (answers({"method": "BREW"}), "evals/s/answers.json:1 SCH004 "),
        (answers({"path": "a?b=c"}), "evals/s/answers.json:1 SCH003 "),
        (answers({}, text="a", body={}), "evals/s/answers.json:1 SCH006 "),
        (answers({}, status=99), "evals/s/answers.json:1 SCH003 "),
        (answers({}, file="none.diff"), "evals/s/answers.json:1 REF007 "),
        (answers({}, file="../../../x"), "evals/s/answers.json:1 REF006 "),
        (
            {
                "evals/s/cases.jsonl": '{"id": "one", "workspace": "w", "history": [{"files": "w"}]}',
                "evals/s/w/a": "",
            },
            "evals/s/cases.jsonl:1 SCH006 ",
        ),
        (
            {"evals/s/cases.jsonl": '{"id": "one", "history": [{"files": "w"}]}'},
            "evals/s/cases.jsonl:1 REF007 ",
        ),
    ],
    ids=str,
)
def test_what_is_named_wrongly_is_told_at_its_place(
    check_files: CheckFiles, files: Mapping[str, str], finding: str
) -> None:
    found = findings(check_files, files)
    assert any(one.startswith(finding) for one in found), found
