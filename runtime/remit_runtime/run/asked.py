"""What a branch has asked of people: each request with the answers so far, folded from events."""

from __future__ import annotations

import msgspec

from remit_runtime.journal.events import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalSettled,
    StateEntered,
    ToolDecided,
    ToolIntended,
)

_CALL = ("tool", "arguments_digest", "resource_type", "resource")


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request for an approval, who has answered what, and what it was settled as."""

    requested: ApprovalRequested
    given: tuple[ApprovalGiven, ...] = ()
    settled: ApprovalSettled | None = None


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a branch needs people for: the call that policy lets through only with approvals, and all that was asked."""

    call: ToolDecided | None = None
    asked: tuple[Asked, ...] = ()


NOTHING_WANTED = Wanted()


def wanted_after(wanted: Wanted, event: object) -> Wanted:
    """What is wanted after an event. What was asked for one call is forgotten at another call, and when it begins."""
    match event:
        case ToolDecided(outcome="require_approval"):
            same = wanted.call is not None and all(
                getattr(wanted.call, name) == getattr(event, name) for name in _CALL
            )
            return Wanted(event, wanted.asked if same else ())
        case StateEntered() | ToolDecided() | ToolIntended():
            return NOTHING_WANTED
        case ApprovalRequested():
            return Wanted(wanted.call, (*wanted.asked, Asked(event)))
        case ApprovalGiven() | ApprovalSettled():
            return Wanted(wanted.call, tuple(_answered(one, event) for one in wanted.asked))
        case _:
            return wanted


def _answered(one: Asked, event: ApprovalGiven | ApprovalSettled) -> Asked:
    if one.requested.approval != event.approval or one.settled is not None:
        return one
    if isinstance(event, ApprovalGiven):
        return msgspec.structs.replace(one, given=(*one.given, event))
    return msgspec.structs.replace(one, settled=event)
