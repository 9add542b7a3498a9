"""The `remit` command in processes of its own, and a repository whose gate passes, which tests copy and break."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Done = subprocess.CompletedProcess[str]
Remit = Callable[..., Done]
Git = Callable[..., str]
Clone = Callable[[Mapping[str, str]], Path]

ROOT = """\
apiVersion: remit/v1
organisation: acme
use: [std@1]
"""
EXPLAINER = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.explainer, version: 0.1.0, owner: dev}
spec:
  purpose: Explain a finding in plain words.
  tasks: {explain: {text: string}}
  instructions: {text: "Explain: {{ task.text }}"}
  models: [dev]
  evaluation: {suites: [review]}
  output: {text: string}
"""
LISTER = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.lister, version: 0.1.0, owner: dev}
spec:
  purpose: List the files of the repository.
  tasks: {list: {}}
  tools: [git.ls_files]
  orchestration:
    function: {tool: git.ls_files, args: {}}
  output: {items: [string]}
"""
SUITE = """\
apiVersion: remit/v1
kind: EvalSuite
metadata: {id: review, owner: dev}
spec:
  agent: acme.explainer
  cases: cases.jsonl
  graders:
    - {id: text, type: contains, at: text}
  success: [text]
"""
GATE = """\
apiVersion: remit/v1
kind: Gate
metadata: {id: review-quality, owner: dev}
spec:
  environments: [dev, production]
  agents: [acme.explainer]
  require:
    - {metric: task_success_rate, op: ">=", value: 0.50, basis: bound}
"""
PRODUCTION = """\
apiVersion: remit/v1
kind: Environment
metadata: {id: production}
spec: {evidence: required}
"""
RELEASE = """\
apiVersion: remit/v1
kind: Release
metadata: {id: production}
spec:
  environment: production
  agents:
    acme.explainer: {version: 0.1.0, lifecycle: active}
"""
SCRIPT = {"version": 0, "decisions": [{"state": "work", "respond": {"text": "A key was found."}}]}


def case(name: str, expected: str) -> str:
    """One line of a suite; every run says `A key was found.`"""
    said = {"input": {"text": name}, "script": "scripts/key.json", "expect": {"text": expected}}
    return json.dumps({"id": name, **said}) + "\n"


def cases(passing: int, failing: int) -> str:
    """The cases of a suite of which so many pass and so many fail."""
    return "".join(
        [case(f"good-{number}", "key") for number in range(passing)]
        + [case(f"bad-{number}", "lock") for number in range(failing)]
    )


FILES = {
    ".gitignore": ".remit/\n",
    "remit.yaml": ROOT,
    "agents/explainer/agent.yaml": EXPLAINER,
    "agents/lister/agent.yaml": LISTER,
    "evals/review/suite.yaml": SUITE,
    "evals/review/cases.jsonl": cases(7, 1),
    "evals/review/scripts/key.json": json.dumps(SCRIPT),
    "policies/gate.yaml": GATE,
    "policies/production.yaml": PRODUCTION,
    "releases/production.yaml": RELEASE,
}


def environment(home: Path) -> dict[str, str]:
    """What a process sees of its surroundings: nothing of whoever runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "dev" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "dev@localhost" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_DATE": "2026-01-01T00:00:00Z" for who in ("AUTHOR", "COMMITTER")},
    }


@pytest.fixture(scope="session")
def remit(tmp_path_factory: pytest.TempPathFactory) -> Remit:
    """`remit(folder, word, ...)`: the command in a process of its own, run in a folder."""
    home = tmp_path_factory.mktemp("user")

    def run(folder: Path, *words: str, settings: Mapping[str, str] | None = None) -> Done:
        return subprocess.run(
            [sys.executable, "-m", "remit", *words],
            check=False,
            cwd=folder,
            env={**environment(home), **(settings or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture(scope="session")
def git(tmp_path_factory: pytest.TempPathFactory) -> Git:
    """`git(folder, word, ...)`: what git prints."""
    home = tmp_path_factory.mktemp("user")

    def run(folder: Path, *words: str) -> str:
        argv = ["git", *words]
        done = subprocess.run(
            argv, cwd=folder, env=environment(home), capture_output=True, text=True, check=True
        )
        return done.stdout

    return run


def written(folder: Path, files: Mapping[str, str]) -> None:
    """Writes files below a folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory, git: Git) -> Path:
    """A repository of two agents, a suite of eight cases of which seven pass, and a gate that seven satisfy."""
    folder = tmp_path_factory.mktemp("original") / "acme"
    folder.mkdir()
    written(folder, FILES)
    git(folder, "init", "-q", "--initial-branch=main", "--template=")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "--message=First")
    return folder


@pytest.fixture
def clone(original: Path, git: Git, tmp_path: Path) -> Clone:
    """A copy of the repository in which some files say something else, in a commit of its own."""

    def copied(files: Mapping[str, str]) -> Path:
        folder = tmp_path / "clone"
        shutil.copytree(original, folder, ignore=shutil.ignore_patterns(".remit"))
        written(folder, files)
        if files:
            git(folder, "add", "--all")
            git(folder, "commit", "-q", "--message=Change")
        return folder

    return copied


@pytest.fixture(scope="session")
def cases_of() -> Callable[[int, int], str]:
    """The cases of a suite of which so many pass and so many fail."""
    return cases
