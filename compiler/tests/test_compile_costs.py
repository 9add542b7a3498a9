"""What a check costs, by what can be counted and by what else the same process takes: never by a clock on a wall.

`nox -s bench -- compile` has the figures; docs/benchmarks.md explains them.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from remit.check import check
from remit.git import working_tree

ROOT = Path(__file__).parents[2]
AGENTS = 60
MOST_TIMES_LIBYAML = 60
"""How many times the CPU of libyaml, which scans the YAML files alone, a whole check may take."""


def run(program: str, *arguments: str) -> None:
    file = ROOT / "benchmarks" / "compile" / program
    subprocess.run([sys.executable, str(file), *arguments], check=True, capture_output=True)


def generated(folder: Path, *arguments: str) -> Path:
    run("generate.py", "--agents", str(AGENTS), "--out", str(folder), *arguments)
    return folder


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generated(tmp_path_factory.mktemp("costs") / "repository")


def counters(repository: Path, home: Path) -> dict[str, Any]:
    """What `remit check` says that it did, as a process of its own."""
    program = str(Path(sys.executable).with_name("remit"))
    done = subprocess.run(
        [program, "check", "--statistics", str(repository)],
        check=True,
        capture_output=True,
        env={**os.environ, "REMIT_HOME": str(home)},
    )
    found: dict[str, Any] = json.loads(done.stderr)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def cpu_seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def test_no_rule_finds_anything_in_the_synthetic_repository(repository: Path) -> None:
    assert check(working_tree(repository)).diagnostics == ()


def test_no_rule_finds_anything_in_the_ten_files(tmp_path: Path) -> None:
    run("ten_files.py", str(tmp_path))

    result = check(working_tree(tmp_path))

    assert len(contents(tmp_path)) == 10
    assert result.diagnostics == ()


def test_the_synthetic_repository_is_the_same_for_the_same_seed(repository: Path, tmp_path: Path) -> None:
    assert contents(generated(tmp_path / "again")) == contents(repository)
    assert contents(generated(tmp_path / "other", "--seed", "8")) != contents(repository)


def test_a_check_takes_a_bounded_multiple_of_scanning_the_yaml(repository: Path) -> None:
    tree = working_tree(repository)
    check(tree)  # imports, and builds the validators of every kind
    parser: Any = import_module("_ruamel_yaml").CParser
    files = [path.read_bytes() for path in repository.rglob("*.yaml")]

    def scan() -> None:
        for content in files:
            parser(content).raw_parse()

    # Both within one round, so that a slow moment of the machine meets both.
    rounds = [(cpu_seconds(lambda: check(tree)), cpu_seconds(scan)) for _ in range(3)]

    assert statistics.median(whole / alone for whole, alone in rounds) < MOST_TIMES_LIBYAML


def test_every_file_is_parsed_once_none_without_a_change_and_few_after_one(
    repository: Path, tmp_path: Path
) -> None:
    changed = tmp_path / "repository"
    shutil.copytree(repository, changed)
    definitions = len([*changed.rglob("*.yaml")])

    cold = counters(changed, tmp_path / "home")
    unchanged = counters(changed, tmp_path / "home")
    agent = changed / "agents" / "billing" / "agent-1" / "agent.yaml"
    agent.write_text(agent.read_text(encoding="utf-8").replace('  purpose: "', '  purpose: "Now: '), "utf-8")
    after = counters(changed, tmp_path / "home")

    assert (cold["cache"], cold["parsed"]) == ("miss", definitions)
    assert (unchanged["cache"], unchanged["read"], unchanged["parsed"], unchanged["judged"]) == (
        "hit",
        0,
        0,
        0,
    )
    # The agent, and the few that look it up.
    assert (after["cache"], 0 < after["judged"] <= 5) == ("partial", True)
    assert after["parsed"] < definitions / 4
