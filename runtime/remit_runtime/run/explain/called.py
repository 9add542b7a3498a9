"""Questions 7 to 11: calls, where their values come from, who allowed them, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator

from remit_runtime.journal.events import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalSettled,
    QuestionAnswered,
    QuestionAsked,
    ToolDecided,
    ToolIntended,
    ToolSettled,
    ValueOrigin,
)
from remit_runtime.journal.family import Family
from remit_runtime.journal.records import StoredEvent
from remit_runtime.run.explain.fact import Fact, Wording, fact
from remit_runtime.run.wording import when


def calls(of: Family, said: Wording) -> Iterator[Fact]:
    """Which tools were called, with what."""
    for stored in of.events:
        event = stored.event
        if isinstance(event, ToolDecided):
            on = "" if event.resource is None else f", on {event.resource_type} `{said.line(event.resource)}`"
            yield fact(
                of,
                stored,
                f"`{said.line(event.tool)}` in state `{event.state}` with {said.json(event.arguments)}{on}",
                call=event.call,
                tool=event.tool,
                state=event.state,
                arguments=event.arguments,
                arguments_digest=event.arguments_digest,
                resource_type=event.resource_type,
                resource=event.resource,
            )


def origins(of: Family, said: Wording) -> Iterator[Fact]:
    """Where each value of a call comes from."""
    for stored in of.events:
        event = stored.event
        if isinstance(event, ToolDecided):
            for origin in event.origins:
                text = f"`{said.line(event.tool)}` {_origin(origin, said)}"
                yield fact(
                    of,
                    stored,
                    text,
                    call=event.call,
                    path=origin.path,
                    role=origin.role,
                    type=origin.type,
                    origin=origin.origin,
                    trusted=origin.trusted,
                    source=origin.source,
                    field=origin.field,
                    expression=origin.expression,
                    operands=list(origin.operands) or None,
                )


def judgements(of: Family, said: Wording) -> Iterator[Fact]:
    """What was decided on each call, and by which rule."""
    for stored in of.events:
        event = stored.event
        if not isinstance(event, ToolDecided):
            continue
        rules = f", by {', '.join(said.rule(rule) for rule in event.rules)}" if event.rules else ""
        why = f": {said.line(event.reason)}" if event.reason else ""
        approvals = f", approvals {', '.join(event.approvals)}" if event.approvals else ""
        yield fact(
            of,
            stored,
            f"`{said.line(event.tool)}`: {event.outcome} at {event.stage}, {event.code}{rules}{approvals}{why}",
            call=event.call,
            outcome=event.outcome,
            stage=event.stage,
            code=event.code,
            reason=event.reason,
            rules=list(event.rules),
            places={rule: said.places[rule] for rule in event.rules if rule in said.places},
            approvals=list(event.approvals),
            request=event.request,
        )


def approvals(of: Family, said: Wording) -> Iterator[Fact]:
    """Who approved what, when, of which evidence; and what people were asked otherwise."""
    for stored in of.events:
        event = stored.event
        if isinstance(event, ApprovalRequested | ApprovalGiven | ApprovalSettled):
            yield _approval(of, stored, event, said)
        elif isinstance(event, QuestionAsked):
            text = f"people were asked in state `{event.state}`: {said.line(event.text)}"
            yield fact(of, stored, text, question=event.question, asked=event.text)
        elif isinstance(event, QuestionAnswered):
            how = "asserted, not proved" if event.asserted else "proved"
            text = (
                f"`{said.line(event.by)}` ({how}) answered at {when(stored.at_ms)}: {said.line(event.text)}"
            )
            yield fact(of, stored, text, question=event.question, by=event.by, asserted=event.asserted)


def results(of: Family, said: Wording) -> Iterator[Fact]:
    """What came back of each call that was sent, and whether it changed anything outside."""
    judged = {one.event.call: one for one in of.events if isinstance(one.event, ToolDecided)}
    sent = {one.event.call: one for one in of.events if isinstance(one.event, ToolIntended)}
    ended = {one.event.call: one for one in of.events if isinstance(one.event, ToolSettled)}
    for call, intent in sent.items():
        read = tuple(one for one in (judged.get(call), intent, ended.get(call)) if one is not None)
        yield _result(of, read, said)


def _result(of: Family, read: tuple[StoredEvent, ...], said: Wording) -> Fact:
    decided = next((one.event for one in read if isinstance(one.event, ToolDecided)), None)
    intended = next(one.event for one in read if isinstance(one.event, ToolIntended))
    settled = next((one.event for one in read if isinstance(one.event, ToolSettled)), None)
    effect = None if decided is None else decided.effect
    outcome = "unknown" if settled is None else settled.outcome
    changed = _changed(effect, outcome)
    return fact(
        of,
        read,
        f"`{said.line(intended.tool)}` ended: {_ended(settled, said)}; {changed.replace('_', ' ')}",
        call=intended.call,
        outcome=outcome,
        code=None if settled is None else settled.code,
        output=None if settled is None else settled.output,
        output_digest=None if settled is None else settled.output_digest,
        redactions=[] if settled is None else list(settled.redactions),
        effect=effect,
        changed=changed,
        sandbox=intended.sandbox,
        executable=intended.executable,
        peer=intended.peer,
    )


def _ended(settled: ToolSettled | None, said: Wording) -> str:
    if settled is None:
        return "nobody has seen how"
    text = settled.outcome if settled.code is None else f"{settled.outcome}, {settled.code}"
    if settled.output is not None:
        text += f", {len(settled.output.encode('utf-8'))} bytes {settled.output_digest}: {said.json(settled.output)}"
    if settled.redactions:
        text += f", redacted by {', '.join(settled.redactions)}"
    return text


def _changed(effect: str | None, outcome: str) -> str:
    """`nothing_changed_outside`, `changed_outside`, `may_have_changed_outside`: what a call did to the world."""
    if effect == "read":
        return "nothing_changed_outside"
    return "changed_outside" if effect is not None and outcome == "ok" else "may_have_changed_outside"


def _origin(origin: ValueOrigin, said: Wording) -> str:
    trust = "trusted" if origin.trusted else "not trusted"
    at = "" if origin.field is None else f" at `{said.line(origin.field)}`"
    where = "" if origin.source is None else f", from `{said.line(origin.source)}`{at}"
    how = "" if origin.expression is None else f", by {said.line(origin.expression)}"
    over = f" over {said.line(', '.join(origin.operands))}" if origin.operands else ""
    return f"`{said.line(origin.path)}` ({origin.role}): {origin.origin}{where}{how}{over}, {trust}"


def _approval(
    of: Family,
    stored: StoredEvent,
    event: ApprovalRequested | ApprovalGiven | ApprovalSettled,
    said: Wording,
) -> Fact:
    match event:
        case ApprovalRequested():
            about = "" if event.call is None else f" for the call {event.call}"
            why = f", because {said.line(event.why)}" if event.why else ""
            rules = f", by {', '.join(said.rule(rule) for rule in event.rules)}" if event.rules else ""
            return fact(
                of,
                stored,
                f"`{event.requirement}` was asked for in state `{event.state}`{about}{why}{rules}, until"
                f" {when(event.expires_ms)}; shown was {said.json(event.shown)}",
                approval=event.approval,
                requirement=event.requirement,
                call=event.call,
                subject=event.subject,
                shown=event.shown,
                expires_ms=event.expires_ms,
                why=event.why,
            )
        case ApprovalGiven():
            how = "asserted, not proved" if event.asserted else "proved"
            signed = "" if event.signature is None else ", signed"
            why = f": {said.line(event.reason)}" if event.reason else ""
            return fact(
                of,
                stored,
                f"`{said.line(event.by)}` ({how}{signed}) {event.decision} {event.approval}"
                f" at {when(event.at_ms)}{why}",
                approval=event.approval,
                decision=event.decision,
                by=event.by,
                asserted=event.asserted,
                signed=event.signature is not None,
                at_ms=event.at_ms,
                reason=event.reason,
            )
        case ApprovalSettled():
            by = f" by {said.line(', '.join(event.by))}" if event.by else ""
            text = f"{event.approval} was {event.outcome}{by} at {when(stored.at_ms)}"
            return fact(of, stored, text, approval=event.approval, outcome=event.outcome, by=list(event.by))
