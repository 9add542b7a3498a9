"""From events to spans: a pure fold. The same events always give the same spans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from remit_runtime.journal import events
from remit_runtime.journal.family import Family
from remit_runtime.journal.records import StoredEvent
from remit_runtime.trace import attributes as say
from remit_runtime.trace import names
from remit_runtime.trace.span import Span, Value, span_id, trace_id

Status = Literal["ok", "error", "unset"]


def spans_of(family: Family, parent: str | None = None) -> tuple[Span, ...]:
    """The spans of a run and its children, each before what stands under it, in the order of their events."""
    drawn = _Drawing(family.run, trace_id(family.outermost), say.Content(family.started.content))
    for stored in family.events:
        _draw(drawn, stored, parent)
    own = [_span(drawn, one) for one in drawn.parts]
    below = {
        child.run: spans_of(child, _handoff_of(own, child.run) or own[0].span_id) for child in family.children
    }
    return tuple(_nested(own, below))


@dataclass
class _Part:
    """A span that is being drawn."""

    name: str
    label: str
    seq: int
    start_ms: int
    parent: str | None
    attributes: dict[str, Value]
    closed: int | None = None
    end_ms: int | None = None
    status: Status = "unset"
    message: str = ""
    spent: int = 0
    branch: tuple[str, ...] = ()


@dataclass
class _Drawing:
    """What has been drawn of one run so far; open parts are found by what ends them."""

    run: str
    trace: str
    content: say.Content
    adapter: str = "none"
    parts: list[_Part] = field(default_factory=list[_Part])
    calls: dict[str, _Part] = field(default_factory=dict[str, _Part])
    leases: dict[str, _Part] = field(default_factory=dict[str, _Part])
    waits: dict[str, _Part] = field(default_factory=dict[str, _Part])
    handoffs: dict[str, _Part] = field(default_factory=dict[str, _Part])

    def id_of(self, part: _Part) -> str:
        """The id of a part's span."""
        return span_id(self.run, part.seq, part.name)

    def state(self, name: str) -> _Part:
        """The open visit of a state, else the run."""
        here = (
            one
            for one in reversed(self.parts)
            if one.name == names.STATE and one.closed is None and one.label == name
        )
        return next(here, self.parts[0])


def _draw(drawn: _Drawing, stored: StoredEvent, parent: str | None) -> None:
    event = stored.event
    match event:
        case events.RunStarted():
            drawn.adapter = event.model_adapter
            start = say.of_run(drawn.run, event, drawn.content)
            _open(drawn, stored, names.RUN, event.agent, parent, start)
        case events.RunEnded():
            _end(drawn, stored, event)
        case events.RunResumed():
            before = drawn.parts[0].attributes.get(names.WAITED, 0)
            drawn.parts[0].attributes[names.WAITED] = event.waited_ms + (
                before if isinstance(before, int) else 0
            )
        case events.StateEntered() | events.OutputAccepted():
            _move(drawn, stored, event)
        case events.ModelSkipped() | events.ModelIntended() | events.ModelSettled():
            _model(drawn, stored, event)
        case events.ToolDecided() | events.ToolIntended() | events.ToolSettled():
            _tool(drawn, stored, event)
        case events.ApprovalRequested() | events.ApprovalGiven() | events.ApprovalSettled():
            _approval(drawn, stored, event)
        case events.QuestionAsked() | events.QuestionAnswered():
            _asked(drawn, stored, event)
        case _:
            _other(drawn, stored, event)


def _move(drawn: _Drawing, stored: StoredEvent, event: events.StateEntered | events.OutputAccepted) -> None:
    inside = len(event.branch)
    here = [one for one in drawn.parts if one.name == names.STATE and one.closed is None]
    if isinstance(event, events.StateEntered):
        for one in here:
            if one.branch == event.branch:
                _close(one, stored, "unset")
        told = say.known(STATE_ID=event.state, VISIT=event.visit, BRANCH=event.branch)
        part = _open(drawn, stored, names.STATE, event.state, drawn.id_of(drawn.parts[0]), told)
        part.branch = event.branch
        return
    for one in here:
        # The output of a fork ends its branches.
        if one.branch[:inside] != event.branch:
            continue
        own = one.branch == event.branch and one.label == event.state
        status: Status = "error" if own and event.outcome in _BAD else "ok" if own else "unset"
        if own:
            detail = drawn.content.of(event.detail)
            one.attributes.update(say.known(OUTCOME=event.outcome, DETAIL=detail))
        _close(one, stored, status, event.outcome if status == "error" else "")


_KINDS = ("call", "respond", "handoff", "ask")
_BAD = frozenset({"denied", "error", "exhausted", "expired", "failed"})


def _model(
    drawn: _Drawing,
    stored: StoredEvent,
    event: events.ModelSkipped | events.ModelIntended | events.ModelSettled,
) -> None:
    if isinstance(event, events.ModelSettled):
        part = drawn.calls.pop(event.call, None)
        if part is None:
            return
        decided = None if event.decision is None else _kind(event.decision)
        part.attributes.update(say.of_answer(event, decided, drawn.content))
        part.spent = event.spent.microusd
        _close(part, stored, "ok" if event.outcome == "ok" else "error", event.code or "")
        _release(drawn, stored, event.call)
        return
    under = drawn.id_of(drawn.state(event.state))
    if isinstance(event, events.ModelSkipped):
        told = say.of_skipped(event, drawn.adapter)
        part = _open(drawn, stored, names.DECISION, event.model, under, told)
        _close(part, stored, "error", event.code)
        return
    told = say.of_question(event, drawn.adapter)
    part = _open(drawn, stored, names.DECISION, event.model, under, told)
    drawn.calls[event.call] = part
    _lease(drawn, stored, event.call, event.credential, part)


def _tool(
    drawn: _Drawing,
    stored: StoredEvent,
    event: events.ToolDecided | events.ToolIntended | events.ToolSettled,
) -> None:
    match event:
        case events.ToolDecided():
            _judged(drawn, stored, event)
        case events.ToolIntended():
            part = drawn.calls.get(event.call)
            if part is None:
                return
            part.attributes.update(say.of_sent(event))
            _lease(drawn, stored, event.call, event.credential, part)
        case events.ToolSettled():
            part = drawn.calls.get(event.call)
            if part is None:
                return
            part.attributes.update(say.of_result(event, drawn.content))
            part.spent = event.spent.microusd
            _close(part, stored, "ok" if event.outcome == "ok" else "error", event.code or "")
            _release(drawn, stored, event.call)


def _judged(drawn: _Drawing, stored: StoredEvent, event: events.ToolDecided) -> None:
    """A call and the judgement on it; one that is allowed lasts until its outcome."""
    under = drawn.id_of(drawn.state(event.state))
    part = _open(drawn, stored, names.TOOL, event.tool, under, say.of_decision(event, drawn.content))
    drawn.calls[event.call] = part
    status: Status = "error" if event.outcome == "deny" else "ok"
    policy = say.of_policy(event, drawn.content)
    judgement = _open(drawn, stored, names.POLICY, event.outcome, drawn.id_of(part), policy)
    _close(judgement, stored, status, event.code if status == "error" else "")
    if event.outcome != "allow":
        _close(part, stored, status if status == "error" else "unset", judgement.message)


def _approval(
    drawn: _Drawing,
    stored: StoredEvent,
    event: events.ApprovalRequested | events.ApprovalGiven | events.ApprovalSettled,
) -> None:
    if isinstance(event, events.ApprovalRequested):
        asking = None if event.call is None else drawn.calls.get(event.call)
        under = drawn.id_of(asking or drawn.state(event.state))
        told = say.of_requested(event, drawn.content)
        drawn.waits[event.approval] = _open(drawn, stored, names.APPROVAL, event.requirement, under, told)
        return
    part = drawn.waits.get(event.approval)
    if part is None:
        return
    if isinstance(event, events.ApprovalGiven):
        before = part.attributes.get(names.PEOPLE, ())
        people = (*(before if isinstance(before, tuple) else ()), f"{event.by} {event.decision}")
        part.attributes[names.PEOPLE] = people
        return
    part.attributes.update(say.known(OUTCOME=event.outcome))
    _close(part, stored, "ok" if event.outcome == "approved" else "error", event.outcome)


def _asked(
    drawn: _Drawing, stored: StoredEvent, event: events.QuestionAsked | events.QuestionAnswered
) -> None:
    if isinstance(event, events.QuestionAsked):
        told = say.known(APPROVAL_ID=event.question, QUESTION=drawn.content.of(event.text))
        under = drawn.id_of(drawn.state(event.state))
        drawn.waits[event.question] = _open(drawn, stored, names.APPROVAL, "question", under, told)
        return
    part = drawn.waits.get(event.question)
    if part is not None:
        part.attributes.update(say.known(OUTCOME="answered", PEOPLE=(f"{event.by} answered",)))
        _close(part, stored, "ok")


def _other(drawn: _Drawing, stored: StoredEvent, event: events.RunEvent) -> None:
    match event:
        case events.ContextPacked():
            state = drawn.state(event.state)
            told = say.of_packet(event)
            part = _open(drawn, stored, names.CONTEXT, event.state, drawn.id_of(state), told)
            part.start_ms = state.start_ms
            bad = event.failed is not None
            _close(part, stored, "error" if bad else "ok", "required_missing" if bad else "")
        case events.OutputVerified():
            under = drawn.id_of(drawn.state(event.state))
            bad = not all(check.passed for check in event.checks)
            part = _open(drawn, stored, names.VERIFICATION, event.state, under, say.of_checks(event))
            _close(part, stored, "error" if bad else "ok", "check_failed" if bad else "")
        case events.ChildStarted():
            told = say.known(OPERATION=names.INVOKE_AGENT, AGENT_ID=event.agent, CHILD=event.child)
            under = drawn.id_of(drawn.state(event.state))
            drawn.handoffs[event.child] = _open(drawn, stored, names.HANDOFF, event.agent, under, told)
        case events.ChildEnded():
            handed = drawn.handoffs.pop(event.child, None)
            if handed is not None:
                handed.attributes.update(say.known(REASON=event.reason))
                _close(handed, stored, "ok" if event.reason == "succeeded" else "error", event.reason)
        case _:
            raise RuntimeError(f"no span knows the event `{type(event).__name__}`")


def _end(drawn: _Drawing, stored: StoredEvent, event: events.RunEnded) -> None:
    """The end of a run ends all that is still open in it."""
    if event.output is not None or event.artifacts:
        under = drawn.id_of(drawn.parts[0])
        told = say.of_output(event, drawn.content)
        part = _open(drawn, stored, names.OUTPUT, "output", under, told)
        _close(part, stored, "ok" if event.reason == "succeeded" else "unset")
    run = drawn.parts[0]
    run.attributes.update({**say.of_end(event), **say.known(DETAIL=drawn.content.of(event.detail))})
    _close(run, stored, "ok" if event.reason == "succeeded" else "error", event.reason)
    for one in drawn.parts:
        if one.closed is None:
            _close(one, stored, "unset")


def _open(
    drawn: _Drawing,
    stored: StoredEvent,
    name: str,
    label: str,
    parent: str | None,
    attributes: Mapping[str, Value],
) -> _Part:
    base = {names.RUN_ID: drawn.run, names.EVENT: f"{drawn.run}:{stored.seq}"}
    part = _Part(name, label, stored.seq, stored.at_ms, parent, {**base, **attributes})
    drawn.parts.append(part)
    return part


def _close(part: _Part, stored: StoredEvent, status: Status, message: str = "") -> None:
    part.closed, part.end_ms, part.status = stored.seq, stored.at_ms, status
    part.message = message if status == "error" else ""


def _lease(drawn: _Drawing, stored: StoredEvent, call: str, lease: str | None, asking: _Part) -> None:
    if lease is not None:
        told = say.known(LEASE=lease, CALL=call)
        drawn.leases[call] = _open(drawn, stored, names.CREDENTIAL, lease, drawn.id_of(asking), told)


def _release(drawn: _Drawing, stored: StoredEvent, call: str) -> None:
    part = drawn.leases.pop(call, None)
    if part is not None:
        _close(part, stored, "ok")


def _kind(decision: str) -> str | None:
    """`call`, `respond`, `handoff` or `ask`: the one key of a recorded decision."""
    try:
        value: object = json.loads(decision)
    except (ValueError, RecursionError):
        return None
    return next((kind for kind in _KINDS if kind in value), None) if isinstance(value, dict) else None


def _span(drawn: _Drawing, part: _Part) -> Span:
    return Span(
        trace_id=drawn.trace,
        span_id=drawn.id_of(part),
        parent_id=part.parent,
        name=part.name,
        label=part.label,
        run=drawn.run,
        seq=part.seq,
        closed=part.closed,
        start_ms=part.start_ms,
        end_ms=part.end_ms,
        status=part.status,
        message=part.message,
        attributes=dict(sorted(part.attributes.items())),
        spent_microusd=part.spent,
    )


def _handoff_of(own: list[Span], child: str) -> str | None:
    return next((one.span_id for one in own if one.attributes.get(names.CHILD) == child), None)


def _nested(own: list[Span], below: Mapping[str, tuple[Span, ...]]) -> list[Span]:
    """A run's spans with those of each child right after the handoff that started it."""
    found: list[Span] = []
    for one in own:
        found.append(one)
        child = one.attributes.get(names.CHILD)
        if one.name == names.HANDOFF and isinstance(child, str):
            found += below.get(child, ())
    return found
