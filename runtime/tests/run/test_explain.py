"""Explaining a run: fifteen answers, each from events, whatever happened in the run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec
import pytest

from remit_runtime.journal.events import RunEvent
from remit_runtime.journal.family import Family
from remit_runtime.run.explain import Answer, explained, explained_json, explained_text

PLACES: Mapping[str, str] = {
    "std.prelude#read-in-dev": "std@1/policies/prelude.yaml:6:7",
    "policies/appsec.yaml#comment": "policies/appsec.yaml:9:7",
    "policies/appsec.yaml#comment-asks": "policies/appsec.yaml:14:7",
}


def cut(family: Family, count: int) -> Family:
    """The family as it stood after the first events of its run."""
    return with_events(family, family.events[:count])


def with_events(family: Family, events: tuple[Any, ...]) -> Family:
    children = tuple(one for one in family.children if any(_starts(stored, one.run) for stored in events))
    return Family(family.run, family.outermost, events, children)


def _starts(stored: Any, child: str) -> bool:
    return getattr(stored.event, "child", None) == child


def test_the_sample_holds_every_kind_of_event(governed_run: Family) -> None:
    seen = {type(one.event) for member in governed_run.members() for one in member.events}
    assert seen == set(get_args(RunEvent))


def test_all_fifteen_questions_of_a_governed_run_are_answered(governed_run: Family) -> None:
    answers = explained(governed_run, PLACES)
    assert [(one.number, one.applies) for one in answers] == [(number, True) for number in range(1, 16)]


def test_a_governed_run_is_explained_like_this(
    governed_run: Family, golden: Callable[[str, str], None]
) -> None:
    golden("explain.txt", explained_text(governed_run, PLACES) + "\n")


def test_the_explanation_for_programs_is_like_this(
    governed_run: Family, golden: Callable[[str, str], None]
) -> None:
    body = json.loads(explained_json(governed_run, PLACES))
    golden("explain.json", json.dumps(body, indent=1, sort_keys=True) + "\n")


@pytest.mark.parametrize("count", range(1, 48))
def test_every_sentence_of_every_beginning_of_a_run_names_events_that_are_there(
    governed_run: Family, count: int
) -> None:
    family = cut(governed_run, count)
    there = {f"{one.run}:{one.seq}" for member in family.members() for one in member.events}
    answers = explained(family, PLACES)
    assert len(answers) == 15
    for answer in answers:
        assert answer.facts
        for fact in answer.facts:
            assert fact.events
            assert set(fact.events) <= there


def test_a_question_that_does_not_apply_says_why_from_the_whole_run(governed_run: Family) -> None:
    answers = {one.number: one for one in explained(cut(governed_run, 2), PLACES)}
    [fact] = answers[7].facts
    assert not answers[7].applies
    assert fact.text == "no tool was called (events 1 to 2)"
    assert fact.events == ("run_review:1", "run_review:2")


def test_a_child_is_explained_with_its_parent(governed_run: Family) -> None:
    runs = [one.run for one in said(governed_run, 6)]
    assert runs.count("run_explain") == 1
    assert runs.count("run_review") == 3


def test_what_may_have_changed_outside_is_said_where_nobody_saw_the_outcome(governed_run: Family) -> None:
    sent = next(
        index
        for index, one in enumerate(governed_run.events)
        if getattr(one.event, "tool", "") == "github.pr.comment" and hasattr(one.event, "sandbox")
    )
    family = cut(governed_run, sent + 1)
    assert [one.data["changed"] for one in said(family, 11)] == [
        "nothing_changed_outside",
        "may_have_changed_outside",
    ]
    assert "unknown" in [one.data.get("wrong") for one in said(family, 15)]
    assert [one.data["changed"] for one in said(governed_run, 11)] == [
        "nothing_changed_outside",
        "changed_outside",
    ]


def test_values_are_cut_in_text_and_whole_for_programs(governed_run: Family) -> None:
    first = governed_run.events[0]
    event: Any = msgspec.structs.replace(first.event, input=json.dumps({"text": "x" * 5_000}))
    long = type(first)(first.run, first.seq, first.at_ms, event, first.hash)
    family = with_events(governed_run, (long, *governed_run.events[1:]))
    assert "x" * 500 not in explained_text(family, PLACES)
    assert "x" * 5_000 in explained_json(family, PLACES)


def test_hidden_characters_of_a_run_are_shown_and_not_obeyed(governed_run: Family) -> None:
    assert "\u202e" not in explained_text(governed_run, PLACES)
    assert explained_json(governed_run, PLACES).isascii()


def said(family: Family, number: int) -> Any:
    answer: Answer = explained(family, PLACES)[number - 1]
    return answer.facts
