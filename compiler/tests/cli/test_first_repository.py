"""A first repository, as somebody types it: init, check, run, and what the run has left behind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

Remit = Callable[..., Any]
README = Path(__file__).parents[3] / "README.md"
RUN = ("run", "acme.digest", "--input", "since=HEAD~1", "--script", "digest.script.json")


class First(NamedTuple):
    """A first repository, committed, in which one run has been made."""

    folder: Path
    init: Any
    ran: Any


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, remit: Remit, git: Callable[..., str]) -> First:
    folder = tmp_path_factory.mktemp("first")
    init = remit(folder, "init", "acme")
    folder = folder / "acme"
    git(folder, "init", "-q", "--template=")
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "--message=First agent")
    return First(folder, init, remit(folder, *RUN, "--format", "json"))


def test_the_tour_of_the_readme_is_what_these_tests_type() -> None:
    tour = README.read_text("utf-8").partition("## A tour")[2]
    assert "$ remit init acme && cd acme && git init" in tour
    assert f"$ remit {' '.join(RUN)}\n" in tour


def test_init_says_what_it_wrote_and_what_to_type_next(first: First) -> None:
    assert (first.init.returncode, first.init.stderr) == (0, "")
    wrote = [line for line in first.init.stdout.splitlines() if line.startswith("wrote ")]
    assert wrote == [
        f"wrote acme/{path}"
        for path in ("remit.yaml", "agents/digest/agent.yaml", "digest.script.json", ".gitignore")
    ]
    assert "remit run acme.digest --input since=HEAD --script digest.script.json" in first.init.stdout


def test_what_init_wrote_has_no_findings(first: First, remit: Remit) -> None:
    done = remit(first.folder, "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("no findings")


def test_the_first_run_succeeds_and_prints_json_alone(first: First) -> None:
    assert first.ran.returncode == 0
    result = json.loads(first.ran.stdout)
    assert (result["agent"], result["reason"], result["spent"]["tool_calls"]) == (
        "acme.digest",
        "succeeded",
        1,
    )
    # A key was made for it: said, but not where a program reads.
    assert first.ran.stderr.startswith("made the key of `dev` for this machine: ")
    assert first.ran.stderr.count("\n") == 1


def test_the_run_is_listed_and_shown_with_the_places_of_what_decided(first: First, remit: Remit) -> None:
    run = json.loads(first.ran.stdout)["run"]
    listed = remit(first.folder, "runs", "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    (line,) = [line for line in listed.stdout.splitlines() if run in line]
    assert "acme.digest" in line
    assert "succeeded" in line
    shown = remit(first.folder, "runs", "show", run)
    assert (shown.returncode, shown.stderr) == (0, "")
    for words in ("git.log", "work", "done", "std@1/policies/prelude.yaml#read-in-dev", "prelude.yaml:6:11"):
        assert words in shown.stdout


def test_init_overwrites_nothing(first: First, remit: Remit) -> None:
    before = {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()}
    done = remit(first.folder, "init")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "remit: `remit.yaml` exists already, so nothing was written\n"
    after = {path: path.read_bytes() for path in first.folder.rglob("*") if path.is_file()}
    assert after == before


def test_init_writes_nothing_when_only_its_last_file_exists(tmp_path: Path, remit: Remit) -> None:
    (tmp_path / ".gitignore").write_text("mine\n", encoding="utf-8")
    done = remit(tmp_path, "init", "--organisation", "acme")
    assert (done.returncode, done.stderr) == (
        2,
        "remit: `.gitignore` exists already, so nothing was written\n",
    )
    assert [path.name for path in tmp_path.iterdir()] == [".gitignore"]


def test_init_refuses_an_organisation_of_two_words(tmp_path: Path, remit: Remit) -> None:
    done = remit(tmp_path, "init", "--organisation", "Two Words")
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "one lower-case word" in done.stderr


def test_a_broken_definition_is_reported_and_nothing_runs(first: First, remit: Remit, tmp_path: Path) -> None:
    text = (first.folder / "agents/digest/agent.yaml").read_text("utf-8")
    (tmp_path / "agents/digest").mkdir(parents=True)
    (tmp_path / "agents/digest/agent.yaml").write_text(text.replace("git.log", "git.lgo"), "utf-8")
    (tmp_path / "remit.yaml").write_bytes((first.folder / "remit.yaml").read_bytes())
    done = remit(tmp_path, *RUN[:4])
    assert done.returncode == 1
    assert done.stdout.startswith(
        "agents/digest/agent.yaml:8:11: error REF001 undefined-reference: there is no Tool `git.lgo`\n"
    )
    assert not (tmp_path / ".remit").exists()
