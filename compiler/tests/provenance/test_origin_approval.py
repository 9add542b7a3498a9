"""The word of a person for a value that nobody vouches for: what they are shown, and what is sent once they agree."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from remit_runtime.errors import RunRefused
from remit_runtime.invoke import resume
from remit_runtime.journal.events import ToolDecided, ToolIntended, ToolSettled
from remit_runtime.policy.approvals import Person
from remit_runtime.run.answer import Desk, Signer, answer_approval
from remit_runtime.run.pending import PendingApproval, pending_in
from remit_runtime.run.show import shown_of

REPLY = {
    "id": "reply",
    "task": {"ask": "Answer the mail about lunch: yes, gladly."},
    "outputs": {
        "mail.search": {
            "messages": [{"id": "m_12", "from": "dora@friends.example", "body": "Lunch on Friday?"}]
        }
    },
    "decisions": [
        {"call": {"tool": "mail.search", "args": {"query": "lunch"}}},
        {
            "call": {
                "tool": "mail.send",
                "args": {"to": [{"$ref": "call.1.messages.0.from"}], "subject": "Re", "body": "Yes, gladly."},
            }
        },
    ],
}


def answered(road: Any, case: Any, decision: Literal["approved", "denied"]) -> tuple[Any, PendingApproval]:
    """The run of a case after whoever asked for it has answered, and what they were asked."""
    ended = road.run(case)
    bench = road.bench
    runtime = bench.runtime
    (pending,) = pending_in(runtime.journal, ended.run)
    assert isinstance(pending, PendingApproval)
    desk = Desk(runtime.journal, runtime.home, runtime.clock, bench.bundle.policy())
    asked = pending.asked.requested
    answer_approval(desk, ended.run, asked.approval, decision, Signer(Person("os:ada", "uid")), "it is mine")
    return resume(runtime, bench.bundle, ended.run, road.model_of(case)), pending


def events_of(road: Any, run: str) -> list[Any]:
    return [stored.event for stored in road.bench.runtime.journal.events(run)]


def test_a_person_sees_where_a_value_comes_from_and_exactly_it_is_sent(road: Any) -> None:
    result, pending = answered(road, REPLY, "approved")

    asked = pending.asked.requested
    assert asked.requirement == "std.origin"
    shown = json.loads(asked.shown)
    lacking = [one for one in shown["origins"] if one["path"] == "to.0"]
    assert [(one["origin"], one["field"], one["expression"]) for one in lacking] == [
        ("untrusted_copy", "messages.0.from", '{"$ref":"call.1.messages.0.from"}')
    ]
    assert lacking[0]["source"].startswith(f"call {result.run}:")
    assert shown["arguments"]["to"] == ["dora@friends.example"]
    assert result.reason == "succeeded"
    events = events_of(road, result.run)
    sent = [one for one in events if isinstance(one, ToolIntended) and one.tool == "mail.send"]
    (allowed,) = [one for one in events if isinstance(one, ToolDecided) and one.call == sent[0].call]
    assert len(sent) == 1
    assert json.loads(allowed.arguments) == shown["arguments"]
    assert allowed.approvals == ("std.origin",)


def test_a_refusal_sends_nothing(road: Any) -> None:
    result, _ = answered(road, {**REPLY, "id": "refused"}, "denied")

    settled = [one.tool for one in events_of(road, result.run) if isinstance(one, ToolSettled)]
    assert settled == ["mail.search"]


def test_a_run_shows_the_origins_of_its_calls_and_the_audit_what_they_lack(road: Any) -> None:
    ended = road.run({**REPLY, "id": "shown"})

    text = shown_of(road.bench.runtime.journal, ended.run, None)
    call = f"call {ended.run}:"
    assert f"origin to.0 (email): untrusted_copy from {call}" in text
    assert "messages.0.from, as {" in text
    assert "lacks a trusted origin" in text
    assert "lacks an origin: to.0 (email) is untrusted_copy" in text


def test_a_field_that_is_not_there_cannot_be_quoted(road: Any) -> None:
    case = {**REPLY, "id": "quoted", "quoted": ["mail.body"]}
    with pytest.raises(RunRefused) as refused:
        road.run(case)
    assert refused.value.code == "quoted_unknown"
