"""The people of an evaluation: who answers what a case says is approved or denied, recorded and asserted, in `dev`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.errors import RunRefused
from remit_runtime.invoke import Runtime
from remit_runtime.policy.approvals import ANYBODY, Forum, Person, holders_of
from remit_runtime.run.answer import Desk, Signer, answer_approval
from remit_runtime.run.approval import forum_of
from remit_runtime.run.pending import PendingApproval, pending_in

Wish = Literal["approve", "deny"]


def answered(runtime: Runtime, bundle: VerifiedBundle, run: str, wishes: Mapping[str, Wish]) -> int:
    """How many requests that a run and its children wait for were answered as a case wishes.

    Raises:
        RunRefused: policy names too few people who may answer.
    """
    desk = Desk(runtime.journal, runtime.home, runtime.clock, bundle.policy())
    pending = [one for one in pending_in(runtime.journal, run) if isinstance(one, PendingApproval)]
    wished = [one for one in pending if one.asked.requested.requirement in wishes]
    for one in wished:
        requested = one.asked.requested
        where = forum_of(desk.policy_set, one.started, requested)
        if where is None:
            raise RunRefused("approval_invalid", f"the bundle has no approval `{requested.requirement}`")
        denies = wishes[requested.requirement] == "deny"
        for person in _people(where, 1 if denies else max(1, where.requirement.count)):
            decision: Literal["approved", "denied"] = "denied" if denies else "approved"
            signer = Signer(person)
            answer_approval(desk, one.record.run, requested.approval, decision, signer, "as the case says")
    return len(wished)


def _people(where: Forum, count: int) -> list[Person]:
    """So many people who hold the role and did not ask for the run; where anybody holds it they are made up."""
    names = [name for name in holders_of(where) if name not in (ANYBODY, where.requester)]
    if ANYBODY in holders_of(where):
        names += [f"os:approver-{number}" for number in range(1, count + 1)]
    if len(names) < count:
        message = (
            f"policy names {len(names)} people who may answer `{where.requirement.id}`, and {count} must"
        )
        raise RunRefused("approvers_too_few", message)
    return [Person(name, "asserted") for name in names[:count]]
