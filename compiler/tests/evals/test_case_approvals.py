"""Cases with people in the middle: what a case says they answer, and that nobody answers anything else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from remit.diagnostic import Fault
from remit.evals.results import CaseResult
from remit.git import Tree
from remit.release.ship import Sealed, evaluated, sealed

AGENT = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.lister, version: 0.1.0, owner: dev}
spec:
  purpose: List what is in a repository once somebody agrees.
  tasks: {list: {word: string}}
  instructions: {text: List.}
  tools: [git.ls_files]
  models: [dev]
  orchestration: {graph: graph.yaml}
  evaluation: {suites: [listing]}
  output: {files: [string]}
"""
GRAPH = """\
apiVersion: remit/v1
kind: Graph
spec:
  start: agree
  states:
    agree:
      type: approval
      approval: owner
      show: [task.word]
      next: {approved: files, denied: rejected, expired: rejected}
    files: {type: tool, tool: git.ls_files, args: {}, next: {ok: done, denied: rejected}}
    done: {type: end, outcome: succeeded, output: {files: "${files.items}"}}
    rejected: {type: end, outcome: rejected}
"""
POLICY = """\
apiVersion: remit/v1
kind: Policy
metadata: {id: listing, owner: dev}
spec:
  rules:
    - {id: listing-asks, effect: require_approval, tools: [git.ls_files], approval: two, reason: listing is a risk}
"""
SUITE = """\
apiVersion: remit/v1
kind: EvalSuite
metadata: {id: listing, owner: dev}
spec:
  agent: acme.lister
  cases: cases.jsonl
  graders:
    - {id: denials, type: policy}
  success: [denials]
"""


def requirement(name: str, role: str, count: int) -> str:
    spec = f"{{role: {role}, count: {count}}}"
    return f"apiVersion: remit/v1\nkind: Approval\nmetadata: {{id: {name}}}\nspec: {spec}\n"


FILES = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n",
    "agents/lister/agent.yaml": AGENT,
    "agents/lister/graph.yaml": GRAPH,
    "policies/listing.yaml": POLICY,
    "policies/owner.yaml": requirement("owner", "developer", 1),
    "policies/two.yaml": requirement("two", "developer", 2),
    "evals/listing/suite.yaml": SUITE,
}


def tree_of(files: Mapping[str, str]) -> Tree:
    def content(path: str, limit: int) -> bytes | Fault:
        return files[path].encode()

    return Tree(Path("/nowhere"), tuple(sorted(files)), content)


def result_of(approvals: Mapping[str, str] | None, **others: str) -> CaseResult:
    case: dict[str, object] = {"id": "one", "input": {"word": "all"}}
    if approvals is not None:
        case["approvals"] = approvals
    made = sealed(tree_of({**FILES, "evals/listing/cases.jsonl": json.dumps(case) + "\n", **others}), "dev")
    assert isinstance(made, Sealed), [str(found.message) for found in made.diagnostics]
    ticks: Iterator[int] = iter(range(1_795_000_000_000, 1_796_000_000_000, 7))
    (one,) = evaluated(made, ("listing",), lambda: next(ticks), "/usr/bin:/bin").results["listing"].cases
    return one


def test_people_approve_a_state_and_a_call_as_the_case_says() -> None:
    result = result_of({"owner": "approve", "two": "approve"})
    assert (result.passed, result.reason, result.error) == (True, "succeeded", None)


@pytest.mark.parametrize("denied", ["owner", "two"])
def test_people_deny_as_the_case_says(denied: str) -> None:
    result = result_of({"owner": "approve", "two": "approve", denied: "deny"})
    assert (result.passed, result.reason) == (False, "rejected")


def test_what_a_case_does_not_name_waits_and_does_not_pass() -> None:
    assert (result_of(None).passed, result_of(None).reason) == (False, "waiting")
    assert result_of({"owner": "approve"}).reason == "waiting"


def test_a_role_that_too_few_hold_is_an_error_of_the_case() -> None:
    members = "[{principal: 'github:acme/few', roles: [rare]}]"
    team = f"apiVersion: remit/v1\nkind: Team\nmetadata: {{id: few}}\nspec: {{members: {members}}}\n"
    few = {"policies/two.yaml": requirement("two", "rare", 2), "policies/few.yaml": team}
    result = result_of({"owner": "approve", "two": "approve"}, **few)
    assert (result.passed, result.error or "") == (
        False,
        "approvers_too_few: policy names 1 people who may answer `two`, and 2 must",
    )
