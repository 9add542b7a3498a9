"""The state of a run: a frozen value folded from its events and from nothing else.

A run holds a set of active states. Each is a token: where it stands, in which branch, and the last event that
concerns it, which is all that decides what comes next. A state is active in one branch at a time (another branch
waits before it), so an event that names a state names one token.
"""

from __future__ import annotations

from typing import Literal, TypeGuard

import msgspec

from remit_runtime.bundle.graph import Budget
from remit_runtime.canonical import Digest
from remit_runtime.journal.events import INTERRUPTED as INTERRUPTED
from remit_runtime.journal.events import (
    ApprovalGiven,
    ApprovalRequested,
    ApprovalSettled,
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
    RunEvent,
    RunResumed,
    RunStarted,
    StateEntered,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.models.json_text import json_text
from remit_runtime.models.port import Decided, Faulted, Returned, Turn
from remit_runtime.run.asked import NOTHING_WANTED, Wanted, wanted_after

EXHAUSTED = "exhausted"
"""The outcome of a state that may not be visited again. It counts as a step, or such states could pass on for ever."""

Last = (
    StateEntered
    | OutputAccepted
    | ContextPacked
    | ModelSkipped
    | ModelIntended
    | ModelSettled
    | ToolDecided
    | ToolIntended
    | ToolSettled
    | ApprovalRequested
    | ApprovalSettled
    | QuestionAsked
    | QuestionAnswered
    | ChildStarted
    | ChildEnded
    | OutputVerified
)


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An active state. `asked_by` is the decide state that waits to hear what comes of its decision, if one does.

    `decision` is that decision's JSON text, `output` the last output accepted in this branch, `attempt` the number
    of models asked at this visit, `reads` what came of the calls that this visit's definition binds. `wanted` is what
    the branch asks people for.
    """

    branch: tuple[str, ...]
    state: str
    visit: int
    last: Last
    asked_by: str | None = None
    decision: str | None = None
    output: str | None = None
    attempt: int = 0
    reads: tuple[ToolDecided | ToolSettled, ...] = ()
    wanted: Wanted = NOTHING_WANTED


class Gathered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The latest packet of a context state, and the branch in which it was made or whose join it has reached."""

    branch: tuple[str, ...]
    packet: ContextPacked


class RunState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run as it stands. Outputs, transcripts and visits are keyed by state (transcripts by branch and state).

    Values are JSON texts. `answers` counts the model answers so far, `calls` the tool calls that were intended;
    `waited_ms` is how long the run has waited for people, which its deadline does not count.
    """

    started: RunStarted | None = None
    tokens: tuple[Token, ...] = ()
    outputs: dict[str, str] = {}
    transcripts: dict[str, tuple[Turn, ...]] = {}
    visits: dict[str, int] = {}
    children: tuple[str, ...] = ()
    steps: int = 0
    answers: int = 0
    calls: int = 0
    packets: dict[str, Gathered] = {}
    settled: int = 0
    ended: RunEnded | None = None
    waited_ms: int = 0

    def token_in(self, branch: tuple[str, ...]) -> Token | None:
        """The token of a branch, if the branch is active."""
        return next((token for token in self.tokens if token.branch == branch), None)


EMPTY = RunState()


def transcript_of(state: RunState, branch: tuple[str, ...], decide: str) -> tuple[Turn, ...]:
    """What a decide state's model has decided and been told so far, in order."""
    return state.transcripts.get(_place(branch, decide), ())


def packets_seen(state: RunState, branch: tuple[str, ...]) -> tuple[ContextPacked, ...]:
    """The packets that a state in a branch sees, in the order in which they were made: those made on its way."""
    around = [branch[:depth] for depth in range(len(branch) + 1)]
    return tuple(one.packet for one in state.packets.values() if one.branch in around)


def fold(state: RunState, event: RunEvent) -> RunState:
    """The state after one more event. Total: an event that fits nowhere changes nothing."""
    match event:
        case RunStarted():
            return _with(state, started=event)
        case RunResumed():
            return _with(state, waited_ms=state.waited_ms + event.waited_ms)
        case RunEnded():
            return _with(state, ended=event)
        case StateEntered():
            return _entered(state, event)
        case OutputAccepted():
            return _accepted(state, event)
        case ApprovalGiven():
            return _given(state, event)  # one answer of several; `ApprovalSettled` says what they come to
        case _:
            return _concerned(state, event)


def fold_all(state: RunState, events: tuple[RunEvent, ...] | list[RunEvent]) -> RunState:
    """The state after several more events."""
    for event in events:
        state = fold(state, event)
    return state


def snapshot(state: RunState) -> bytes:
    """The bytes of a state, to be kept with the sequence number of the last event in it."""
    return msgspec.json.encode(state)


def restored(body: bytes) -> RunState:
    """The state that `snapshot` wrote.

    Raises:
        ValueError: the bytes are none; the caller folds from the first event then.
    """
    return msgspec.json.decode(body, type=RunState)


def budget_of(state: RunState) -> Budget:
    """The limits the run started with.

    Raises:
        RuntimeError: the run has not started.
    """
    if state.started is None:
        raise RuntimeError("a run that has not started has no budget")
    return state.started.budget


def deadline_of(state: RunState) -> int:
    """When the run must have ended, in milliseconds since the epoch: the time it waited for people is not counted.

    Raises:
        RuntimeError: the run has not started.
    """
    if state.started is None:
        raise RuntimeError("a run that has not started has no deadline")
    return state.started.deadline_ms + state.waited_ms


def bundle_of(state: RunState) -> Digest:
    """The digest of the one bundle a run belongs to.

    Raises:
        RuntimeError: the run has not started.
    """
    if state.started is None:
        raise RuntimeError("a run that has not started has no bundle")
    return state.started.bundle


def _entered(state: RunState, event: StateEntered) -> RunState:
    before = state.token_in(event.branch)
    token = Token(event.branch, event.state, event.visit, event)
    if before is not None:
        asked_by, decision = _origin(before)
        token = msgspec.structs.replace(token, asked_by=asked_by, decision=decision, output=before.output)
    others = tuple(one for one in state.tokens if one.branch != event.branch)
    return _with(
        state,
        tokens=tuple(sorted((*others, token), key=lambda one: one.branch)),
        visits={**state.visits, event.state: max(event.visit, state.visits.get(event.state, 0))},
        steps=state.steps + 1,
    )


def _origin(before: Token) -> tuple[str | None, str | None]:
    """The decide state, and its decision, that an entry right after a call or handoff decision comes from."""
    if isinstance(before.last, ModelSettled) and before.last.decision is not None:
        return before.state, before.last.decision
    return None, None


def _accepted(state: RunState, event: OutputAccepted) -> RunState:
    # A branch whose first state may not be visited again has no token yet.
    before = state.token_in(event.branch) or Token(event.branch, event.state, 0, event)
    output = before.output if event.output is None else event.output
    token = msgspec.structs.replace(before, state=event.state, last=event, output=output)
    # A fork is over when its own output is accepted: the branches inside it go.
    inside = len(event.branch)
    others = tuple(one for one in state.tokens if one.branch[:inside] != event.branch)
    outputs = state.outputs if event.output is None else {**state.outputs, event.state: event.output}
    transcripts = state.transcripts
    if event.detail is not None and before.asked_by is not None and isinstance(before.last, StateEntered):
        transcripts = _told(state, event.branch, before.asked_by, Faulted(event.detail))
    if event.detail is not None and isinstance(before.last, ModelSettled) and event.state == before.state:
        transcripts = _told(state, event.branch, before.state, Faulted(event.detail))
    return _with(
        state,
        tokens=tuple(sorted((*others, token), key=lambda one: one.branch)),
        outputs=outputs,
        transcripts=transcripts,
        steps=state.steps + int(event.outcome == EXHAUSTED),
        packets={name: _joined(one, event.branch) for name, one in state.packets.items()},
    )


def _joined(gathered: Gathered, branch: tuple[str, ...]) -> Gathered:
    """A packet that was made inside a fork belongs to the branch around it once the fork is left."""
    inside = gathered.branch[: len(branch)] == branch
    return msgspec.structs.replace(gathered, branch=branch) if inside else gathered


def _concerned(state: RunState, event: Last) -> RunState:
    index = _index(state, event.state)
    if index is None:
        return state
    before = state.tokens[index]
    token = msgspec.structs.replace(before, last=event, wanted=wanted_after(before.wanted, event))
    if isinstance(event, ModelIntended | ModelSkipped):
        token = msgspec.structs.replace(token, attempt=event.attempt)
    if isinstance(event, ModelSettled) and event.decision is not None:
        token = msgspec.structs.replace(token, asked_by=event.state, decision=event.decision)
    if _is_read(event, before):
        token = msgspec.structs.replace(token, reads=(*before.reads, event))
    tokens = (*state.tokens[:index], token, *state.tokens[index + 1 :])
    answered = isinstance(event, ModelSettled) and event.code != INTERRUPTED
    children = (*state.children, event.child) if isinstance(event, ChildStarted) else state.children
    return _with(
        state,
        tokens=tokens,
        transcripts=_heard(state, before, event),
        children=children,
        answers=state.answers + int(answered),
        calls=state.calls + int(isinstance(event, ToolIntended)),
        packets=_gathered(state, before.branch, event),
        settled=state.settled + int(isinstance(event, ToolSettled) and event.code != INTERRUPTED),
    )


def _given(state: RunState, event: ApprovalGiven) -> RunState:
    index = _index(state, event.state)
    if index is None:
        return state
    before = state.tokens[index]
    token = msgspec.structs.replace(before, wanted=wanted_after(before.wanted, event))
    return _with(state, tokens=(*state.tokens[:index], token, *state.tokens[index + 1 :]))


def _index(state: RunState, name: str) -> int | None:
    """The place of the token that is active in a state."""
    here = (i for i, token in enumerate(state.tokens) if token.state == name)
    return next((i for i in here if not isinstance(state.tokens[i].last, OutputAccepted)), None)


def _gathered(state: RunState, branch: tuple[str, ...], event: Last) -> dict[str, Gathered]:
    if not isinstance(event, ContextPacked):
        return state.packets
    others = {name: one for name, one in state.packets.items() if name != event.state}
    return {**others, event.state: Gathered(branch, event)}


def _is_read(event: Last, before: Token) -> TypeGuard[ToolDecided | ToolSettled]:
    """Whether an event is the outcome of a call that the definition of its state binds."""
    if before.asked_by is not None:
        return False
    if isinstance(event, ToolDecided):
        return event.outcome == "deny"
    return isinstance(event, ToolSettled) and event.code != INTERRUPTED


def _heard(state: RunState, token: Token, event: Last) -> dict[str, tuple[Turn, ...]]:
    """The transcripts after an event: a decide state hears its own decisions and what came of them."""
    if isinstance(event, ModelSettled) and event.decision is not None:
        return _told(state, token.branch, token.state, Decided(event.decision))
    if token.asked_by is None:
        return state.transcripts
    heard = _return_of(token, event, state.settled + 1)
    return state.transcripts if heard is None else _told(state, token.branch, token.asked_by, heard)


def _return_of(token: Token, event: Last, number: int) -> Returned | None:
    match event:
        case ToolDecided(outcome="deny"):
            return Returned(event.tool, "denied", event.code, msgspec.json.encode(event.reason).decode())
        case ToolSettled() if event.code != INTERRUPTED:
            outcome: Literal["ok", "error"] = "ok" if event.outcome == "ok" else "error"
            return Returned(event.tool, outcome, event.code, event.output, number)
        case ChildEnded() if isinstance(token.last, ChildStarted):
            ended: Literal["ok", "error"] = "ok" if event.reason == "succeeded" else "error"
            return Returned(token.last.agent, ended, event.reason, event.output)
        case QuestionAnswered():
            return Returned("ask", "ok", None, json_text(event.text))
        case _:
            return None


def _told(state: RunState, branch: tuple[str, ...], decide: str, turn: Turn) -> dict[str, tuple[Turn, ...]]:
    place = _place(branch, decide)
    return {**state.transcripts, place: (*state.transcripts.get(place, ()), turn)}


def _place(branch: tuple[str, ...], decide: str) -> str:
    return "/".join((*branch, decide))


def _with(state: RunState, **changes: object) -> RunState:
    return msgspec.structs.replace(state, **changes)
