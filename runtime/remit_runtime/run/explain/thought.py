"""Questions 4 to 6: what a model was given, which one it was, and what it decided."""

from __future__ import annotations

from collections.abc import Iterator

from remit_runtime.journal.events import (
    ContextPacked,
    ModelIntended,
    ModelSettled,
    ModelSkipped,
    PackedSource,
    Routing,
)
from remit_runtime.journal.family import Family
from remit_runtime.models.decision import Ask, Call, Handoff, Malformed, Respond, parse_decision
from remit_runtime.run.explain.fact import Fact, Wording, fact
from remit_runtime.run.wording import money


def context(of: Family, said: Wording) -> Iterator[Fact]:
    """What context was used, and what was left out."""
    for stored in of.events:
        event = stored.event
        if not isinstance(event, ContextPacked):
            continue
        yield fact(
            of,
            stored,
            f"state `{event.state}` packed {len(event.sources)} sources of about {event.tokens} tokens"
            f" as the packet {event.packet}",
            state=event.state,
            packet=event.packet,
            tokens=event.tokens,
        )
        for source in event.sources:
            yield fact(of, stored, _used(source), source=source.id, used=True, digest=source.digest)
        for left in event.excluded:
            why = f"`{left.id}` was left out, {left.code}: {said.line(left.reason)}"
            yield fact(of, stored, why, source=left.id, used=False, code=left.code, reason=left.reason)
        if event.failed is not None:
            lacks = f"`{event.failed}` is required and was not there, so no model was asked"
            yield fact(of, stored, lacks, source=event.failed, used=False, required=True)


def models(of: Family, said: Wording) -> Iterator[Fact]:
    """Which models were asked, why, and which were skipped."""
    for stored in of.events:
        event = stored.event
        if isinstance(event, ModelSkipped):
            why = f"{event.code}: {said.line(event.reason)}"
            text = f"model `{event.model}` was skipped in state `{event.state}`, {why}"
            yield fact(
                of,
                stored,
                text,
                model=event.model,
                state=event.state,
                skipped=True,
                code=event.code,
                reason=event.reason,
            )
        elif isinstance(event, ModelIntended):
            yield fact(
                of,
                stored,
                f"model `{event.model}` was asked in state `{event.state}` as number {event.attempt} of the agent's"
                f" list, {_why(event.routing)}{_where(event)}",
                model=event.model,
                state=event.state,
                skipped=False,
                attempt=event.attempt,
                adapter=of.started.model_adapter,
                endpoint=event.endpoint,
                request=event.request,
            )


def decisions(of: Family, said: Wording) -> Iterator[Fact]:
    """What the model decided at each step."""
    for stored in of.events:
        event = stored.event
        if not isinstance(event, ModelSettled):
            continue
        if event.decision is None:
            why = "" if event.detail is None else f": {said.line(event.detail)}"
            text = f"in state `{event.state}` it gave no decision, {event.outcome}, {event.code}{why}"
        else:
            text = f"in state `{event.state}` it decided to {_decision(event.decision, said)}"
        yield fact(
            of,
            stored,
            text,
            state=event.state,
            call=event.call,
            outcome=event.outcome,
            code=event.code,
            decision=event.decision,
            detail=event.detail,
        )


def _used(source: PackedSource) -> str:
    age = "" if source.freshness_ms is None else f", {source.freshness_ms} ms old"
    return f"`{source.id}` was used: {source.type}, {source.trust}, about {source.tokens} tokens{age}, {source.digest}"


def _why(routing: Routing | None) -> str:
    if routing is None:
        return "the first that was left"
    needs = ", ".join(routing.needs) or "nothing special"
    residency = ", ".join(routing.allowed_residency) or "anywhere"
    return (
        f"the first that fits task `{routing.task}`: about {routing.input_tokens} tokens into a context of"
        f" {routing.context_tokens}, needs {needs}, kept in {residency}, at most"
        f" {money(routing.worst_microusd)} USD by {routing.price_source}"
    )


def _where(event: ModelIntended) -> str:
    endpoint = "" if event.endpoint is None else f", at {event.endpoint}"
    return f"{endpoint}, with the lease {event.credential}" if event.credential is not None else endpoint


def _decision(text: str, said: Wording) -> str:
    match parse_decision(text):
        case Call(tool, arguments):
            return f"call `{said.line(tool)}` with {said.json(arguments)}"
        case Respond(value):
            return f"respond {said.json(value)}"
        case Handoff(agent, _, given):
            return f"hand off to `{said.line(agent)}` with {said.json(given)}"
        case Ask(question):
            return f"ask a person: {said.line(question)}"
        case Malformed():
            return said.json(text)
