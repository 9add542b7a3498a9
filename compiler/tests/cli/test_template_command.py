"""A repository from a template, as somebody types it: what `init` says to type next is what works."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Remit = Callable[..., Any]


@pytest.fixture(scope="module")
def reviewer(
    tmp_path_factory: pytest.TempPathFactory, remit: Remit, git: Callable[..., str]
) -> tuple[Path, Any]:
    folder = tmp_path_factory.mktemp("templates")
    init = remit(folder, "init", "--template", "reviewer", "--organisation", "globex", "here")
    git(folder / "here", "init", "-q", "--template=")
    git(folder / "here", "add", "--all")
    git(folder / "here", "commit", "-q", "--message=First agent")
    return folder / "here", init


def test_init_lists_every_file_it_wrote(reviewer: tuple[Path, Any]) -> None:
    folder, init = reviewer
    wrote = {
        line.removeprefix("wrote here/") for line in init.stdout.splitlines() if line.startswith("wrote ")
    }
    files = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }

    assert (init.returncode, init.stderr) == (0, "")
    assert wrote == files
    assert "agents/reviewer/agent.yaml" in wrote


def test_the_command_that_init_prints_runs_the_agent(reviewer: tuple[Path, Any], remit: Remit) -> None:
    folder, init = reviewer
    program, *words = shlex.split(init.stdout.splitlines()[-1])
    done = remit(folder, *words, "--format", "json")

    assert (program, done.returncode) == ("remit", 0), done.stderr
    assert json.loads(done.stdout)["agent"] == "globex.reviewer"


def test_what_the_template_wrote_has_no_findings(reviewer: tuple[Path, Any], remit: Remit) -> None:
    done = remit(reviewer[0], "check")

    assert (done.returncode, done.stdout.startswith("no findings in ")) == (0, True)


def test_an_unknown_template_is_told_with_the_nearest_and_writes_nothing(
    tmp_path: Path, remit: Remit
) -> None:
    done = remit(tmp_path, "init", "--template", "reviewr", "--organisation", "acme")

    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert done.stderr == "remit: there is no template `reviewr`; did you mean `reviewer`\n"


def test_a_template_that_is_like_none_is_told_with_all(tmp_path: Path, remit: Remit) -> None:
    done = remit(tmp_path, "init", "--template", "zzz", "--organisation", "acme")

    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert done.stderr == (
        "remit: there is no template `zzz`; templates are advisory, reviewer, operator, coding, migration, triage,"
        " research, monitoring\n"
    )
