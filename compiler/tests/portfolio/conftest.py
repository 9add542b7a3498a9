"""The repository's own tools and policies in a small portfolio of a test, run against a GitHub of this machine."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from github_loopback.server import Server
from github_loopback.state import Pull

from remit.diagnostic import Fault
from remit.git import Tree
from remit.release.build import attest, write
from remit.release.provenance import BuildFacts
from remit.release.ship import Sealed, sealed
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.invoke import InvokeRequest, Runtime, invoke, open_runtime, resume
from remit_runtime.models.port import ModelPort
from remit_runtime.run.result import RunResult
from remit_runtime.trust.keys import ensure_dev_key, read_private_key
from remit_runtime.trust.verify import open_verified

ROOT = Path(__file__).parents[3]
POLICIES = ("deploy", "developer_platform", "github", "github_app", "repo_owner", "repositories", "services")
OWN = ("tools/github/**/*", "tools/deploy/**/*", *(f"policies/{name}.yaml" for name in POLICIES))
SANDBOX = """\
apiVersion: remit/v1
kind: Resource
metadata: {id: sandbox, owner: developer-platform}
spec: {type: Repo, match: remit/sandbox, risk: low}
"""
NOW = 1_795_000_000_000


@dataclass
class Portfolio:
    """A bundle that is open, its home, and the GitHub that stands for the real one."""

    runtime: Runtime
    bundle: VerifiedBundle
    github: Server

    def run(self, agent: str, given: Mapping[str, Any], model: ModelPort | None = None) -> RunResult:
        """What a run has come to."""
        request = InvokeRequest(agent=agent, input=dict(given), user="os:ada", model=model)
        return invoke(self.runtime, self.bundle, request)

    def resume(self, run: str, model: ModelPort | None = None) -> RunResult:
        return resume(self.runtime, self.bundle, run, model)

    def events(self, run: str, kind: str) -> list[Any]:
        """The events of a kind of a run, in order."""
        found = (stored.event for stored in self.runtime.journal.events(run))
        return [event for event in found if event.__struct_config__.tag == kind]


def own_files() -> dict[str, str]:
    """The tools of GitHub and of deployment with the policies about them, as the repository has them.

    The App may merge here, so that no tool wants what it is not given out for (SEC005): policy stands alone.
    """
    paths = [path for pattern in OWN for path in sorted(ROOT.glob(pattern)) if path.is_file()]
    files = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}
    return {**files, APP: may_merge(files[APP])}


APP = "policies/github_app.yaml"


def may_merge(app: str) -> str:
    """The credential of the App, given out for merging as well."""
    return app.replace("scopes: [", 'scopes: ["contents:write", ')


def tree_of(files: Mapping[str, str]) -> Tree:
    def content(path: str, limit: int) -> bytes | Fault:
        data = files[path].encode()
        if len(data) > limit:
            raise ValueError(path)
        return data

    return Tree(Path("/nowhere"), tuple(sorted(files)), content)


MakePortfolio = Callable[..., Portfolio]


@pytest.fixture
def make_portfolio(tmp_path: Path, github: Server) -> Generator[MakePortfolio]:
    """`make_portfolio(files, environ=...)`: the repository's tools and policies with these files, ready to run."""
    opened: list[Runtime] = []

    def make(files: Mapping[str, str], environ: Mapping[str, str] | None = None) -> Portfolio:
        root = {"remit.yaml": "apiVersion: remit/v1\norganisation: remit\nuse: [std@1]\n"}
        made = sealed(tree_of({**root, **own_files(), "policies/sandbox.yaml": SANDBOX, **files}), "dev")
        assert isinstance(made, Sealed), [f"{one.span.path}: {one.message}" for one in made.diagnostics]
        home = tmp_path / "home"
        key = read_private_key(ensure_dev_key(home).path)
        facts = BuildFacts(".", "0" * 40, "remit:test", "0", NOW, NOW)
        paths = write(tmp_path / "bundle", made.bundle, attest(made.bundle, facts, (), (key,), NOW))
        bundle = open_verified(paths.bundle, paths.attestations, home, "dev", NOW)
        (home / "endpoints.toml").write_text(f'"api.github.com" = "{github.url}"\n', "utf-8")
        token = {"REMIT_GITHUB_TOKEN": github.github.token}
        runtime = open_runtime(home, lambda: NOW, environ=token if environ is None else environ)
        opened.append(runtime)
        return Portfolio(runtime, bundle, github)

    yield make
    for runtime in opened:
        runtime.journal.close()


@pytest.fixture
def sandbox(github: Server) -> Any:
    """A repository of low risk with the pull request 7 and the branch `topic`."""
    repository = github.github.repository("remit/sandbox")
    repository.branches |= {"topic", "fix"}
    patch = "@@ -1 +1 @@\n-one\n+two"
    repository.pulls[7] = Pull(
        7,
        "Count from two",
        "topic",
        body="Counting from one is wrong.",
        author="grace",
        files=({"filename": "count.py", "patch": patch},),
        diff=f"diff --git a/count.py b/count.py\n--- a/count.py\n+++ b/count.py\n{patch}\n",
        labels=("bug",),
    )
    return repository


@pytest.fixture
def calling() -> Callable[..., dict[str, str]]:
    """`calling(tool, shape, args)`: the files of an agent `remit.caller` that makes one call and gives its output."""

    def files(tool: str, task: str, args: str, autonomy: str = "propose") -> dict[str, str]:
        agent = f"""\
apiVersion: remit/v1
kind: Agent
metadata: {{id: remit.caller, version: 0.1.0, owner: developer-platform}}
spec:
  purpose: Make one call.
  tasks: {{call: {task}}}
  autonomy: {autonomy}
  tools: [{tool}]
  orchestration:
    function: {{tool: {tool}, args: {args}, output: {{answer: "${{call}}"}}}}
  output: {{answer: object}}
"""
        return {"agents/caller/agent.yaml": agent}

    return files
