"""Suites on the real runtime: what makes a case pass, what a result is about, and that it comes out the same again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from remit.diagnostic import Fault
from remit.evals.gate import judge
from remit.evals.gates import judged
from remit.evals.results import CaseResult, SuiteResult
from remit.evals.run import passes
from remit.git import Tree
from remit.read.file import file_fault
from remit.release.ship import Evaluated, Sealed, evaluated, sealed
from remit_runtime.errors import UsageError

Files = Mapping[str, str | bytes]
Evaluate = Callable[[Files], SuiteResult]

AGENT = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.mapper, version: 0.1.0, owner: dev}
spec:
  purpose: Say what is in a repository.
  tasks: {say: {word: string}}
  instructions: {text: "Say: {{ task.word }}"}
  tools: [git.ls_files, git.grep]
  models: [dev]
  orchestration:
    workflow:
      steps:
        - {id: files, tool: git.ls_files, args: {}}
        - {id: say, type: model, decides: {said: string}, tools: [git.grep]}
      output: {files: "${files.items}", said: "${say.said}"}
      artifacts: {said.json: "${say.said}", files.json: "${files}"}
  evaluation: {suites: [saying]}
  output: {files: [string], said: string}
"""
SUITE = """\
apiVersion: remit/v1
kind: EvalSuite
metadata: {id: saying, owner: dev}
spec:
  agent: acme.mapper
  cases: cases.jsonl
  graders:
    - {id: said, type: exact, at: said}
    - {id: files, type: exact, at: files}
    - {id: calls, type: trajectory, order: exact}
    - {id: denials, type: policy}
    - {id: whole, type: output_schema}
    - {id: note, type: exact, artifact: said.json}
  success: [said]
"""
GATE = """\
apiVersion: remit/v1
kind: Gate
metadata: {id: quality, owner: dev}
spec:
  environments: [dev]
  agents: [acme.mapper]
  require:
    - {metric: policy_violation_rate, op: "==", value: 0, min_cases: 1}
"""


def script(*decisions: object) -> str:
    return json.dumps({"version": 0, "decisions": decisions})


def case(name: str, **keys: Any) -> str:
    given = {"input": {"word": "hello"}, "script": "hello.json", "expect": {"said": "hello"}}
    return json.dumps({"id": name, **given, **keys}) + "\n"


HELLO = script({"state": "say", "respond": {"said": "hello"}})
FILES: Files = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n",
    "agents/mapper/agent.yaml": AGENT,
    "evals/saying/suite.yaml": SUITE,
    "evals/saying/cases.jsonl": case("one"),
    "evals/saying/hello.json": HELLO,
    "policies/gate.yaml": GATE,
}
CASES, SUITE_PATH = "evals/saying/cases.jsonl", "evals/saying/suite.yaml"


def tree_of(files: Files) -> Tree:
    def content(path: str, limit: int) -> bytes | Fault:
        text = files[path]
        data = text.encode() if isinstance(text, str) else text
        return data if len(data) <= limit else file_fault("too-large", path)

    return Tree(Path("/nowhere"), tuple(sorted(files)), content)


def sealed_files(files: Files) -> Sealed:
    made = sealed(tree_of({**FILES, **files}), "dev")
    assert isinstance(made, Sealed), [str(found.message) for found in made.diagnostics]
    return made


def shown_by(files: Files) -> Evaluated:
    ticks: Iterator[int] = iter(range(1_795_000_000_000, 1_796_000_000_000, 7))
    return evaluated(sealed_files(files), ("saying",), lambda: next(ticks), "/usr/bin:/bin")


def result_of(files: Files) -> SuiteResult:
    return shown_by(files).results["saying"]


def only(result: SuiteResult) -> CaseResult:
    (one,) = result.cases
    return one


def grades(result: CaseResult) -> dict[str, tuple[bool, str]]:
    return {grade.grader: (grade.passed, grade.detail) for grade in result.grades}


# ---- what makes a case pass


def test_a_case_passes_when_its_run_ends_well_and_the_named_graders_pass() -> None:
    result = only(result_of({}))
    assert (result.passed, result.reason, result.error, result.violations) == (True, "succeeded", None, 0)
    # `files`, `calls` and `note` had nothing to compare with; they are not among those that decide.
    assert grades(result)["said"] == (True, "as expected")
    assert grades(result)["files"] == (False, "the case expects nothing of this grader")


def test_a_grader_that_decides_and_has_nothing_to_compare_with_does_not_pass() -> None:
    result = only(result_of({CASES: case("one", expect={})}))
    assert (result.passed, result.error) == (False, None)
    assert grades(result)["said"] == (False, "the case expects nothing of this grader")


def test_a_run_that_ends_otherwise_than_the_case_wants_does_not_pass() -> None:
    result = only(result_of({CASES: case("one", outcome="rejected")}))
    assert (result.passed, result.reason) == (False, "succeeded")
    passed, detail = grades(result)["outcome"]
    assert (passed, detail.startswith("the run ended as succeeded, expected rejected")) == (False, True)


def test_a_case_may_want_a_run_to_end_badly() -> None:
    elsewhere = script({"state": "other", "respond": {"said": "hello"}})
    files = {
        CASES: case("one", outcome="decision_invalid", expect={"calls": ["git.ls_files"]}),
        SUITE_PATH: SUITE.replace("success: [said]", "success: [calls]"),
        "evals/saying/hello.json": elsewhere,
    }
    result = only(result_of(files))
    assert (result.passed, result.reason) == (True, "decision_invalid")


def test_a_case_whose_run_cannot_start_is_an_error_has_not_passed_and_proves_no_absence_of_violations() -> (
    None
):
    shown = shown_by({CASES: case("one") + case("two", script=None).replace('"script": null, ', "")})
    one, two = shown.results["saying"].cases
    assert (one.passed, two.passed, two.reason, two.violations) == (True, False, "not_started", None)
    assert two.error is not None
    assert two.error.startswith("model_adapter_missing: ")
    (judgement,) = shown.judgements
    assert (judgement.verdict, judgement.n, judgement.k) == ("not_proven", 2, 1)


def test_an_input_that_the_task_does_not_take_is_an_error_of_the_case() -> None:
    result = only(result_of({CASES: case("one", input={"wrod": "hello"})}))
    assert (result.passed, result.violations, result.runs) == (False, None, ())
    assert (result.error or "").startswith("input_invalid: ")


def test_a_case_whose_run_waits_for_a_person_has_not_passed() -> None:
    result = only(
        result_of({"evals/saying/hello.json": script({"state": "say", "ask": {"question": "why"}})})
    )
    assert (result.passed, result.reason, result.error) == (False, "waiting", "the run waits for a person")


def test_a_call_that_was_denied_unasked_is_a_violation() -> None:
    files = {
        "evals/saying/hello.json": script(
            {"state": "say", "call": {"tool": "git.log", "args": {}}},
            {"state": "say", "respond": {"said": "hello"}},
        ),
        CASES: case("unasked") + case("asked", expect={"said": "hello", "denials": ["git.log"]}),
    }
    shown = shown_by(files)
    unasked, asked = shown.results["saying"].cases
    assert (unasked.passed, unasked.violations, asked.violations) == (True, 1, 0)
    assert grades(unasked)["denials"][0] is False
    assert grades(asked)["denials"] == (True, "as expected")
    assert [one.verdict for one in shown.judgements] == ["failed"]


def test_calls_are_graded_with_their_arguments() -> None:
    expected = ["git.ls_files", {"tool": "git.grep", "args": {"pattern": "x"}}]
    files = {
        CASES: case("one", expect={"said": "hello", "calls": expected}),
        SUITE_PATH: SUITE.replace("success: [said]", "success: [said, calls, whole]"),
        "evals/saying/hello.json": script(
            {"state": "say", "call": {"tool": "git.grep", "args": {"pattern": "x"}}},
            {"state": "say", "respond": {"said": "hello"}},
        ),
    }
    assert only(result_of(files)).passed


def test_an_artifact_that_is_text_is_graded_as_text_whatever_its_name() -> None:
    result = only(result_of({CASES: case("one", expect={"said": "hello", "note": "hello"})}))
    assert grades(result)["note"] == (True, "as expected")


CHILD = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.child, version: 0.1.0, owner: dev}
spec:
  purpose: Say a word.
  tasks: {say: {word: string}}
  instructions: {text: "Say: {{ task.word }}"}
  tools: [git.grep]
  models: [dev]
  output: {said: string}
"""
PARENT = """\
      steps:
        - {id: files, tool: git.ls_files, args: {}}
        - {id: say, type: handoff, agent: acme.child, input: {word: "${task.word}"}}
"""


def test_calls_of_a_child_run_are_calls_of_the_case() -> None:
    steps = AGENT[AGENT.index("      steps:") : AGENT.index("      output: {files")]
    files: Files = {
        "agents/child/agent.yaml": CHILD,
        "agents/mapper/agent.yaml": AGENT.replace(steps, PARENT),
        "evals/saying/hello.json": script(
            {"state": "work", "call": {"tool": "git.log", "args": {}}},
            {"state": "work", "call": {"tool": "git.grep", "args": {"pattern": "x"}}},
            {"state": "work", "respond": {"said": "hello"}},
        ),
        CASES: case("one", expect={"said": "hello", "calls": ["git.ls_files", "git.grep"]}),
        SUITE_PATH: SUITE.replace("success: [said]", "success: [said, calls]"),
    }
    shown = shown_by(files)
    result = only(shown.results["saying"])
    assert (result.passed, result.violations) == (True, 1)
    assert [one.verdict for one in shown.judgements] == ["failed"]


# ---- epochs


def test_every_epoch_is_a_run_of_its_own() -> None:
    result = only(result_of({SUITE_PATH: SUITE.replace("  graders:", "  epochs: 3\n  graders:")}))
    assert (result.passed, len(result.runs), len(set(result.runs))) == (True, 3, 3)


@pytest.mark.parametrize(
    ("epochs", "rule", "passed"),
    [
        ([True], "all", True),
        ([True, False, True], "all", False),
        ([True, False, True], "majority", True),
        ([True, False], "majority", False),
        ([False, False, True], "majority", False),
        ([True, True, True], "majority", True),
    ],
)
def test_a_case_passes_by_all_or_by_most_of_its_epochs(
    epochs: Sequence[bool], rule: Literal["all", "majority"], passed: bool
) -> None:
    assert passes(epochs, rule) is passed


# ---- workspaces and scripts

FIXTURE: dict[str, bytes] = {
    ".gitattributes": b"* text=auto eol=lf\n*.id ident\n",
    ".gitignore": b"ignored.txt\n",
    "a dir/ü.txt": b"\r\n",
    "binary": bytes(range(256)),
    "crlf.txt": b"needle\r\n",
    "ignored.txt": b"here\n",
}


def test_a_workspace_is_committed_as_it_stands_file_by_file() -> None:
    names = sorted(FIXTURE)
    files: dict[str, str | bytes] = {f"evals/saying/fixture/{name}": data for name, data in FIXTURE.items()}
    files[CASES] = case("one", workspace="fixture", expect={"said": "hello", "files": names})
    files[SUITE_PATH] = SUITE.replace("success: [said]", "success: [said, files]")
    result = only(result_of(files))
    assert grades(result)["files"] == (True, "as expected")
    assert result.passed


def test_without_a_workspace_a_case_works_on_an_empty_repository() -> None:
    result = only(result_of({CASES: case("one", expect={"said": "hello", "files": []})}))
    assert grades(result)["files"] == (True, "as expected")


def test_what_a_case_names_is_found_from_the_file_the_case_stands_in() -> None:
    files = {
        SUITE_PATH: SUITE.replace("cases: cases.jsonl", "cases: data/cases.jsonl"),
        "evals/saying/data/cases.jsonl": case("one", workspace="here"),
        "evals/saying/data/hello.json": HELLO,
        "evals/saying/data/here/a.txt": "a",
    }
    assert only(result_of(files)).passed


def test_a_fixture_that_cannot_be_read_is_refused_rather_than_left_out() -> None:
    files: Files = {
        CASES: case("one", workspace="fixture"),
        "evals/saying/fixture/large": b"x" * (16 * 2**20 + 1),
    }
    with pytest.raises(
        UsageError, match=r"`evals/saying/fixture/large` cannot be given to a case: too large"
    ):
        sealed_files(files)


HISTORY = [{"files": "before", "tag": "v1"}, {"files": "after", "message": "Add b", "tag": "v2"}]


def test_a_history_is_committed_in_its_order_with_its_tags() -> None:
    agent = AGENT.replace("git.ls_files, git.grep]", "git.ls_files, git.grep, git.log, git.diff]").replace(
        "tools: [git.grep]}", "tools: [git.log, git.diff]}"
    )
    files: Files = {
        "agents/mapper/agent.yaml": agent,
        CASES: case(
            "one",
            history=HISTORY,
            expect={
                "said": "hello",
                "files": ["a.txt", "b.txt"],
                "calls": ["git.ls_files", "git.log", {"tool": "git.diff", "args": {"base": "v1"}}],
            },
        ),
        SUITE_PATH: SUITE.replace("success: [said]", "success: [said, files, calls, denials]"),
        "evals/saying/before/a.txt": "1",
        "evals/saying/after/a.txt": "1",
        "evals/saying/after/b.txt": "2",
        "evals/saying/hello.json": script(
            {"state": "say", "call": {"tool": "git.log", "args": {"since": "v1"}}},
            {"state": "say", "call": {"tool": "git.diff", "args": {"base": "v1", "head": "v2"}}},
            {"state": "say", "respond": {"said": "hello"}},
        ),
    }
    assert only(result_of(files)).passed


def test_a_suite_that_needs_a_program_which_is_not_here_does_not_run_and_is_no_evidence() -> None:
    tool = """\
apiVersion: remit/v1
kind: Tool
metadata: {id: acme.scan, version: 1.0.0, owner: dev}
spec:
  effect: read
  input: {type: object, additionalProperties: false, properties: {}}
  output: {type: object}
  implementation: {process: {argv: [never-installed], output: json}}
"""
    files: Files = {
        "tools/scan.yaml": tool,
        "agents/mapper/agent.yaml": AGENT.replace(
            "git.ls_files, git.grep]", "git.ls_files, git.grep, acme.scan]"
        ),
    }
    shown = shown_by(files)
    result = shown.results["saying"]
    why = "this machine has no executable `never-installed`, which `acme.scan` needs"
    assert (result.lacking, result.passed, only(result).runs) == (why, 0, ())
    assert [(one.verdict, one.detail) for one in shown.judgements] == [
        ("not_proven", f"the suite did not run: {why}")
    ]
    assert (shown.verdict, shown.in_the_way_of("dev"), shown.in_the_way_of("production")) == (
        "not_proven",
        "passed",
        "not_proven",
    )


def test_a_grader_passes_for_a_gate_only_where_it_passed_in_every_epoch() -> None:
    files = {
        CASES: case("one", expect={"said": "bye", "calls": ["git.ls_files"]}),
        SUITE_PATH: SUITE.replace("  graders:", "  epochs: 2\n  graders:"),
    }
    result = only(result_of(files))
    assert (result.passed, result.passed_graders) == (False, ("calls", "denials", "whole"))


# ---- what a result is about


def comparable(result: SuiteResult) -> SuiteResult:
    """A result without what may differ between two evaluations: run ids and times."""
    return replace(result, cases=tuple(replace(one, runs=(), milliseconds=0) for one in result.cases))


def test_two_evaluations_of_one_tree_give_equal_results() -> None:
    files = {CASES: case("one") + case("two", expect={"said": "bye"}) + case("three", input={})}
    first, second = result_of(files), result_of(files)
    assert comparable(first) == comparable(second)
    assert [one.passed for one in first.cases] == [True, False, False]
    assert set(first.cases[0].runs).isdisjoint(second.cases[0].runs)


def digests(files: Files) -> tuple[str, str, str]:
    suite = sealed_files(files).suites["saying"]
    return suite.suite_digest, suite.dataset_digest, suite.graders_digest


@pytest.mark.parametrize(
    ("files", "changed"),
    [
        ({SUITE_PATH: SUITE.replace("owner: dev", "owner: dev, description: other")}, ()),
        ({SUITE_PATH: "# a comment\n" + SUITE}, ()),
        ({CASES: case("one").replace(": ", ":  ")}, ()),
        ({SUITE_PATH: SUITE.replace("  graders:", "  epochs: 2\n  graders:")}, ("suite",)),
        ({CASES: case("one", must_pass=True)}, ("dataset",)),
        ({CASES: case("one", expect={"said": "hallo"})}, ("dataset",)),
        ({CASES: case("one") + case("two")}, ("dataset",)),
        ({"evals/saying/hello.json": HELLO + "\n"}, ("dataset",)),
        ({SUITE_PATH: SUITE.replace("order: exact", "order: in_order")}, ("graders",)),
        ({SUITE_PATH: SUITE.replace("success: [said]", "success: [said, whole]")}, ("graders",)),
    ],
    ids=str,
)
def test_the_digests_of_a_suite_change_with_what_they_are_of_and_nothing_else(
    files: Files, changed: tuple[str, ...]
) -> None:
    before, after = digests({}), digests(files)
    names = ("suite", "dataset", "graders")
    assert (
        tuple(name for name, one, other in zip(names, before, after, strict=True) if one != other) == changed
    )


def test_a_fixture_is_part_of_the_dataset_by_name_and_content() -> None:
    def with_fixture(path: str, text: str) -> str:
        files = {CASES: case("one", workspace="fixture"), f"evals/saying/fixture/{path}": text}
        return digests(files)[1]

    assert len({with_fixture("a", "x"), with_fixture("b", "x"), with_fixture("a", "y")}) == 3


# ---- gates over results


def test_a_suite_that_did_not_run_leaves_its_gate_not_proven() -> None:
    portfolio = sealed_files({}).portfolio
    (judgement,) = judged(portfolio, "dev", ["acme.mapper"], {})
    assert (judgement.verdict, judgement.detail) == ("not_proven", "the suite did not run")


def test_a_case_that_must_pass_and_has_not_fails_every_requirement_of_the_gate() -> None:
    shown = shown_by({CASES: case("one") + case("two", must_pass=True, expect={"said": "bye"})})
    (judgement,) = shown.judgements
    assert judgement.verdict == "failed"
    assert judgement.detail == "no violation in 2 cases; these cases must pass and have not: two"
    unmarked = replace(
        shown.results["saying"],
        cases=tuple(replace(one, must_pass=False) for one in shown.results["saying"].cases),
    )
    assert judge("quality", judgement.requirement, unmarked).verdict == "passed"
