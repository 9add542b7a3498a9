"""One test for each way in which an approval is used for what it was not given for: every one is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from remit_runtime.bundle.graph import Constant, EndState, ObjectOf, ToolState
from remit_runtime.errors import JournalCorrupt, RunRefused
from remit_runtime.gateway.call import call
from remit_runtime.gateway.load import load
from remit_runtime.gateway.outcome import Approved, CallRequest, NeedsApproval, Stopped
from remit_runtime.gateway.workspace import Workspace, folder_of
from remit_runtime.journal.events import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalSettled,
    ToolDecided,
    ToolIntended,
)
from remit_runtime.journal.records import Broken, Lease

RUN = "run_1"
MakeWorld = Callable[..., Any]


@pytest.fixture
def world(make_world: MakeWorld) -> Any:
    """A run whose one call was approved and not made yet."""
    world = make_world()
    world.start()
    world.answer("os:ada")
    return world


def approved_in(world: Any, run: str = RUN) -> Approved:
    asked = world.last(ApprovalRequested, run)
    return Approved(asked.requirement, asked.approval, asked.subject)


def request_of(world: Any, run: str = RUN, **changes: Any) -> CallRequest:
    """The very call that was approved, as a worker would make it, but for what an attack changes."""
    journal = world.runtime.journal
    lease = journal.claim(run, world.runtime.owner)
    assert isinstance(lease, Lease)
    taken = journal.take_up(lease)
    assert isinstance(taken, Lease)
    folder = folder_of(world.runtime.home, run) / "repository"
    parts: dict[str, Any] = {
        "lease": taken,
        "agent": world.bundle.agent("acme.digest"),
        "state": "log",
        "offered": frozenset({"git.log"}),
        "tool": "git.log",
        "arguments": b'{"since":"v1"}',
        "written_by": "definition",
        "user": "os:root",
        "tenant": None,
        "task": "range",
        "eval_status": "not_required",
        "incident": False,
        "deadline_ms": world.clock.now_ms + 60_000,
        "workspaces": {"repository": Workspace("repository", "HEAD", folder)},
        "approved": (approved_in(world, run),),
    }
    return CallRequest(**{**parts, **changes})


def gateway_of(world: Any) -> Any:
    return load(world.bundle, world.runtime.journal, world.clock, world.runtime.home, search_path="/usr/bin")


def test_the_call_that_was_approved_passes(world: Any) -> None:
    call(gateway_of(world), request_of(world))
    assert world.count(ToolIntended) == 1


@pytest.mark.parametrize(
    "arguments", [b'{"since":"v2"}', b'{"since":"v1 "}', b'{"since":"V1"}', b"{}", b'{"since":"v\\u0131"}']
)
def test_another_argument_needs_another_approval(world: Any, arguments: bytes) -> None:
    outcome = call(gateway_of(world), request_of(world, arguments=arguments))
    assert isinstance(outcome, NeedsApproval)
    assert world.count(ToolIntended) == 0


def test_the_same_arguments_written_otherwise_are_the_same_call(world: Any) -> None:
    call(gateway_of(world), request_of(world, arguments=b'{ "since" : "\\u0076\\u0031" }'))
    assert world.count(ToolIntended) == 1


def test_another_bundle_needs_another_approval(world: Any) -> None:
    from dataclasses import replace

    from remit_runtime.canonical import digest_of

    gateway = gateway_of(world)
    other = replace(gateway, bundle=replace(gateway.bundle, digest=digest_of(b"another bundle")))
    assert isinstance(call(other, request_of(world)), NeedsApproval)
    assert world.count(ToolIntended) == 0


def test_another_version_of_the_agent_is_not_let_through(world: Any) -> None:
    agent = msgspec.structs.replace(world.bundle.agent("acme.digest"), version="0.2.0")
    call(gateway_of(world), request_of(world, agent=agent))
    assert world.count(ToolIntended) == 0
    assert world.last(ToolDecided).outcome == "deny"


def test_another_run_cannot_use_it(world: Any) -> None:
    world.start()
    outcome = call(gateway_of(world), request_of(world, "run_2", approved=(approved_in(world),)))
    assert isinstance(outcome, NeedsApproval)
    assert world.count(ToolIntended, "run_2") == 0


def test_another_run_cannot_use_it_under_a_subject_of_its_own(world: Any) -> None:
    world.start()
    own = approved_in(world, "run_2")
    stolen = Approved(own.requirement, approved_in(world).approval, own.subject)
    outcome = call(gateway_of(world), request_of(world, "run_2", approved=(stolen,)))
    assert isinstance(outcome, Stopped)
    assert outcome.refused.reason == "approval_spent"
    assert world.count(ToolIntended, "run_2") == 0


def test_it_is_used_once(world: Any) -> None:
    used = approved_in(world)
    call(gateway_of(world), request_of(world))
    outcome = call(gateway_of(world), request_of(world, approved=(used,)))
    assert isinstance(outcome, Stopped)
    assert world.count(ToolIntended) == 1


def test_a_later_clock_lets_it_expire(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(seconds=60))
    world.start()
    world.answer("os:ada")
    request = request_of(world)
    world.clock.now_ms = world.last(ApprovalRequested).expires_ms
    outcome = call(gateway_of(world), request)
    assert isinstance(outcome, Stopped)
    assert outcome.refused.reason == "approval_spent"


def test_approving_one_call_releases_no_other(make_world: MakeWorld) -> None:
    first = ToolState("one", "git.log", ObjectOf((("since", Constant('"v1"')),)), "two", "no", None, None)
    second = ToolState("two", "git.log", ObjectOf((("since", Constant('"HEAD"')),)), "done", "no", None, None)
    ends = (EndState("done", "succeeded", Constant("{}"), ()), EndState("no", "rejected", None, ()))
    world = make_world((first, second, *ends))
    world.start()
    world.answer("os:ada")
    assert world.resume().detail == "`git.log` needs the approval `owner`"
    assert world.count(ToolIntended) == 1
    world.answer("os:ada", "denied")
    assert world.resume().reason == "rejected"
    assert world.count(ToolIntended) == 1


# ---- the table is changed behind the journal's back


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE approval SET subject = 'sha256:' || hex(zeroblob(32))", "approval_invalid"),
        ("UPDATE approval SET run = 'run_0'", "approval_invalid"),
        ("UPDATE approval SET status = 'pending'", "approval_invalid"),
        ("UPDATE approval SET status = 'denied'", "approval_invalid"),
        ("UPDATE approval SET status = 'used', used_seq = 1", "approval_invalid"),
        ("UPDATE approval SET expires_ms = 1", "approval_invalid"),
        ("DELETE FROM approval", "approval_invalid"),
    ],
)
def test_a_changed_row_of_the_table_lets_no_call_through(world: Any, statement: str, code: str) -> None:
    world.sql("PRAGMA foreign_keys = OFF")
    world.sql(statement)
    assert world.resume().reason == "rejected"
    assert (world.last(ToolDecided).code, world.count(ToolIntended)) == (code, 0)


def test_a_row_that_says_approved_approves_nothing(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    world.sql("UPDATE approval SET status = 'approved', decided_by = '[\"os:ada\"]'")
    assert world.resume().status == "waiting"
    assert isinstance(world.runtime.journal.verify(RUN), Broken)
    call(gateway_of(world), request_of(world))
    assert world.count(ToolIntended) == 0


def test_a_longer_life_in_the_table_is_no_longer_life(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(seconds=60))
    world.start()
    world.answer("os:ada")
    request = request_of(world)
    world.clock.now_ms = world.last(ApprovalRequested).expires_ms
    world.sql("UPDATE approval SET expires_ms = expires_ms + 1000000")
    outcome = call(gateway_of(world), request)
    assert isinstance(outcome, Stopped)
    assert outcome.refused.reason == "approval_spent"
    assert world.count(ToolIntended) == 0


def test_a_row_that_says_unused_again_is_spent(world: Any) -> None:
    used = approved_in(world)
    call(gateway_of(world), request_of(world))
    world.sql("UPDATE approval SET status = 'approved', used_seq = NULL")
    outcome = call(gateway_of(world), request_of(world, approved=(used,)))
    assert isinstance(outcome, Stopped)
    assert world.count(ToolIntended) == 1


def test_a_changed_event_stops_the_run(world: Any) -> None:
    world.sql("UPDATE event SET body = replace(body, 'os:ada', 'os:bob') WHERE kind = 'approval_given'")
    with pytest.raises(JournalCorrupt):
        world.resume()


# ---- whoever writes the journal whole, chains and all, still cannot make a person


def forged(world: Any, given: ApprovalGiven) -> None:
    """Writes an answer that nobody judged, as somebody would who holds the journal and its code."""
    journal = world.runtime.journal
    settled = ApprovalSettled(given.approval, given.state, "approved", (given.by,))
    assert journal.answer(RUN, journal.read(RUN).seq, [given, settled]) is None


@pytest.mark.parametrize("by", ["os:eve", "os:root", "key:" + "0" * 64])
def test_an_answer_of_somebody_who_may_not_is_judged_again(make_world: MakeWorld, by: str) -> None:
    world = make_world()
    world.start()
    approval = world.last(ApprovalRequested).approval
    forged(world, ApprovalGiven(approval, "log", "approved", by, False, "", world.clock.now_ms))
    assert world.resume().reason == "rejected"
    assert (world.last(ToolDecided).code, world.count(ToolIntended)) == ("approval_invalid", 0)


def test_one_answer_is_not_two(make_world: MakeWorld, ask: Any) -> None:
    world = make_world(asks=ask(count=2))
    world.start()
    world.answer("os:ada")
    approval = world.last(ApprovalRequested).approval
    forged(world, ApprovalGiven(approval, "log", "approved", "os:ada", False, "", world.clock.now_ms))
    assert world.resume().reason == "rejected"
    assert world.last(ToolDecided).code == "approval_invalid"


def test_an_answer_to_what_the_run_has_left_behind_is_refused(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    journal = world.runtime.journal
    before = journal.read(RUN).seq
    world.answer("os:ada")
    approval = world.last(ApprovalRequested).approval
    late = ApprovalGiven(approval, "log", "denied", "os:bob", False, "", world.clock.now_ms)
    refused = journal.answer(RUN, before, [late])
    assert (refused.reason, world.count(ApprovalGiven)) == ("fenced", 1)


def test_of_two_who_answer_at_once_one_is_first_and_the_other_is_told(make_world: MakeWorld) -> None:
    world = make_world()
    world.start()
    approval = world.last(ApprovalRequested).approval
    # The second reads the run, then the first is written.
    desk = world.desk
    faster = iter([lambda: world.answer("os:ada")])

    def clock() -> int:
        act = next(faster, None)
        if act is not None:
            act()
        return int(world.clock.now_ms)

    from dataclasses import replace

    from remit_runtime.policy.approvals import Person
    from remit_runtime.run.answer import Signer, answer_approval

    with pytest.raises(RunRefused) as caught:
        answer_approval(
            replace(desk, clock=clock), RUN, approval, "denied", Signer(Person("os:bob", "uid")), "too late"
        )
    assert caught.value.code == "approval_settled"
    assert world.last(ApprovalSettled).outcome == "approved"
    assert world.resume().reason == "succeeded"
