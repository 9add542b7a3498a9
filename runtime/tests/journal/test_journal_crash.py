"""kill -9 at random moments: whatever was acknowledged is there, chains hold, and no effect is repeated or unseen.

`REMIT_KILL_POINTS` sets how many kills, `REMIT_KILL_SEED` which.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

POINTS = int(os.environ.get("REMIT_KILL_POINTS", "40"))
SEED = int(os.environ.get("REMIT_KILL_SEED", "2"))


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What the journal held after each kill."""
    path = tmp_path_factory.mktemp("crash") / "journal.db"
    worker = Path(__file__).with_name("crash_worker.py")
    done = subprocess.run(
        [sys.executable, str(worker), str(path), str(SEED), str(POINTS)],
        capture_output=True,
        text=True,
        timeout=30 + POINTS * 5,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_run_was_killed_often_and_went_on(reports: list[dict[str, Any]]) -> None:
    assert len(reports) == POINTS
    assert reports[-1]["seq"] > POINTS


def test_chains_verify_after_every_kill(reports: list[dict[str, Any]]) -> None:
    assert {(one["chain"], one["audit"]) for one in reports} == {("Verified", "Verified")}


def test_whatever_was_acknowledged_is_there(reports: list[dict[str, Any]]) -> None:
    assert [one for one in reports if one["seq"] < one["acknowledged"]] == []


def test_no_effect_was_performed_without_its_intent(reports: list[dict[str, Any]]) -> None:
    assert [one for one in reports if not set(one["performed"]) <= set(one["intended"])] == []


def test_no_effect_was_performed_twice(reports: list[dict[str, Any]]) -> None:
    performed = reports[-1]["performed"]
    assert len(performed) == len(set(performed))


def test_open_intents_are_those_that_have_no_outcome(reports: list[dict[str, Any]]) -> None:
    for one in reports:
        assert one["open"] == sorted(set(one["intended"]) - set(one["settled"]))
        assert one["open_models"] == one["models"]
        assert len(one["open"]) + one["open_models"] <= 1


def test_some_kills_came_between_an_intent_and_its_outcome(reports: list[dict[str, Any]]) -> None:
    assert any(one["open"] or one["open_models"] for one in reports)


def test_each_call_is_settled_and_charged_once(reports: list[dict[str, Any]]) -> None:
    for one in reports:
        assert len(one["settled"]) == len(set(one["settled"])) == one["tool_calls"]
