"""Facts: when a classifier holds, when it does not, and when it cannot say."""

from __future__ import annotations

from typing import Any

import pytest

from remit_runtime.bundle.policy import Fact
from remit_runtime.policy.facts import facts_of

LOCK = Fact("lock", "paths", any_glob=("**/*.lock", "**/requirements*.txt"))
MAIN = Fact("main", "branch", equals=("main", "master"))
ETC = Fact("etc", "path", any_glob=("/etc/**",))
LONG = Fact("long", "body", longer_than=3)


@pytest.mark.parametrize(
    ("fact", "argument", "holds"),
    [
        (LOCK, "poetry.lock", True),
        (LOCK, ["a.py", "x/poetry.lock"], True),
        (LOCK, ("x/poetry.lock",), True),
        (LOCK, ["a.py"], False),
        (LOCK, [], False),
        (LOCK, "./poetry.lock", True),
        (LOCK, "x/../requirements.txt", True),
        (LOCK, "/requirements.txt", True),
        (LOCK, "x//requirements.txt", True),
        (LOCK, "requirements.txt/.", True),
        (ETC, "/x/../etc/passwd", True),
        (ETC, "etc/passwd", False),
        (MAIN, "main", True),
        (MAIN, ["dev", "master"], True),
        (MAIN, "Main", False),
        (MAIN, "main ", False),
        (LONG, "abc", False),
        (LONG, "abcd", True),
        (LONG, ["a", "abcd"], True),
    ],
)
def test_a_fact_holds_when_any_text_of_its_argument_matches(fact: Fact, argument: Any, holds: bool) -> None:
    assert facts_of((fact,), {fact.arg: argument}) == {fact.name: holds}


@pytest.mark.parametrize("arguments", [{}, {"paths": None}, {"other": "a.lock"}])
def test_a_fact_of_an_absent_argument_is_false(arguments: dict[str, Any]) -> None:
    assert facts_of((LOCK,), arguments) == {"lock": False}


@pytest.mark.parametrize(
    "argument", [3, True, 1.5, {"a": "x.lock"}, [1], ["a.lock", 2], [["a.lock"]], [None]]
)
def test_a_fact_that_cannot_be_decided_is_left_out(argument: Any) -> None:
    assert facts_of((LOCK, MAIN), {"paths": argument, "branch": "main"}) == {"main": True}


def test_a_fact_without_a_classifier_is_our_own_bug() -> None:
    with pytest.raises(RuntimeError):
        facts_of((Fact("empty", "paths"),), {"paths": "a"})
