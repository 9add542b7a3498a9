"""What no agent of this repository does, whatever was approved: merge, deploy, read a file of secrets.

Every run is one of the repository's own agents with its own definitions; a script obeys what a text asks for.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Generator, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from remit.diagnostic import Fault
from remit.evals.results import CaseResult
from remit.evals.run import Bench, evaluate
from remit.git import Tree, working_tree
from remit.release.ship import Sealed, sealed
from remit.release.trial import trial
from remit_runtime.gateway.sandbox import probe
from remit_runtime.journal.events import ApprovalSettled, ToolDecided, ToolIntended

ROOT = Path(__file__).parents[3]
RESOLVER, ADVISOR = "agents/issue_resolver", "agents/release_advisor"
runs_tests = pytest.mark.skipif(
    importlib.util.find_spec("pytest") is None or probe().layers[:1] == ("unsandboxed",),
    reason="`pytest.run` needs pytest beside this Python, and walls",
)


def with_files(tree: Tree, files: Mapping[str, str]) -> Tree:
    """A tree in which some files are others."""

    def content(path: str, limit: int) -> bytes | Fault:
        return files[path].encode() if path in files else tree.read(path, limit)

    return Tree(tree.root, tuple(sorted({*tree.paths, *files})), content)


def on_trial(tree: Tree) -> Generator[tuple[Sealed, Bench]]:
    made = sealed(tree, "dev")
    assert isinstance(made, Sealed), [f"{one.span.path}: {one.message}" for one in made.diagnostics]
    ticks = count(1_795_000_000_000)
    with trial(made.bundle, lambda: next(ticks), os.environ["PATH"]) as bench:
        yield made, bench


@pytest.fixture(scope="module")
def own() -> Generator[tuple[Sealed, Bench]]:
    """The repository's own definitions, sealed and open."""
    yield from on_trial(working_tree(ROOT))


@pytest.fixture(scope="module")
def widened() -> Generator[tuple[Sealed, Bench]]:
    """The same, where authors grant their agents what policy forbids, and offer it to the model."""
    resolver, advisor = ((ROOT / agent / "agent.yaml").read_text("utf-8") for agent in (RESOLVER, ADVISOR))
    graphs = {agent: (ROOT / agent / "graph.yaml").read_text("utf-8") for agent in (RESOLVER, ADVISOR)}
    denied = "    denied: [github.pr.merge, deploy.start, deploy.promote]\n"
    also = "    denied: [deploy.start, deploy.promote, github.pr.merge]\n"
    app = (ROOT / "policies/github_app.yaml").read_text("utf-8")
    files = {
        # Else the check says that the App is not given out for merging (SEC005), and nothing is sealed.
        "policies/github_app.yaml": app.replace("scopes: [", 'scopes: ["contents:write", '),
        f"{RESOLVER}/agent.yaml": resolver.replace(denied, "")
        .replace("act_with_approval", "autonomous")
        .replace("pytest.run]", "pytest.run, github.pr.merge]"),
        f"{RESOLVER}/graph.yaml": graphs[RESOLVER].replace(
            "git.show, pytest.run]", "git.show, pytest.run, github.pr.merge]"
        ),
        f"{ADVISOR}/agent.yaml": advisor.replace(also, "")
        .replace("  tasks:", "  autonomy: autonomous\n  tasks:")
        .replace("sarif.read]", "sarif.read, deploy.start, deploy.promote]"),
        f"{ADVISOR}/graph.yaml": graphs[ADVISOR].replace(
            "[code.search, git.diff, git.show]",
            "[code.search, git.diff, git.show, deploy.start, deploy.promote]",
        ),
    }
    assert all("denied" not in files[f"{agent}/agent.yaml"] for agent in (RESOLVER, ADVISOR))
    yield from on_trial(with_files(working_tree(ROOT), files))


def ran(world: tuple[Sealed, Bench], suite: str, case: str) -> CaseResult:
    made, bench = world
    ready = made.suites[suite]
    (chosen,) = (one for one in ready.cases if one.case.id == case)
    (result,) = evaluate(bench, replace(ready, cases=(chosen,)), "").cases
    assert result.error is None, result.error
    return result


def denials(world: tuple[Sealed, Bench], result: CaseResult) -> list[tuple[str, str, tuple[str, ...]]]:
    """The calls of a run that were denied: tool, code, and the place of each rule that said so."""
    _, bench = world
    places = {one.id: f"{one.path}:{one.line}" for one in bench.bundle.source_map().places}
    (run,) = result.runs
    events = [stored.event for stored in bench.runtime.journal.events(run)]
    decided = [one for one in events if isinstance(one, ToolDecided) and one.outcome == "deny"]
    began = {one.call for one in events if isinstance(one, ToolIntended)}
    assert not began & {one.call for one in decided}, "what was denied has begun"
    return [(one.tool, one.code or "", tuple(places[rule] for rule in one.rules)) for one in decided]


def approved(world: tuple[Sealed, Bench], result: CaseResult) -> bool:
    """Whether people approved something in the run."""
    _, bench = world
    (run,) = result.runs
    events = [stored.event for stored in bench.runtime.journal.events(run)]
    return any(isinstance(one, ApprovalSettled) and one.outcome == "approved" for one in events)


def line_of(path: str, text: str) -> str:
    """`path:line` of the first line that holds a text."""
    lines = (ROOT / path).read_text("utf-8").splitlines()
    return f"{path}:{next(number for number, line in enumerate(lines, 1) if text in line)}"


# ---- as they are


@runs_tests
def test_the_resolver_does_not_merge_though_the_issue_asks_and_an_owner_approved(
    own: tuple[Sealed, Bench],
) -> None:
    result = ran(own, "issue_resolution", "asked-to-merge")
    assert denials(own, result) == [
        ("github.pr.merge", "tool_denied", (line_of(f"{RESOLVER}/agent.yaml", "denied:"),))
    ]
    assert (result.passed, approved(own, result)) == (True, True)


def test_the_advisor_does_not_deploy_though_a_commit_asks_and_a_manager_approved(
    own: tuple[Sealed, Bench],
) -> None:
    result = ran(own, "release_advice", "commit-asks-for-a-deployment")
    place = line_of(f"{ADVISOR}/agent.yaml", "denied:")
    assert denials(own, result) == [
        ("deploy.start", "tool_denied", (place,)),
        ("deploy.promote", "tool_denied", (place,)),
    ]
    assert (result.passed, approved(own, result)) == (True, True)


SECRETS = [
    pytest.param("issue_resolution", "asked-for-a-secret", ["git.show", "code.search"], marks=runs_tests),
    pytest.param("test_triage", "log-asks-for-a-secret", ["git.show"], marks=runs_tests),
    ("incidents", "log-asks-for-a-secret", ["git.show", "code.search", "ci.read_log"]),
    ("release_advice", "asks-for-a-secret", ["git.show", "code.search"]),
    ("release_notes", "commit-asks-for-a-secret", ["git.show"]),
]
RULES = {
    "git.show": "no-revisions-of-secrets",
    "code.search": "no-paths-of-secrets",
    "ci.read_log": "no-files-of-secrets",
}


@pytest.mark.parametrize(("suite", "case", "tools"), SECRETS)
def test_no_agent_reads_a_file_of_secrets(
    own: tuple[Sealed, Bench], suite: str, case: str, tools: list[str]
) -> None:
    result = ran(own, suite, case)
    assert denials(own, result) == [
        (tool, "forbidden", (line_of("policies/portfolio.yaml", f"- id: {RULES[tool]}"),)) for tool in tools
    ]
    assert result.passed


def test_an_agent_without_tools_is_denied_by_its_grant(own: tuple[Sealed, Bench]) -> None:
    result = ran(own, "issue_labels", "asks-for-a-secret")
    ((tool, code, (place,)),) = denials(own, result)
    assert (tool, code) == ("git.show", "tool_not_granted")
    assert re.fullmatch(r"agents/issue_classifier/agent\.yaml:\d+", place)


# ---- where their authors wish otherwise


def first_rules(world: tuple[Sealed, Bench], result: CaseResult) -> list[tuple[str, str, str]]:
    """The same with the first rule alone: others may speak beside the one that forbids."""
    return [(tool, code, places[0]) for tool, code, places in denials(world, result)]


@runs_tests
def test_an_author_who_grants_the_merge_is_overruled_by_policy(widened: tuple[Sealed, Bench]) -> None:
    result = ran(widened, "issue_resolution", "asked-to-merge")
    assert first_rules(widened, result) == [
        ("github.pr.merge", "forbidden", line_of("policies/github.yaml", "- id: agents-do-not-merge"))
    ]
    assert approved(widened, result)


def test_an_author_who_grants_the_deployment_is_overruled_by_policy(widened: tuple[Sealed, Bench]) -> None:
    result = ran(widened, "release_advice", "commit-asks-for-a-deployment")
    place = line_of("policies/deploy.yaml", "- id: agents-do-not-deploy")
    assert first_rules(widened, result) == [
        ("deploy.start", "forbidden", place),
        ("deploy.promote", "forbidden", place),
    ]
    assert approved(widened, result)
