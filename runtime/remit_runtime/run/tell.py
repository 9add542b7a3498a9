"""What happened in a run, event by event, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from remit_runtime.journal.events import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalSettled,
    CheckMade,
    ChildEnded,
    ChildStarted,
    ContextPacked,
    ModelIntended,
    ModelSettled,
    ModelSkipped,
    OutputAccepted,
    OutputVerified,
    QuestionAnswered,
    QuestionAsked,
    RunEnded,
    RunResumed,
    RunStarted,
    StateEntered,
    ToolDecided,
    ToolIntended,
    ToolSettled,
    ValueOrigin,
)
from remit_runtime.journal.records import StoredEvent
from remit_runtime.models.decision import Ask, Call, Handoff, Malformed, Respond, parse_decision
from remit_runtime.run.wording import money, one_json, one_line, when


def told(stored: StoredEvent, places: Mapping[str, str]) -> Iterator[str]:
    """The lines of an event: its number, and what it says. `places` gives the file and line of a rule."""
    first, *others = _lines(stored, places)
    yield f"{stored.seq:>6}  {first}"
    for line in others:
        yield f"          {line}"


def _lines(stored: StoredEvent, places: Mapping[str, str]) -> list[str]:  # noqa: C901 (one flat match)
    event = stored.event
    match event:
        case RunStarted():
            return ["run started"]
        case RunResumed():
            return [f"run resumed, after it waited {event.waited_ms} ms for people"]
        case StateEntered():
            return [f"{_at(event.branch)}state {event.state}, visit {event.visit}"]
        case OutputAccepted():
            return _accepted(event)
        case ContextPacked():
            return _packet(event)
        case ModelSkipped():
            return [f"  model {event.model} passed over, {event.code}", f"  {one_line(event.reason)}"]
        case ModelIntended() | ModelSettled():
            return _model(event)
        case ToolDecided() | ToolIntended() | ToolSettled():
            return _tool(event, places)
        case ApprovalRequested() | ApprovalGiven() | ApprovalSettled():
            return _approval(event)
        case QuestionAsked():
            return [f"  question {event.question}: {one_line(event.text)}"]
        case QuestionAnswered():
            return [f"  question {event.question} answered by {one_line(event.by)}: {one_line(event.text)}"]
        case OutputVerified():
            return [_check(check) for check in event.checks]
        case ChildStarted():
            return [f"  handed off to {event.agent}: run {event.child}", f"  input {one_json(event.input)}"]
        case ChildEnded():
            return [f"  child {event.child} ended: {event.reason}", *_output(event.output)]
        case RunEnded():
            kept = [f"  wrote {one.name}, {one.length} bytes, {one.digest}" for one in event.artifacts]
            return [
                f"run ended: {event.reason}",
                f"  {one_line(event.detail)}",
                *_output(event.output),
                *kept,
            ]


def _accepted(event: OutputAccepted) -> list[str]:
    onward = "" if event.next is None else f", on to {event.next}"
    why = [] if event.detail is None else [f"  {one_line(event.detail)}"]
    return [f"{_at(event.branch)}  {event.state}: {event.outcome}{onward}", *why]


def _model(event: ModelIntended | ModelSettled) -> list[str]:
    if isinstance(event, ModelIntended):
        return [f"  model {event.model} asked, call {event.call}, attempt {event.attempt}"]
    tokens = "usage unknown"
    if event.input_tokens is not None and event.output_tokens is not None:
        tokens = f"{event.input_tokens} tokens in, {event.output_tokens} out"
    used = f"  {tokens}, {money(event.spent.microusd)} USD"
    if event.decision is None:
        return [
            f"  model gave no decision: {event.outcome}, {event.code}",
            f"  {one_line(event.detail or '')}",
            used,
        ]
    return [f"  model decided to {_decision(event.decision)}", used]


def _decision(text: str) -> str:
    match parse_decision(text):
        case Call(tool, arguments):
            return f"call {one_line(tool)} with {one_json(arguments)}"
        case Respond(value):
            return f"respond {one_json(value)}"
        case Handoff(agent, _, given):
            return f"hand off to {one_line(agent)} with {one_json(given)}"
        case Ask(question):
            return f"ask a person: {one_line(question)}"
        case Malformed():
            return one_json(text)


def _tool(event: ToolDecided | ToolIntended | ToolSettled, places: Mapping[str, str]) -> list[str]:
    match event:
        case ToolDecided():
            return _decided(event, places)
        case ToolIntended():
            return [f"  sent, call {event.call}, sandbox {event.sandbox}"]
        case ToolSettled():
            size = 0 if event.output is None else len(event.output.encode("utf-8"))
            code = "" if event.code is None else f", {event.code}"
            lines = [f"  {one_line(event.tool)} ended: {event.outcome}{code}"]
            if event.output_digest is not None:
                lines.append(f"  result of {size} bytes, {event.output_digest}")
            if event.redactions:
                lines.append(f"  redacted by {', '.join(event.redactions)}")
            return lines


def _decided(event: ToolDecided, places: Mapping[str, str]) -> list[str]:
    lines = [
        f"  call {one_line(event.tool)}: {event.outcome} at {event.stage}, {event.code}",
        f"  arguments {one_json(event.arguments)}",
    ]
    if event.resource is not None:
        lines.append(f"  resource {event.resource_type} {one_line(event.resource)}")
    true = [name for name, holds in event.facts if holds]
    if true:
        lines.append(f"  facts {', '.join(true)}")
    lines += [_origin(one) for one in event.origins]
    for rule in event.rules:
        place = places.get(rule)
        lines.append(f"  rule {rule}" + (f" at {place}" if place is not None else ""))
    if event.reason:
        lines.append(f"  because {one_line(event.reason)}")
    if event.approvals:
        lines.append(f"  approvals {', '.join(event.approvals)}")
    return lines


def _origin(one: ValueOrigin) -> str:
    """Where a value of the arguments comes from, and what it lacks."""
    where = "" if one.source is None else f" from {one_line(one.source)}"
    field = "" if one.field is None else f" {one_line(one.field)}"
    how = "" if one.expression is None else f", as {one_line(one.expression)}"
    lacks = ", lacks a trusted origin" if one.lacks else ""
    return f"  origin {one_line(one.path)} ({one.type}): {one.origin}{where}{field}{how}{lacks}"


def _packet(event: ContextPacked) -> list[str]:
    lines = [f"  packet {event.packet}, {event.tokens} tokens"]
    for one in event.sources:
        age = "" if one.freshness_ms is None else f", {one.freshness_ms / 60_000:.1f} minutes old"
        lines.append(f"  holds {one.id}: {one.type}, {one.trust}, {one.tokens} tokens{age}")
        lines.append(f"    {one_line(one.origin)}, {one.digest}")
        lines += [f"    redacted by {', '.join(one.redactions)}"] if one.redactions else []
    lines += [f"  leaves out {one.id}, {one.code}: {one_line(one.reason)}" for one in event.excluded]
    return [*lines, *([] if event.failed is None else [f"  lacks {event.failed}, which is required"])]


def _check(check: CheckMade) -> str:
    why = "" if check.detail is None else f": {one_line(check.detail)}"
    return f"  check {check.check} {'passed' if check.passed else 'failed'}{why}"


def _approval(event: ApprovalRequested | ApprovalGiven | ApprovalSettled) -> list[str]:
    if isinstance(event, ApprovalGiven):
        why = f": {one_line(event.reason)}" if event.reason else ""
        return [f"  approval {event.approval} {event.decision} by {one_line(event.by)}{why}"]
    if isinstance(event, ApprovalSettled):
        by = f" by {one_line(' '.join(event.by))}" if event.by else ""
        return [f"  approval {event.approval} {event.outcome}{by}"]
    lines = [f"  approval {event.approval} asked for: {event.requirement}, until {when(event.expires_ms)}"]
    if event.why:
        lines.append(f"  because {one_line(event.why)}")
    return [*lines, f"  shown {one_json(event.shown)}"]


def _output(text: str | None) -> list[str]:
    return [] if text is None else [f"  output {one_json(text)}"]


def _at(branch: tuple[str, ...]) -> str:
    return f"[{'/'.join(branch)}] " if branch else ""
