"""Every template compiles clean, runs with its script, passes the gates of `dev`, and is what its page says.

By default one suite is run; `REMIT_EVERY_SUITE=1` runs those of all templates.
"""

import json
import os
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from remit.check import CheckResult, check
from remit.definitions import Agent, EvalSuite, Gate
from remit.definitions.shape import ShapeFile
from remit.diagnostic import Fault
from remit.git import Tree
from remit.git.fresh import Commit, repository
from remit.init import TEMPLATES, Template, first_files, run_of
from remit.read.file import file_fault
from remit.release.ship import Sealed, evaluated, sealed, suites_of
from remit.release.trial import trial
from remit_runtime.invoke import InvokeRequest, invoke
from remit_runtime.models.scripted import ScriptedModel, parse_script

PAGE = Path(__file__).parents[3] / "docs" / "templates.md"
NOW = 1_795_000_000_000
EVALUATED = tuple(TEMPLATES) if os.environ.get("REMIT_EVERY_SUITE") else ("reviewer",)
each_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.name)


def tree_of(template: Template, organisation: str = "acme") -> Tree:
    files = first_files(organisation, template)

    def content(path: str, limit: int) -> bytes | Fault:
        return files[path].encode() if path in files else file_fault("absent", path)

    return Tree(Path("/nowhere"), tuple(sorted(files)), content)


@cache
def made(template: Template) -> Sealed:
    result = sealed(tree_of(template), "dev")
    assert isinstance(result, Sealed)
    return result


def messages(result: CheckResult) -> list[str]:
    return [f"{one.span.path}:{one.span.start.line} {one.code} {one.message}" for one in result.diagnostics]


@each_template
@pytest.mark.parametrize("organisation", ["acme", "globex-2"])
def test_a_template_checks_without_a_finding_for_any_organisation(
    template: Template, organisation: str
) -> None:
    assert messages(check(tree_of(template, organisation))) == []


@each_template
def test_the_agent_of_a_template_succeeds_with_its_script(template: Template, tmp_path: Path) -> None:
    files = {path: text.encode() for path, text in first_files("acme", template).items()}
    workspace = tmp_path / "workspace"
    repository(workspace, [Commit(files)])
    words = shlex.split(run_of(template, "acme"))
    given = dict(words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "--input")
    script = ScriptedModel(parse_script(files[words[words.index("--script") + 1]]))

    with trial(made(template).bundle, lambda: NOW, os.environ["PATH"]) as bench:
        asked = InvokeRequest(words[2], given, "os:ada", workspaces={"repository": workspace}, model=script)
        ended = invoke(bench.runtime, bench.bundle, asked)

    assert (ended.reason, json.loads(ended.output or "null") is None) == ("succeeded", False)


@pytest.mark.parametrize("name", EVALUATED)
def test_the_suite_of_a_template_passes_its_gates_in_dev(name: str) -> None:
    template = made(TEMPLATES[name])
    shown = evaluated(template, suites_of(template), lambda: NOW, os.environ["PATH"])

    failed = [case.id for result in shown.results.values() for case in result.cases if not case.passed]
    assert failed == []
    assert {(one.gate, one.verdict) for one in shown.judgements} == {(f"{name}-safety", "passed")}


# ---- the page


def row_of(template: Template) -> str:
    portfolio = made(template).portfolio
    [agent] = portfolio.of(Agent).values()
    [suite] = portfolio.of(EvalSuite)
    spec = agent.spec
    gates = [f"`{name}` in {', '.join(gate.spec.environments)}" for name, gate in portfolio.of(Gate).items()]
    seen = spec.observability
    assert isinstance(spec.output, ShapeFile)
    shape = portfolio.json(portfolio.path_of(agent), spec.output.path)
    cells = (
        f"`{template.name}`",
        loop_of(template, agent),
        spec.autonomy,
        ", ".join(f"`{tool}`" for tool in spec.tools.allowed) or "none",
        f"`{suite}`: {len(portfolio.cases[suite])} cases",
        "; ".join(gates),
        f"trace {seen.trace}, content {seen.content}, {seen.audit_retention_days} days",
        ", ".join(f"`{field}`" for field in shape["properties"]),
    )
    return f"| {' | '.join(cells)} |"


def loop_of(template: Template, agent: Agent) -> str:
    form = agent.spec.orchestration
    if form.graph is not None:
        graph = first_files("acme", template)[f"agents/{template.name}/graph.yaml"]
        return f"graph of {len(re.findall(r'^    [a-z]+:', graph, re.MULTILINE))} states"
    if form.workflow is not None:
        return f"workflow of {len(form.workflow.steps)} steps"
    return f"chain of {len(form.chain.steps)} step" if form.chain is not None else "loop"


def test_the_page_says_of_every_template_what_its_files_say() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]

    assert rows == [row_of(template) for template in TEMPLATES.values()]


@each_template
def test_a_template_says_each_of_its_defaults_in_writing(template: Template) -> None:
    text = first_files("acme", template)[f"agents/{template.name}/agent.yaml"]
    said = re.findall(r"^  ([a-z]+):", text, re.MULTILINE)

    wanted = {"orchestration", "autonomy", "tools", "evaluation", "observability", "output", "budget"}
    assert wanted - set(said) == set()
