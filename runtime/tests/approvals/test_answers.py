"""People answer what a run waits for: the call that was approved is made, and no other way leads to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from remit_runtime.bundle.graph import ApprovalState, Constant, EndState, HandoffState, Reference
from remit_runtime.canonical import digest_of
from remit_runtime.errors import RunRefused, UsageError
from remit_runtime.journal.events import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalSettled,
    ModelSettled,
    QuestionAnswered,
    ToolDecided,
    ToolIntended,
)
from remit_runtime.journal.records import Scope
from remit_runtime.models.json_text import json_text, trusted_json
from remit_runtime.policy.approvals import Person
from remit_runtime.run.answer import answer_question
from remit_runtime.run.inbox import inbox, inbox_text

CALL = {"call": {"tool": "git.log", "args": {"since": "v1"}}}
RESPOND = {"respond": {"summary": "One commit."}}
MakeWorld = Callable[..., Any]


def refusal_of(act: Callable[[], object]) -> str:
    with pytest.raises(RunRefused) as caught:
        act()
    return caught.value.code


def test_a_call_waits_until_somebody_approves_and_then_is_made_once(make_world: MakeWorld) -> None:
    world = make_world()
    result = world.start()
    assert (result.status, result.detail) == ("waiting", "`git.log` needs the approval `owner`")
    assert world.resume().status == "waiting"
    answered = world.answer("os:ada", reason="looks fine")
    assert (answered.outcome, answered.given, answered.needed) == ("approved", 1, 1)
    assert world.resume().reason == "succeeded"
    assert world.count(ToolIntended) == 1
    assert world.last(ToolDecided).approvals == ("owner",)
    used = [row for row in world.runtime.journal.audit_rows(RUN) if row.event == "approval_used"]
    assert [row.code for row in used] == [answered.approval]


RUN = "run_1"


def test_a_request_shows_the_call_and_the_evidence_that_is_there(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(evidence=("task.since", "review.findings")))
    world.start()
    asked = world.last(ApprovalRequested)
    assert trusted_json(asked.shown) == {
        "tool": "git.log",
        "arguments": {"since": "v1"},
        "resource": {"type": "Tool", "id": "git.log"},
        "origins": [],
        "evidence": {"task.since": "v1"},
        "lacking": ["review.findings"],
    }
    assert asked.rules == ("policies/reading.yaml#some-ask",)
    assert asked.call == world.last(ToolDecided).call
    assert asked.why == "reading commits is safe"
    assert asked.expires_ms == world.clock.now_ms + 3_600_000


def test_a_model_is_not_asked_again_for_the_call_that_was_approved(
    make_world: MakeWorld, loop: Any, script: Any
) -> None:
    world = make_world(loop, model=script(CALL, RESPOND))
    assert world.start().status == "waiting"
    world.answer("os:ada")
    assert world.resume().reason == "succeeded"
    assert world.count(ModelSettled) == 2
    assert world.count(ToolIntended) == 1


def test_a_model_hears_that_its_call_was_denied_and_goes_on(
    make_world: MakeWorld, loop: Any, script: Any
) -> None:
    world = make_world(loop, model=script(CALL, RESPOND))
    world.start()
    world.answer("os:ada", "denied", reason="not today")
    assert world.resume().reason == "succeeded"
    denied = world.last(ToolDecided)
    assert (denied.outcome, denied.stage, denied.code) == ("deny", "approval", "approval_denied")
    assert denied.reason == "the approval `owner` was denied by os:ada: not today"
    assert world.count(ToolIntended) == 0


def test_a_denied_call_of_a_tool_state_takes_its_denied_route(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    world.answer("os:ada", "denied")
    assert world.resume().reason == "rejected"


def test_a_request_that_nobody_answers_in_time_is_denied_as_expired(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    world.clock.now_ms += 3_600_000
    assert refusal_of(lambda: world.answer("os:ada")) == "approval_expired"
    assert world.resume().reason == "rejected"
    assert world.last(ToolDecided).code == "approval_expired"


def test_an_approval_that_is_too_old_when_it_is_used_is_denied_as_expired(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    world.clock.now_ms += 3_599_999
    world.answer("os:ada")
    world.clock.now_ms += 1
    assert world.resume().reason == "rejected"
    assert (world.last(ToolDecided).code, world.count(ToolIntended)) == ("approval_expired", 0)


def test_as_many_people_must_approve_as_are_asked_for(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(count=2))
    world.start()
    assert world.answer("os:ada").outcome is None
    assert world.resume().status == "waiting"
    assert refusal_of(lambda: world.answer("os:ada")) == "approver_answered"
    assert world.answer("os:bob").outcome == "approved"
    assert world.last(ApprovalSettled).by == ("os:ada", "os:bob")
    assert world.resume().reason == "succeeded"


def test_one_denial_ends_it(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(count=2))
    world.start()
    world.answer("os:ada")
    assert world.answer("os:bob", "denied").outcome == "denied"
    approval = world.last(ApprovalRequested).approval
    assert refusal_of(lambda: world.answer("github:acme/owners", approval=approval)) == "approval_settled"
    assert world.resume().reason == "rejected"


def test_approving_twice_is_refused(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    answered = world.answer("os:ada")
    assert refusal_of(lambda: world.answer("os:ada", approval=answered.approval)) == "approval_settled"
    assert refusal_of(lambda: world.answer("os:bob", approval=answered.approval)) == "approval_settled"


def test_who_has_not_the_role_is_refused_and_that_is_audited(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    assert refusal_of(lambda: world.answer("os:eve")) == "approver_without_role"
    assert refusal_of(lambda: world.answer("os:nobody", "denied")) == "approver_without_role"
    rows = [row for row in world.runtime.journal.audit_rows(RUN) if row.event == "approval_refused"]
    assert [(row.principal, row.code) for row in rows] == [
        ("os:eve", "approver_without_role"),
        ("os:nobody", "approver_without_role"),
    ]
    assert world.resume().status == "waiting"


def test_who_asked_for_the_run_may_deny_and_not_approve(make_world: MakeWorld, ask: Any) -> None:
    world = make_world()
    world.user = "os:ada"
    world.start()
    assert refusal_of(lambda: world.answer("os:ada")) == "approver_is_requester"
    assert world.answer("os:ada", "denied").outcome == "denied"
    assert world.resume().reason == "rejected"


def test_a_requirement_may_let_who_asked_approve(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(not_requester=False))
    world.user = "os:ada"
    world.start()
    assert world.answer("os:ada").outcome == "approved"


def test_a_call_that_needs_two_approvals_asks_for_both_at_once(make_world: MakeWorld) -> None:
    other = requirement_named("second")
    world = make_world(others=(other,), approvals=("owner", "second"))
    world.start()
    assert world.count(ApprovalRequested) == 2
    with pytest.raises(UsageError) as caught:
        world.answer("os:ada")
    assert caught.value.code == "approval_ambiguous"
    first, second = (event for event in world.events() if isinstance(event, ApprovalRequested))
    world.answer("os:ada", approval=first.approval)
    assert world.resume().detail == "`git.log` needs the approval `second`"
    world.answer("os:ada", approval=second.approval)
    assert world.resume().reason == "succeeded"
    assert world.last(ToolDecided).approvals == ("owner", "second")


def requirement_named(name: str) -> Any:
    from remit_runtime.bundle.policy import ApprovalRequirement

    return ApprovalRequirement(name, "owner", 1, 3600, True, ())


# ---- approval states

CONFIRM = ApprovalState("confirm", "owner", (Reference("task", ("since",)),), "done", "no", "late")
ENDS = (
    EndState("done", "succeeded", Reference("confirm"), ()),
    EndState("no", "rejected", None, ()),
    EndState("late", "failed", None, ()),
)


def test_an_approval_state_goes_where_people_say(make_world: MakeWorld) -> None:
    world = make_world((CONFIRM, *ENDS))
    world.start()
    assert trusted_json(world.last(ApprovalRequested).shown) == {
        "values": {"task.since": "v1"},
        "evidence": {},
        "lacking": [],
    }
    world.answer("os:ada")
    result = world.resume()
    assert (result.reason, result.output) == ("succeeded", '{"by":["os:ada"],"outcome":"approved"}')


def test_an_approval_of_a_state_that_is_too_old_when_the_run_goes_on_routes_expired(
    make_world: MakeWorld,
) -> None:
    world = make_world((CONFIRM, *ENDS))
    world.start()
    world.answer("os:ada")
    world.clock.now_ms += 3_600_000
    assert world.resume().reason == "failed"


def test_an_approval_of_a_state_allows_no_call(make_world: MakeWorld) -> None:
    from remit_runtime.bundle.graph import ObjectOf, ToolState

    log = ToolState(
        "log", "git.log", ObjectOf((("since", Reference("task", ("since",))),)), "done", None, None, None
    )
    confirm = ApprovalState("confirm", "owner", (), "log", None, None)
    world = make_world((confirm, log, EndState("done", "succeeded", Reference("log"), ())))
    world.start()
    world.answer("os:ada")
    assert world.resume().detail == "`git.log` needs the approval `owner`"
    assert world.count(ToolIntended) == 0


# ---- what came meanwhile wins


def test_an_ended_run_takes_no_answer(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    approval = world.last(ApprovalRequested).approval
    world.runtime.journal.request_cancel(RUN, "os:ada")
    assert refusal_of(lambda: world.answer("os:ada")) == "run_cancelled"
    world.runtime.journal.sweep("os:sweeper")
    assert refusal_of(lambda: world.answer("os:ada", approval=approval)) == "run_ended"


def test_a_killed_run_takes_no_answer(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    world.runtime.journal.kill(Scope("run", RUN), "os:ada", "incident")
    assert refusal_of(lambda: world.answer("os:ada")) == "run_killed"


def test_a_kill_after_the_approval_wins(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    world.answer("os:ada")
    world.runtime.journal.kill(Scope("tool", "git.log"), "os:ada", "incident")
    assert (world.resume().reason, world.count(ToolIntended)) == ("killed", 0)


def test_a_halt_after_the_approval_suspends_and_the_approval_stays_good(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    world.runtime.journal.halt(Scope("run", RUN), "os:ada", "incident")
    world.answer("os:ada")
    assert (world.resume().status, world.count(ToolIntended)) == ("waiting", 0)
    world.runtime.journal.lift(Scope("run", RUN), "os:ada", "over")
    assert world.resume().reason == "succeeded"


def test_a_run_that_is_driven_takes_no_answer(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    world.runtime.journal.claim(RUN, "elsewhere/1/1")
    assert refusal_of(lambda: world.answer("os:ada")) == "run_leased"


# ---- children


def child_world(make_world: MakeWorld, hand_agent: Any) -> Any:
    from remit_runtime.bundle.graph import ObjectOf, ToolState

    log = ToolState(
        "log", "git.log", ObjectOf((("since", Reference("task", ("since",))),)), "done", None, None, None
    )
    other = hand_agent(
        "acme.other", (log, EndState("done", "succeeded", Reference("log"), ())), ("git.log",), asks=False
    )
    hand = HandoffState("hand", "acme.other", "range", Reference("task"), None, None, "done", None)
    return make_world((hand, EndState("done", "succeeded", Constant("{}"), ())), agents=(other,))


def test_what_a_child_waits_for_is_answered_by_the_run_it_belongs_to(
    make_world: MakeWorld, hand_agent: Any
) -> None:
    world = child_world(make_world, hand_agent)
    assert world.start().status == "waiting"
    world.user = "os:ada"
    assert world.answer("os:ada").run == "run_2"
    assert world.resume().reason == "succeeded"
    assert world.count(ToolIntended, "run_2") == 1


def test_who_asked_for_the_root_cannot_approve_for_its_child(make_world: MakeWorld, hand_agent: Any) -> None:
    world = child_world(make_world, hand_agent)
    world.user = "os:ada"
    world.start()
    assert refusal_of(lambda: world.answer("os:ada", run="run_2")) == "approver_is_requester"


# ---- questions

ASK = {"ask": {"question": "which tag?"}}


def test_an_answer_goes_into_the_transcript_and_the_model_goes_on(
    make_world: MakeWorld, loop: Any, script: Any
) -> None:
    world = make_world(loop, model=script(ASK, RESPOND))
    result = world.start()
    assert (result.status, result.detail) == ("waiting", "which tag?")
    answer_question(world.desk, RUN, None, "v1\u202e", Person("os:eve", "uid"))
    answered = world.last(QuestionAnswered)
    assert (answered.text, answered.by, answered.asserted) == ("v1\\u{202e}", "os:eve", False)
    assert world.resume().reason == "succeeded"


def test_a_question_is_answered_once(make_world: MakeWorld, loop: Any, script: Any) -> None:
    world = make_world(loop, model=script(ASK, RESPOND))
    world.start()
    answer_question(world.desk, RUN, None, "v1", Person("os:eve", "uid"))
    with pytest.raises(UsageError) as caught:
        answer_question(world.desk, RUN, None, "v2", Person("os:eve", "uid"))
    assert caught.value.code == "question_unknown"
    world.resume()
    assert refusal_of(lambda: answer_question(world.desk, RUN, None, "v2", Person("os:eve", "uid"))) == (
        "run_ended"
    )


def test_a_run_that_asks_for_nothing_takes_no_approval(make_world: MakeWorld, loop: Any, script: Any) -> None:
    world = make_world(loop, model=script(ASK, RESPOND))
    world.start()
    with pytest.raises(UsageError) as caught:
        world.answer("os:ada")
    assert caught.value.code == "approval_unknown"
    assert world.count(ApprovalGiven) == 0


# ---- what people read


def test_what_waits_is_grouped_by_where_untrusted_values_come_from(make_world: MakeWorld) -> None:
    world = make_world((CONFIRM, *ENDS))
    world.start()
    journal = world.runtime.journal
    lease = journal.take_up(journal.claim(RUN, world.runtime.owner))
    for number, source in ((5, "run_1:2"), (6, "run_1:3"), (7, "run_1:2")):
        shown: Any = {
            "tool": "mail.send",
            "arguments": {"to": "x"},
            "resource": None,
            "origins": [
                {
                    "path": "to",
                    "origin": "untrusted_copy",
                    "trusted": False,
                    "source": source,
                    "field": "text",
                    "expression": None,
                }
            ],
            "evidence": {},
            "lacking": [],
        }
        event = ApprovalRequested(
            f"{RUN}:{number}",
            "owner",
            "confirm",
            digest_of(b"subject"),
            json_text(shown),
            world.clock.now_ms + 1000,
        )
        lease = journal.append(lease, [event]).lease
    journal.park(lease, people=True)

    def policy(bundle: str, environment: str) -> Any:
        return world.bundle.policy()

    [run] = inbox(journal, policy, lambda _: None)
    groups = [(group["untrusted_sources"], len(group["approvals"])) for group in run["groups"]]
    assert groups == [([], 1), (["run_1:2"], 2), (["run_1:3"], 1)]
    assert "  with values from run_1:2, untrusted" in inbox_text([run])
    assert "    origin      to: untrusted_copy from run_1:2 text, untrusted" in inbox_text([run])
