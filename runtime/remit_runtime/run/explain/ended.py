"""Questions 12 to 15: handoffs, cost, verification, and the end with what went wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass

from remit_runtime.journal.events import (
    ApprovalSettled,
    ChildEnded,
    ChildStarted,
    ContextPacked,
    ModelIntended,
    ModelSettled,
    OutputAccepted,
    OutputVerified,
    RunEnded,
    RunResumed,
    Spend,
    StateEntered,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.journal.family import Family
from remit_runtime.journal.records import StoredEvent
from remit_runtime.run.explain.fact import Fact, Wording, fact
from remit_runtime.run.state import EXHAUSTED
from remit_runtime.run.wording import money

CHECKED = ("passed", "failed")


def handoffs(of: Family, said: Wording) -> Iterator[Fact]:
    """What was handed off to whom, and what came of it."""
    ended = {one.event.child: one for one in of.events if isinstance(one.event, ChildEnded)}
    for stored in of.events:
        event = stored.event
        if not isinstance(event, ChildStarted):
            continue
        last = ended.get(event.child)
        end = None if last is None or not isinstance(last.event, ChildEnded) else last.event
        came = "it has not ended" if end is None else f"it ended as {end.reason}"
        read = (stored,) if last is None else (stored, last)
        yield fact(
            of,
            read,
            f"state `{event.state}` handed off to `{event.agent}` as run {event.child}"
            f" with {said.json(event.input)}: {came}",
            child=event.child,
            agent=event.agent,
            input=event.input,
            reason=None if end is None else end.reason,
            microusd_allowed=event.budget.microusd,
        )


@dataclass(frozen=True)
class Total:
    """What a run and its children have used; each number against the run's own budget."""

    steps: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    microusd: int = 0

    def __add__(self, other: Total) -> Total:
        return Total(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))


def costs(of: Family, _said: Wording) -> Iterator[Fact]:
    """What each call has cost, and the run in all, against its budget."""
    states = {one.event.call: one.event for one in of.events if isinstance(one.event, ModelIntended)}
    for stored in of.events:
        event = stored.event
        if isinstance(event, ModelSettled):
            asked = states.get(event.call)
            model = "a model" if asked is None else f"model `{asked.model}`"
            known = event.input_tokens is not None and event.output_tokens is not None
            tokens = (
                f"{event.input_tokens} tokens in, {event.output_tokens} out" if known else "usage unknown"
            )
            yield fact(
                of,
                stored,
                f"state `{event.state}`, {model}: {money(event.spent.microusd)} USD, {tokens}",
                state=event.state,
                call=event.call,
                microusd=event.spent.microusd,
                input_tokens=event.input_tokens,
                output_tokens=event.output_tokens,
            )
        elif isinstance(event, ToolSettled) and event.spent.microusd:
            text = f"state `{event.state}`, tool `{event.tool}`: {money(event.spent.microusd)} USD"
            yield fact(of, stored, text, state=event.state, call=event.call, microusd=event.spent.microusd)
    yield _in_all(of)


def total_of(of: Family) -> Total:
    """What a run and its children have used, counted from their events as the ledger counts it."""
    own = Total(steps=sum(_is_step(one) for one in of.events))
    for spend in _spends(of):
        own += Total(0, spend.model_calls, spend.tool_calls, spend.microusd)
    return sum((total_of(child) for child in of.children), own)


def verifications(of: Family, said: Wording) -> Iterator[Fact]:
    """Whether the output was verified, and by what."""
    for stored in of.events:
        event = stored.event
        if isinstance(event, OutputVerified):
            for check in event.checks:
                how = "passed" if check.passed else "failed"
                why = "" if check.detail is None else f": {said.line(check.detail)}"
                text = f"state `{event.state}`: check `{check.check}` {how}{why}"
                yield fact(of, stored, text, state=event.state, check=check.check, passed=check.passed)
        elif isinstance(event, OutputAccepted) and event.outcome in CHECKED:
            text = f"the check in state `{event.state}` {event.outcome}"
            yield fact(
                of, stored, text, state=event.state, check=event.state, passed=event.outcome == "passed"
            )


def ending(of: Family, said: Wording) -> Iterator[Fact]:
    """How it ended, and everything that went wrong before."""
    last = of.events[-1]
    if isinstance(last.event, RunEnded):
        end = last.event
        text = f"it ended as {end.reason}: {said.line(end.detail)}"
        yield fact(of, last, text, ended=True, reason=end.reason, detail=end.detail)
    else:
        yield fact(of, last, "it has not ended; this is its last event", ended=False)
    yield from _waits(of)
    for stored in of.events:
        wrong = _wrong(stored, said)
        if wrong is not None:
            kind, text = wrong
            yield fact(of, stored, text, wrong=kind)
    yield from _unsettled(of)


def _waits(of: Family) -> Iterator[Fact]:
    """How long the run waited for people before it was taken up again."""
    for stored in of.events:
        if isinstance(stored.event, RunResumed):
            waited = stored.event.waited_ms
            text = f"it was taken up again after {waited} ms in which it waited for people"
            yield fact(of, stored, text, waited_ms=waited)


def _wrong(stored: StoredEvent, said: Wording) -> tuple[str, str] | None:
    """What an event says went wrong: its kind, and a sentence."""
    event = stored.event
    match event:
        case ToolDecided(outcome="deny"):
            return "denial", f"the call of `{said.line(event.tool)}` was denied, {event.code}"
        case ToolSettled(outcome="error" | "unknown"):
            return (
                event.outcome,
                f"the call of `{said.line(event.tool)}` ended as {event.outcome}, {event.code}",
            )
        case ModelSettled(outcome="error" | "invalid"):
            return event.outcome, f"the model in state `{event.state}` gave no decision, {event.code}"
        case ModelIntended() if event.attempt > 1:
            return "retry", f"state `{event.state}` went on to model number {event.attempt}, `{event.model}`"
        case ContextPacked() if event.failed is not None:
            return "error", f"the context of state `{event.state}` lacks `{event.failed}`"
        case ApprovalSettled(outcome="denied" | "expired"):
            return event.outcome, f"{event.approval} was {event.outcome}"
        case ChildEnded() if event.reason != "succeeded":
            return "error", f"the child run {event.child} ended as {event.reason}"
        case OutputVerified() if not all(check.passed for check in event.checks):
            failed = ", ".join(f"`{check.check}`" for check in event.checks if not check.passed)
            return "error", f"the output of state `{event.state}` did not pass {failed}"
        case OutputAccepted() if event.detail is not None or event.outcome == "failed":
            why = "" if event.detail is None else f": {said.line(event.detail)}"
            return "outcome", f"state `{event.state}` ended as {event.outcome}{why}"
        case _:
            return None


def _unsettled(of: Family) -> Iterator[Fact]:
    """Calls that began and whose outcome nobody has seen."""
    settled = {one.event.call for one in of.events if isinstance(one.event, ModelSettled | ToolSettled)}
    for stored in of.events:
        event = stored.event
        if isinstance(event, ModelIntended | ToolIntended) and event.call not in settled:
            name = event.model if isinstance(event, ModelIntended) else event.tool
            text = f"nobody has seen how the call {event.call} of `{name}` ended"
            yield fact(of, stored, text, wrong="unknown", call=event.call)


def _in_all(of: Family) -> Fact:
    total, budget = total_of(of), of.started.budget
    read = tuple(one for one in of.events if isinstance(one.event, ModelSettled | ToolSettled | ChildEnded))
    took = of.events[-1].at_ms - of.events[0].at_ms
    text = (
        f"`{of.started.agent}` in all{', with its children' if of.children else ''}:"
        f" {money(total.microusd)} of {money(budget.microusd)} USD,"
        f" {total.model_calls} of {budget.model_calls} model calls,"
        f" {total.tool_calls} of {budget.tool_calls} tool calls, {total.steps} of {budget.steps} steps,"
        f" {took} of {budget.milliseconds} ms"
    )
    return fact(
        of,
        (of.events[0], *read, of.events[-1]),
        text,
        in_all=True,
        steps=total.steps,
        model_calls=total.model_calls,
        tool_calls=total.tool_calls,
        microusd=total.microusd,
        milliseconds=took,
        budget={
            "steps": budget.steps,
            "model_calls": budget.model_calls,
            "tool_calls": budget.tool_calls,
            "microusd": budget.microusd,
            "milliseconds": budget.milliseconds,
        },
    )


def _spends(of: Family) -> Iterator[Spend]:
    """What each call was charged. One that is open when its run has ended was charged all that it reserved."""
    settled = {
        one.event.call: one.event.spent
        for one in of.events
        if isinstance(one.event, ModelSettled | ToolSettled)
    }
    ended = isinstance(of.events[-1].event, RunEnded)
    yield from settled.values()
    for one in of.events:
        event = one.event
        if isinstance(event, ModelIntended | ToolIntended) and event.call not in settled and ended:
            yield event.reserved


def _is_step(stored: StoredEvent) -> bool:
    event = stored.event
    return isinstance(event, StateEntered) or (
        isinstance(event, OutputAccepted) and event.outcome == EXHAUSTED
    )
