"""One append is one transaction: everything that belongs to it, or nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from remit_runtime.canonical import digest_of
from remit_runtime.errors import JournalCorrupt, StoreUnavailable, UsageError
from remit_runtime.journal.audit import AuditEntry
from remit_runtime.journal.events import (
    ApprovalRequested,
    ApprovalSettled,
    ModelIntended,
    ModelSettled,
    OutputAccepted,
    RunEnded,
    RunEvent,
    RunStarted,
    Spend,
    StateEntered,
    ToolSettled,
)
from remit_runtime.journal.records import (
    Appended,
    ApprovalUse,
    Broken,
    Existing,
    Lease,
    NewRun,
    Refused,
    Verified,
    next_call,
)
from remit_runtime.journal.sqlite import Journal

Start = Callable[..., Lease]
Allowed = Callable[..., list[RunEvent]]
Settled = Callable[..., ToolSettled]
Started = Callable[..., RunStarted]

SUBJECT = digest_of(b"subject")


def taken(result: Appended | Refused) -> Lease:
    assert isinstance(result, Appended), result
    return result.lease


def asked(journal: Journal, lease: Lease, approval: str = "appr_1", expires_ms: int = 1_050_000) -> Lease:
    request = ApprovalRequested(approval, "repo_owner", "confirm", SUBJECT, "{}", expires_ms)
    lease = taken(journal.append(lease, [request]))
    return taken(journal.append(lease, [ApprovalSettled(approval, "confirm", "approved", ("key:abc",))]))


def test_an_event_reads_back_as_it_was_appended(journal: Journal, start: Start) -> None:
    lease = taken(journal.append(start(), [StateEntered("look", 1, ("left",))]))
    stored = journal.events("run_a")
    assert [(one.seq, one.event) for one in stored[1:]] == [(2, StateEntered("look", 1, ("left",)))]
    assert stored[1].at_ms == 1_000_000
    assert lease.seq == 2


def test_an_intent_brings_its_effect_reservation_and_audit_row(
    journal: Journal, start: Start, allowed: Allowed
) -> None:
    lease = start()
    taken(journal.append(lease, allowed(lease)))
    (effect,) = journal.open_effects("run_a")
    assert (effect.call, effect.kind, effect.name, effect.recovery) == (
        "run_a:2",
        "tool",
        "git.log",
        "manual",
    )
    assert effect.arguments_digest == digest_of(b'{"since":"v1"}')
    assert journal.read("run_a").reserved.tool_calls == 1
    assert [row.event for row in journal.audit_rows("run_a")] == [
        "run_started",
        "tool_decided",
        "tool_intended",
    ]


def test_nothing_happens_when_the_audit_row_cannot_be_written(
    journal: Journal, start: Start, allowed: Allowed, path: Path
) -> None:
    lease = start()
    with sqlite3.connect(path) as other:
        other.execute("ALTER TABLE audit RENAME TO elsewhere")
    other.close()
    with pytest.raises(StoreUnavailable):
        journal.append(lease, allowed(lease))
    assert journal.open_effects("run_a") == ()
    assert journal.read("run_a").reserved.tool_calls == 0
    assert journal.read("run_a").seq == 1
    assert len(journal.events("run_a")) == 1


def test_a_refused_append_leaves_no_trace(journal: Journal, start: Start, allowed: Allowed) -> None:
    lease = start()
    before = (journal.read("run_a"), journal.export_audit())
    assert journal.append(lease, allowed(lease, reserved=Spend(tool_calls=4))) == Refused(
        "over_budget", "tool_calls"
    )
    assert (journal.read("run_a"), journal.export_audit()) == before


def test_an_intent_without_its_allowing_decision_is_our_bug(
    journal: Journal, start: Start, allowed: Allowed
) -> None:
    lease = start()
    with pytest.raises(RuntimeError, match="without the decision that allows it"):
        journal.append(lease, allowed(lease)[1:])
    with pytest.raises(RuntimeError, match="without the decision that allows it"):
        journal.append(lease, allowed(lease, outcome="deny"))
    assert journal.read("run_a").seq == 1


@pytest.mark.parametrize("call", ["run_b:2", "run_a:9", "run_a:0", "run_a:x", "run_a:", "run_a", ""])
def test_a_key_names_its_own_run_and_no_later_event(
    journal: Journal, start: Start, allowed: Allowed, call: str
) -> None:
    lease = start()
    with pytest.raises(RuntimeError, match="not a key of run"):
        journal.append(lease, [msgspec.structs.replace(one, call=call) for one in allowed(lease)])


def test_an_outcome_closes_its_effect_and_charges_what_it_used(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled
) -> None:
    lease = start()
    lease = taken(journal.append(lease, allowed(lease, reserved=Spend(tool_calls=1, microusd=900))))
    lease = taken(journal.append(lease, [settled("run_a:2", spent=Spend(tool_calls=1, microusd=100))]))
    record = journal.read("run_a")
    assert (record.spent.tool_calls, record.spent.microusd) == (1, 100)
    assert (record.reserved.tool_calls, record.reserved.microusd) == (0, 0)
    assert journal.open_effects("run_a") == ()
    assert journal.spent("run_a") == Spend(tool_calls=1, microusd=100)


def test_a_second_outcome_of_a_call_is_kept_apart_and_charges_nothing(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled
) -> None:
    lease = start()
    lease = taken(journal.append(lease, allowed(lease)))
    lease = taken(journal.append(lease, [settled("run_a:2", outcome="unknown", output=None)]))
    before = journal.read("run_a")
    assert journal.append(lease, [settled("run_a:2")]) == Refused("settled", "run_a:2", late=True)
    assert journal.append(lease, [settled("run_a:2")]) == Refused("settled", "run_a:2", late=True)
    assert journal.read("run_a") == before
    assert [(late.call, late.event) for late in journal.late_outcomes("run_a")] == [
        ("run_a:2", settled("run_a:2"))
    ]
    assert [row.event for row in journal.audit_rows("run_a")].count("late_outcome") == 1


def test_an_outcome_of_a_call_that_never_began_is_our_bug(
    journal: Journal, start: Start, settled: Settled
) -> None:
    with pytest.raises(RuntimeError, match="has begun no effect"):
        journal.append(start(), [settled("run_a:2")])


def test_an_outcome_stands_apart_from_what_may_be_refused(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled
) -> None:
    lease = start()
    lease = taken(journal.append(lease, allowed(lease)))
    with pytest.raises(RuntimeError, match="an outcome is always kept"):
        journal.append(lease, [settled("run_a:2"), StateEntered("next", 1)])
    with pytest.raises(RuntimeError, match="an outcome is always kept"):
        journal.append(lease, [settled("run_a:2"), RunEnded("failed", "", None, ())])


def test_what_the_caller_means_must_agree_with_the_events(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled
) -> None:
    lease = start()
    with pytest.raises(RuntimeError, match="do not reserve"):
        journal.append(lease, allowed(lease), reserve=Spend(tool_calls=2))
    lease = taken(journal.append(lease, allowed(lease), reserve=Spend(tool_calls=1)))
    with pytest.raises(RuntimeError, match="does not settle"):
        journal.append(lease, [settled("run_a:2")], settle=("run_a:2", Spend()))
    with pytest.raises(RuntimeError, match="holds its outcome"):
        journal.append(lease, [StateEntered("next", 1)], settles_begun_effect=True)
    taken(
        journal.append(
            lease, [settled("run_a:2")], settle=("run_a:2", Spend(tool_calls=1)), settles_begun_effect=True
        )
    )


def test_one_more_attempt_at_an_open_call_keeps_its_key_and_reserves_again(
    journal: Journal, start: Start, allowed: Allowed
) -> None:
    lease = start()
    events = allowed(lease)
    lease = taken(journal.append(lease, events))
    taken(journal.append(lease, events))
    (effect,) = journal.open_effects("run_a")
    assert (effect.call, effect.attempts, effect.reserved.tool_calls) == ("run_a:2", 2, 2)


def test_the_same_key_with_other_arguments_is_our_bug(
    journal: Journal, start: Start, allowed: Allowed
) -> None:
    lease = start()
    events = allowed(lease)
    other = msgspec.structs.replace(events[0], arguments_digest=digest_of(b"other"))
    lease = taken(journal.append(lease, events))
    with pytest.raises(RuntimeError, match="belongs to another call"):
        journal.append(lease, [other, events[1]])


def test_a_run_has_one_terminal_event_and_nothing_after_it(journal: Journal, start: Start) -> None:
    lease = start()
    end = RunEnded("succeeded", "it is done", '"x"', ())
    with pytest.raises(RuntimeError, match="nothing follows"):
        journal.append(lease, [end, StateEntered("next", 1)])
    lease = taken(journal.append(lease, [end]))
    assert journal.append(lease, [StateEntered("next", 1)]) == Refused("ended")
    assert journal.append(lease, [end]) == Refused("ended")
    assert journal.claim("run_a", "two") == Refused("ended")
    record = journal.read("run_a")
    assert (record.status, record.reason, record.ended_ms, record.lease) == (
        "ended",
        "succeeded",
        1_000_000,
        None,
    )


def test_an_end_charges_open_calls_whole_and_keeps_their_late_outcome(
    journal: Journal, start: Start, allowed: Allowed, settled: Settled
) -> None:
    lease = start()
    lease = taken(journal.append(lease, allowed(lease, reserved=Spend(tool_calls=1, microusd=300))))
    lease = taken(journal.append(lease, [RunEnded("failed", "gave up", None, ())]))
    ended = journal.read("run_a")
    assert (ended.spent.tool_calls, ended.spent.microusd, ended.reserved.microusd) == (1, 300, 0)
    assert journal.open_effects("run_a") == ()
    assert journal.append(lease, [settled("run_a:2")]) == Refused("ended", late=True)
    assert journal.read("run_a") == ended
    assert [late.call for late in journal.late_outcomes("run_a")] == ["run_a:2"]


def test_an_approval_is_used_once_by_the_intent_it_allows(
    journal: Journal, start: Start, allowed: Allowed
) -> None:
    lease = asked(journal, start())
    use = ApprovalUse(("appr_1",), SUBJECT)
    lease = taken(journal.append(lease, allowed(lease), consume=use))
    assert journal.append(lease, allowed(lease), consume=use) == Refused("approval_spent", "appr_1")
    assert len(journal.open_effects("run_a")) == 1


def test_the_use_of_an_approval_is_audited_and_cannot_be_undone_unseen(
    journal: Journal, start: Start, allowed: Allowed, db: sqlite3.Connection
) -> None:
    lease = asked(journal, start())
    taken(journal.append(lease, allowed(lease), consume=ApprovalUse(("appr_1",), SUBJECT)))
    row = journal.audit_rows("run_a")[-1]
    assert (row.event, row.call, row.code, row.arguments_digest) == (
        "approval_used",
        "run_a:4",
        "appr_1",
        SUBJECT,
    )
    assert isinstance(journal.verify("run_a"), Verified)
    db.execute("UPDATE approval SET status = 'approved'")
    found = journal.verify("run_a")
    assert isinstance(found, Broken)
    assert found.table == "approval"


@pytest.mark.parametrize(
    "change", ["subject = 'other'", "status = 'pending'", "expires_ms = 9999999", "id = 'appr_2'"]
)
def test_a_changed_approval_is_found(
    journal: Journal, start: Start, db: sqlite3.Connection, change: str
) -> None:
    asked(journal, start())
    assert isinstance(journal.verify("run_a"), Verified)
    db.execute(f"UPDATE approval SET {change}")
    assert isinstance(journal.verify("run_a"), Broken)


def test_an_approval_serves_only_its_own_subject_and_run(
    journal: Journal, start: Start, allowed: Allowed
) -> None:
    asked(journal, start())
    lease = asked(journal, start("run_b"), "appr_2")
    other_subject = ApprovalUse(("appr_2",), digest_of(b"other"))
    assert journal.append(lease, allowed(lease), consume=other_subject) == Refused("approval_spent", "appr_2")
    other_run = ApprovalUse(("appr_1",), SUBJECT)
    assert journal.append(lease, allowed(lease), consume=other_run) == Refused("approval_spent", "appr_1")
    none = ApprovalUse((), SUBJECT)
    assert journal.append(lease, allowed(lease), consume=none) == Refused("approval_spent")


@pytest.mark.parametrize("outcome", ["denied", "expired"])
def test_an_approval_that_was_not_given_is_not_used(
    journal: Journal, start: Start, allowed: Allowed, outcome: str
) -> None:
    request = ApprovalRequested("appr_1", "repo_owner", "confirm", SUBJECT, "{}", 1_050_000)
    lease = taken(journal.append(start(), [request]))
    use = ApprovalUse(("appr_1",), SUBJECT)
    assert journal.append(lease, allowed(lease), consume=use) == Refused("approval_spent", "appr_1")
    answer = msgspec.convert(
        {"type": "approval_settled", "approval": "appr_1", "state": "confirm", "outcome": outcome, "by": ()},
        ApprovalSettled,
    )
    lease = taken(journal.append(lease, [answer]))
    assert journal.append(lease, allowed(lease), consume=use) == Refused("approval_spent", "appr_1")


def test_an_approval_expires_at_its_time(
    journal: Journal, start: Start, allowed: Allowed, now: list[int]
) -> None:
    lease = asked(journal, start(), expires_ms=1_010_000)
    now[0] = 1_010_000
    use = ApprovalUse(("appr_1",), SUBJECT)
    assert journal.append(lease, allowed(lease), consume=use) == Refused("approval_spent", "appr_1")
    now[0] = 1_009_999
    taken(journal.append(lease, allowed(lease), consume=use))


def test_a_refused_intent_does_not_use_up_its_approval(
    journal: Journal, start: Start, allowed: Allowed
) -> None:
    lease = asked(journal, start())
    use = ApprovalUse(("appr_1",), SUBJECT)
    costly = allowed(lease, reserved=Spend(tool_calls=99))
    assert journal.append(lease, costly, consume=use) == Refused("over_budget", "tool_calls")
    taken(journal.append(lease, allowed(lease), consume=use))


def test_a_callers_entry_adds_to_the_row_of_its_event_and_changes_nothing_it_says(
    journal: Journal, start: Start, allowed: Allowed
) -> None:
    lease = start()
    given = AuditEntry("tool_intended", outcome="harmless", code="unsandboxed", principal="os:eve")
    extra = AuditEntry("credential_leased", code="github_app")
    taken(journal.append(lease, allowed(lease), audit=[given, extra]))
    rows = journal.audit_rows("run_a")[1:]
    assert [(row.event, row.outcome, row.code) for row in rows] == [
        ("tool_decided", "allow", "permitted"),
        ("tool_intended", "intended", "unsandboxed"),
        ("credential_leased", None, "github_app"),
    ]
    assert [row.run_seq for row in rows] == [2, 3, None]


def test_the_audit_row_of_a_decision_says_who_what_and_by_which_rule(
    journal: Journal, start: Start, allowed: Allowed
) -> None:
    lease = start()
    taken(journal.append(lease, allowed(lease)))
    row = journal.audit_rows("run_a")[1]
    assert (row.v, row.at_ms, row.run, row.run_seq) == (0, 1_000_000, "run_a", 2)
    assert (row.principal, row.agent, row.version, row.tool) == ("os:ada", "acme.digest", "1.0.0", "git.log")
    assert (row.resource_type, row.resource) == ("Repo", "acme/digest")
    assert (row.outcome, row.code, row.rules) == ("allow", "permitted", ("std:read",))
    assert row.arguments_digest == digest_of(b'{"since":"v1"}')
    assert row.bundle == digest_of(b"bundle")
    assert row.event_hash == journal.events("run_a")[1].hash


def test_an_approvals_row_names_the_approver(journal: Journal, start: Start) -> None:
    asked(journal, start())
    assert [(row.event, row.principal, row.outcome) for row in journal.audit_rows("run_a")[1:]] == [
        ("approval_requested", "os:ada", "requested"),
        ("approval_settled", "key:abc", "approved"),
    ]


def test_an_act_outside_any_run_is_audited_with_who_did_it(journal: Journal) -> None:
    journal.note(AuditEntry("run_refused", principal="os:ada", agent="acme.digest", code="unknown_agent"))
    (row,) = journal.audit_rows()
    assert (row.event, row.principal, row.agent, row.code) == (
        "run_refused",
        "os:ada",
        "acme.digest",
        "unknown_agent",
    )
    assert (row.run, row.run_seq, row.event_hash) == (None, None, None)
    with pytest.raises(RuntimeError, match="names no principal"):
        journal.note(AuditEntry("run_refused"))


def test_moves_that_touch_nothing_outside_make_no_audit_row(journal: Journal, start: Start) -> None:
    taken(journal.append(start(), [StateEntered("a", 1), OutputAccepted("a", "ok", "1", None)]))
    assert [row.event for row in journal.audit_rows()] == ["run_started"]


def test_a_model_call_is_an_effect_too(journal: Journal, start: Start) -> None:
    lease = start()
    call = next_call(lease)
    intent = ModelIntended(call, "review", "dev", 1, digest_of(b"prompt"), Spend(model_calls=1, microusd=500))
    lease = taken(journal.append(lease, [intent]))
    assert [(one.kind, one.name) for one in journal.open_effects("run_a")] == [("model", "dev")]
    answer = ModelSettled(call, "review", "ok", None, "{}", 10, 5, Spend(model_calls=1, microusd=20))
    accepted = OutputAccepted("review", "ok", "{}", "done")
    taken(journal.append(lease, [answer, accepted]))
    assert journal.spent("run_a") == Spend(model_calls=1, microusd=20)


def test_a_large_event_is_kept_as_a_blob_and_reads_back_whole(
    journal: Journal, start: Start, path: Path
) -> None:
    output = '"' + "x" * 40_000 + '"'
    taken(journal.append(start(), [OutputAccepted("a", "ok", output, None)]))
    assert journal.events("run_a")[1].event == OutputAccepted("a", "ok", output, None)
    assert journal.verify("run_a") == journal.verify("run_a")
    with sqlite3.connect(path) as other:
        body, digest = other.execute("SELECT body, blob FROM event WHERE seq = 2").fetchone()
    other.close()
    assert body is None
    assert digest.startswith("sha256:")


def test_the_same_invocation_gives_the_same_run(journal: Journal, started: Started, now: list[int]) -> None:
    first = journal.create(NewRun("run_a", "one", invocation_key="key-1"), started())
    assert first == Lease("run_a", 1, 1)
    now[0] += 5
    again = journal.create(NewRun("run_b", "two", invocation_key="key-1"), started(deadline_ms=1_060_005))
    assert again == Existing("run_a")
    assert journal.create(NewRun("run_a", "two"), started()) == Existing("run_a")
    assert len(journal.runs()) == 1


def test_a_key_of_another_invocation_is_a_conflict(journal: Journal, started: Started) -> None:
    journal.create(NewRun("run_a", "one", invocation_key="key-1"), started())
    other = journal.create(NewRun("run_b", "one", invocation_key="key-1"), started(input="{}"))
    assert other == Refused("key_conflict", "run_a")
    assert isinstance(
        journal.create(NewRun("run_c", "one", invocation_key="key-1"), started(tenant="t")), Lease
    )


def test_a_run_is_created_before_its_deadline_only(journal: Journal, started: Started) -> None:
    late = journal.create(NewRun("run_a", "one"), started(deadline_ms=1_000_000))
    assert late == Refused("deadline", "milliseconds")
    assert journal.runs() == ()


def test_a_blob_is_kept_once_and_checked_when_read(journal: Journal, path: Path) -> None:
    digest = journal.keep_blob(b"artifact")
    assert journal.keep_blob(b"artifact") == digest == digest_of(b"artifact")
    assert journal.blob(digest) == b"artifact"
    with sqlite3.connect(path) as other:
        other.execute("UPDATE blob SET bytes = x'00'")
    other.close()
    with pytest.raises(JournalCorrupt):
        journal.blob(digest)
    with pytest.raises(JournalCorrupt):
        journal.blob(digest_of(b"never kept"))


def test_an_unknown_run_is_the_callers_mistake(journal: Journal) -> None:
    with pytest.raises(UsageError, match="there is no run `run_x`"):
        journal.read("run_x")
    with pytest.raises(UsageError, match="there is no run"):
        journal.append(Lease("run_x", 1, 1), [StateEntered("a", 1)])
    with pytest.raises(UsageError, match="not valid text"):
        journal.read("run_\udc80")
