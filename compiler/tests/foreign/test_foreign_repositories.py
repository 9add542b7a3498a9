"""Agents of three public projects, rewritten by hand into the language, compile without a finding, and some run."""

import json
import os
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from remit.check import check
from remit.evals.run import Bench
from remit.git import folder_tree
from remit.git.fresh import Commit, repository
from remit.release.ship import Sealed, evaluated, sealed, suites_of
from remit.release.trial import trial
from remit.report import render
from remit_runtime.errors import RunRefused
from remit_runtime.invoke import InvokeRequest, invoke
from remit_runtime.models.scripted import ScriptedModel, parse_script
from remit_runtime.run.result import RunResult

HERE = Path(__file__).parent
FOLLOWED = {
    "agentics": "githubnext/agentics",
    "cagent": "docker/cagent",
    "kagent": "kagent-dev/kagent",
}
AGENTS = {
    "agentics": {"agentics.triage", "agentics.ci_doctor"},
    "cagent": {"cagent.team", "cagent.designer", "cagent.engineer", "cagent.story"},
    "kagent": {"kagent.k8s", "kagent.helm", "kagent.promql"},
}
NOW = 1_795_000_000_000
each_repository = pytest.mark.parametrize("name", sorted(FOLLOWED))


@cache
def made(name: str) -> Sealed:
    result = sealed(folder_tree(HERE / name), "dev")
    assert isinstance(result, Sealed)
    return result


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, Bench]]:
    with (
        trial(made("cagent").bundle, lambda: NOW, os.environ["PATH"]) as cagent,
        trial(made("kagent").bundle, lambda: NOW, os.environ["PATH"]) as kagent,
        trial(made("agentics").bundle, lambda: NOW, os.environ["PATH"]) as agentics,
    ):
        yield {"agentics": agentics, "cagent": cagent, "kagent": kagent}


def run(bench: Bench, agent: str, given: dict[str, Any], script: str | None, tmp_path: Path) -> RunResult:
    workspace = tmp_path / "workspace"
    repository(workspace, [Commit({"README.md": b"# Notes\n"})])
    model = None if script is None else ScriptedModel(parse_script((HERE / script).read_bytes()))
    asked = InvokeRequest(agent, given, "os:ada", workspaces={"repository": workspace}, model=model)
    return invoke(bench.runtime, bench.bundle, asked)


def test_every_folder_beside_this_file_is_one_of_the_three() -> None:
    assert {path.parent.name for path in HERE.glob("*/remit.yaml")} == set(FOLLOWED)


@each_repository
def test_a_foreign_repository_checks_without_a_finding(name: str) -> None:
    result = check(folder_tree(HERE / name))

    text = render(result.diagnostics, "text", result.sources, files=result.files)
    assert text.startswith("no findings in "), text


@each_repository
def test_a_foreign_repository_becomes_a_bundle_of_all_its_agents(name: str) -> None:
    assert set(made(name).lowered.agents) == AGENTS[name]


@each_repository
def test_its_page_says_whom_it_follows_and_what_it_could_not_carry(name: str) -> None:
    page = (HERE / name / "README.md").read_text("utf-8")

    assert f"`{FOLLOWED[name]}`" in page
    assert "licence" in page or "Apache-2.0" in page
    assert "\nNot carried, as there is no place for it in the language:\n\n- " in page


def test_issues_are_triaged_as_the_suite_wants() -> None:
    triage = made("agentics")
    shown = evaluated(triage, suites_of(triage), lambda: NOW, os.environ["PATH"])

    assert {
        case.id: (case.passed, case.grades) for case in shown.results["triage"].cases if not case.passed
    } == {}
    assert len(shown.results["triage"].cases) == 3


def test_a_team_designs_twice_and_builds(benches: dict[str, Bench], tmp_path: Path) -> None:
    ended = run(benches["cagent"], "cagent.team", {"wish": "keep notes"}, "cagent/team.script.json", tmp_path)

    assert ended.reason == "succeeded"
    given = json.loads(ended.output or "null")
    assert given["verdict"] == "accepted"
    assert given["files"] == [{"path": "notes.html", "content": "<p>No notes yet.</p>"}]


def test_a_story_is_told_in_three_steps(benches: dict[str, Bench], tmp_path: Path) -> None:
    ended = run(benches["cagent"], "cagent.story", {"about": "a robot"}, "cagent/story.script.json", tmp_path)

    assert ended.reason == "succeeded"


def test_a_query_is_written(benches: dict[str, Bench], tmp_path: Path) -> None:
    script = HERE / "kagent/promql.script.json"
    wanted = json.loads(script.read_text("utf-8"))["decisions"][0]["respond"]
    ended = run(
        benches["kagent"], "kagent.promql", {"question": "errors"}, "kagent/promql.script.json", tmp_path
    )

    assert (ended.reason, json.loads(ended.output or "null")) == ("succeeded", wanted)


@pytest.mark.parametrize(
    ("name", "agent", "given", "duty"),
    [
        ("kagent", "kagent.k8s", {"namespace": "shop", "question": "why"}, "mcp"),
        ("kagent", "kagent.helm", {"namespace": "shop", "question": "why"}, "mcp"),
        ("agentics", "agentics.ci_doctor", {"repository": "agentics/shop", "run": 1}, "memory"),
    ],
)
def test_what_the_runtime_does_not_keep_yet_is_refused(
    name: str, agent: str, given: dict[str, Any], duty: str, benches: dict[str, Bench], tmp_path: Path
) -> None:
    with pytest.raises(RunRefused, match=f"`{duty}`"):
        run(benches[name], agent, given, "kagent/promql.script.json", tmp_path)
