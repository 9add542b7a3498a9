"""The audit record: who did what by which rule. One chain over all runs, and its verification without the journal.

The journal writes a row for every event of `AUDITED` by itself, so that no act can go without one; an `AuditEntry`
of the caller adds what only the caller knows. Format version 0: a field is never renamed, retyped or given a new
meaning; a new one raises the version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import msgspec

from remit_runtime.canonical import Digest, canonical_json, decode_strict
from remit_runtime.errors import NotCanonical
from remit_runtime.journal import events
from remit_runtime.journal.chain import GENESIS, chained
from remit_runtime.journal.events import RunEvent
from remit_runtime.journal.records import Broken, Verified

VERSION = 0
FORMAT = "remit-audit"
MAX_LACKING_SHOWN = 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What a row says besides its place. `event` is an event's tag, or the name of an act outside a run's events.

    Principal, agent, version and bundle are taken from the run when they are None.
    """

    event: str
    principal: str | None = None
    agent: str | None = None
    version: str | None = None
    bundle: Digest | None = None
    call: str | None = None
    tool: str | None = None
    resource_type: str | None = None
    resource: str | None = None
    outcome: str | None = None
    code: str | None = None
    rules: tuple[str, ...] = ()
    arguments_digest: Digest | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts where an entry does not say it: a run with its user, or a person outside any run."""

    principal: str
    agent: str | None = None
    version: str | None = None
    bundle: Digest | None = None


class AuditRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One row as it is chained and exported. `seq` counts over all runs; `event_hash` ties it to the run's chain."""

    v: int
    seq: int
    at_ms: int
    run: str | None
    run_seq: int | None
    event_hash: str | None
    event: str
    principal: str
    agent: str | None
    version: str | None
    bundle: str | None
    call: str | None
    tool: str | None
    resource_type: str | None
    resource: str | None
    outcome: str | None
    code: str | None
    rules: tuple[str, ...]
    arguments_digest: str | None
    detail: str | None


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A line of an export: a row with its two hashes, in hex."""

    row: AuditRow
    prev: str
    hash: str


class _Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    format: str
    version: int
    rows: int
    head: str


def row_hash(prev: bytes, row: AuditRow) -> bytes:
    """The hash that a row has after `prev`."""
    return chained(prev, canonical_json(row))


def entry_of(event: RunEvent) -> AuditEntry | None:  # noqa: C901 (one flat match over every event)
    """The audit entry that an event makes by itself, or None for the moves of a run that touch nothing outside it."""
    match event:
        case events.ToolDecided() | events.ToolIntended() | events.ToolSettled():
            return _of_tool(event)
        case events.ModelSkipped() | events.ModelIntended() | events.ModelSettled():
            return _of_model(event)
        case events.ApprovalRequested() | events.ApprovalGiven() | events.ApprovalSettled():
            return _of_approval(event)
        case events.QuestionAsked():
            return AuditEntry("question_asked", outcome="asked", code=event.question)
        case events.QuestionAnswered():
            how = "asserted, not proved" if event.asserted else "proved"
            return AuditEntry(
                "question_answered", principal=event.by, outcome="answered", code=event.question, detail=how
            )
        case events.ContextPacked():
            outcome = "packed" if event.failed is None else "failed"
            return AuditEntry("context_packed", outcome=outcome, code=event.failed, detail=event.packet)
        case events.OutputVerified():
            return _of_verified(event)
        case events.ChildStarted() | events.ChildEnded():
            return _of_child(event)
        case events.RunStarted():
            user = "asserted, not proved" if event.asserted_user else "proved"
            detail = f"model adapter {event.model_adapter}, user {user}"
            return AuditEntry("run_started", outcome="started", detail=detail)
        case events.RunResumed():
            return AuditEntry(
                "run_resumed", outcome="resumed", detail=f"waited {event.waited_ms} ms for people"
            )
        case events.RunEnded():
            return AuditEntry("run_ended", outcome=event.reason)
        case events.StateEntered() | events.OutputAccepted():
            return None


def _of_tool(event: events.ToolDecided | events.ToolIntended | events.ToolSettled) -> AuditEntry:
    match event:
        case events.ToolDecided():
            return AuditEntry(
                "tool_decided",
                call=event.call,
                tool=event.tool,
                resource_type=event.resource_type,
                resource=event.resource,
                outcome=event.outcome,
                code=event.code,
                rules=event.rules,
                arguments_digest=event.arguments_digest,
                detail=_with_lacking(event),
            )
        case events.ToolIntended():
            named = {"executable": event.executable, "peer": event.peer, "credential": event.credential}
            used = (f", {what} {which}" for what, which in named.items() if which is not None)
            detail = f"sandbox {event.sandbox}{''.join(used)}"
            return AuditEntry(
                "tool_intended", call=event.call, tool=event.tool, outcome="intended", detail=detail
            )
        case events.ToolSettled():
            return AuditEntry(
                "tool_settled", call=event.call, tool=event.tool, outcome=event.outcome, code=event.code
            )


def _with_lacking(event: events.ToolDecided) -> str:
    """The reason of a decision, and the values that no trusted origin stands behind."""
    lacking = [
        f"{one.path} ({one.type}) is {one.origin}" + ("" if one.source is None else f" from {one.source}")
        for one in event.origins
        if one.lacks
    ]
    shown = lacking[:MAX_LACKING_SHOWN]
    more = [f"and {len(lacking) - len(shown)} more"] if len(lacking) > len(shown) else []
    return event.reason + (f"; lacks an origin: {', '.join([*shown, *more])}" if lacking else "")


def _of_verified(event: events.OutputVerified) -> AuditEntry:
    broken = next((check for check in event.checks if not check.passed), None)
    if broken is None:
        return AuditEntry("output_verified", outcome="passed")
    return AuditEntry("output_verified", outcome="failed", code=broken.check, detail=broken.detail)


def _of_model(event: events.ModelSkipped | events.ModelIntended | events.ModelSettled) -> AuditEntry:
    if isinstance(event, events.ModelSkipped):
        detail = f"model {event.model}: {event.reason}"
        return AuditEntry("model_skipped", outcome="skipped", code=event.code, detail=detail)
    if isinstance(event, events.ModelSettled):
        return AuditEntry("model_settled", call=event.call, outcome=event.outcome, code=event.code)
    return AuditEntry(
        "model_intended",
        call=event.call,
        outcome="intended",
        arguments_digest=event.request,
        detail=f"model {event.model}",
    )


def _of_approval(
    event: events.ApprovalRequested | events.ApprovalGiven | events.ApprovalSettled,
) -> AuditEntry:
    detail = f"approval {event.approval}"
    if isinstance(event, events.ApprovalGiven):
        how = "asserted, not proved" if event.asserted else "proved"
        said = f"{detail}, {how}: {event.reason}"
        return AuditEntry("approval_given", principal=event.by, outcome=event.decision, detail=said)
    if isinstance(event, events.ApprovalSettled):
        by = " ".join(event.by) or None
        return AuditEntry("approval_settled", principal=by, outcome=event.outcome, detail=detail)
    return AuditEntry(
        "approval_requested",
        outcome="requested",
        code=event.requirement,
        arguments_digest=event.subject,
        detail=detail,
    )


def _of_child(event: events.ChildStarted | events.ChildEnded) -> AuditEntry:
    if isinstance(event, events.ChildEnded):
        return AuditEntry("child_ended", outcome=event.reason, detail=f"child {event.child}")
    detail = f"child {event.child} of agent {event.agent}"
    return AuditEntry("child_started", outcome="started", detail=detail)


def used_entry(approval: str, call: str, subject: Digest) -> AuditEntry:
    """The entry of an approval that a call uses up; `code` is the approval's id."""
    return AuditEntry("approval_used", call=call, outcome="used", code=approval, arguments_digest=subject)


def completed(own: AuditEntry, given: AuditEntry) -> AuditEntry:
    """The event's own entry with what a caller's entry adds; what the event says itself is never overwritten."""
    changes = {
        field.name: getattr(given, field.name)
        for field in fields(own)
        if getattr(own, field.name) in (None, ()) and getattr(given, field.name) not in (None, ())
    }
    return replace(own, **changes) if changes else own


def entries_of(
    appended: Sequence[RunEvent], given: Sequence[AuditEntry]
) -> Iterator[tuple[int | None, AuditEntry]]:
    """Every audit entry of an append, each with the index of its event; a caller's own acts have no event.

    A caller's entry completes the first entry of the same name that it has not completed yet.
    """
    spare = list(given)
    for index, event in enumerate(appended):
        own = entry_of(event)
        if own is None:
            continue
        match_ = next((entry for entry in spare if entry.event == own.event), None)
        if match_ is not None:
            spare.remove(match_)
            own = completed(own, match_)
        yield index, own
    for entry in spare:
        yield None, entry


def exported(rows: Sequence[tuple[AuditRow, bytes, bytes]]) -> Iterator[bytes]:
    """The lines of an export: a header that says how many rows follow and their last hash, then each row."""
    head = rows[-1][2] if rows else GENESIS
    yield canonical_json(_Header(FORMAT, VERSION, len(rows), head.hex()))
    for row, prev, hash_ in rows:
        yield canonical_json(_Line(row, prev.hex(), hash_.hex()))


def verify_rows(
    rows: Iterable[tuple[AuditRow, bytes, bytes]], expected: int, head: bytes
) -> Verified | Broken:
    """Whether rows are one unbroken chain of `expected` rows that ends in `head`; else the first that is not."""
    last, seq = GENESIS, 0
    for row, prev, hash_ in rows:
        seq += 1
        if row.seq != seq:
            return Broken("audit", row.run, seq, f"row {seq} is missing: row {row.seq} stands in its place")
        if prev != last:
            return Broken("audit", row.run, seq, "the row does not follow the row before it")
        if row_hash(prev, row) != hash_:
            return Broken("audit", row.run, seq, "the row is not what was written")
        last = hash_
    if seq != expected or last != head:
        return Broken("audit", None, seq + 1, f"{expected} rows were written and {seq} are here")
    return Verified(seq, last.hex())


def verify_export(lines: Iterable[bytes], known_head: str | None = None) -> Verified | Broken:
    """Whether an export is what a journal wrote, from its bytes alone.

    A chain shows every change inside it, but somebody who holds the whole export can cut its end and rewrite its
    header; `known_head`, noted elsewhere when the export was made, shows that too.
    """
    source = iter(lines)
    header = _read(next(source, b"").rstrip(b"\n"), _Header)
    if header is None or header.format != FORMAT or header.version > VERSION:
        return Broken(
            "audit", None, 0, "the first line is not the header of an audit export this version reads"
        )
    parsed: list[tuple[AuditRow, bytes, bytes]] = []
    for number, line in enumerate(source, start=1):
        read = _read(line.rstrip(b"\n"), _Line)
        hashes = None if read is None else (_unhex(read.prev), _unhex(read.hash))
        if read is None or hashes is None or hashes[0] is None or hashes[1] is None:
            return Broken("audit", None, number, "the line is not an audit row")
        parsed.append((read.row, hashes[0], hashes[1]))
    head = _unhex(header.head)
    if head is None or (known_head is not None and known_head != header.head):
        return Broken("audit", None, header.rows, "the export does not end in the known hash")
    return verify_rows(parsed, header.rows, head)


def _read(line: bytes, shape: type[T]) -> T | None:
    try:
        return decode_strict(line, shape)
    except NotCanonical:
        return None


def _unhex(text: str) -> bytes | None:
    try:
        value = bytes.fromhex(text)
    except ValueError:
        return None
    return value if len(value) == 32 and value.hex() == text else None
