"""Driving a run: performing what `step` asks for, one effect at a time, until the run ends or waits for a person.

What is decided is not decided here, and nothing is done that the journal has not taken first. A run that is driven
again after a crash goes on from its folded events; nothing of it is replayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from remit_runtime.bundle.words import TerminalReason
from remit_runtime.errors import BundleRejected, RemitError, RunRefused, StoreUnavailable
from remit_runtime.journal.events import OutputAccepted, OutputVerified, RunEnded, StateEntered
from remit_runtime.journal.records import Refused
from remit_runtime.models.json_text import trusted_json
from remit_runtime.run import artifacts
from remit_runtime.run.child import child_end, child_in_hands, child_start
from remit_runtime.run.effects import (
    Confirm,
    Effect,
    Finish,
    FollowChild,
    Record,
    StartChild,
    Validate,
    Verify,
    Wait,
)
from remit_runtime.run.move import detailed
from remit_runtime.run.perform import Paused, Performed, confirmed, expired, perform
from remit_runtime.run.result import RunResult, ended_result, waiting_result
from remit_runtime.run.state import RunState, fold
from remit_runtime.run.step import effects_of
from remit_runtime.run.stops import stop_after
from remit_runtime.run.verified import verified
from remit_runtime.run.waiting import waits_for_people
from remit_runtime.run.worker import Driven, Halted, Worker, appended, taken_up


def drive(worker: Worker, driven: Driven) -> RunResult:
    """What a run has come to: its end, or that it waits. The lease is given up in both cases.

    Raises:
        RunRefused: `run_lost`: another worker has taken the run over.
        StoreUnavailable: the journal did not answer, not even to say that the run ends for it.
    """
    try:
        return _driven(worker, driven)
    except StoreUnavailable as error:
        return _broken_off(worker, driven, "audit_unavailable", error)
    except BundleRejected as error:
        return _broken_off(worker, driven, "failed", error)


def _driven(worker: Worker, driven: Driven) -> RunResult:  # noqa: C901 (one flat match over what may come of an effect)
    waiting: dict[str, Wait] = {}
    taken = driven if _rests(worker, driven) else taken_up(worker, driven)
    if isinstance(taken, Refused):
        return _stopped(worker, driven, taken)
    driven = taken
    while True:
        moves = _moves(worker, driven, waiting)
        if moves.events:
            done = appended(worker, driven, moves.events)
            if isinstance(done, Refused):
                return _stopped(worker, driven, done)
            driven = done
        performed = _perform(worker, driven, moves.effect)
        match performed:
            case Driven():
                driven = performed
            case Halted():
                return _stopped(worker, performed.driven, performed.refused)
            case Paused():
                return _wait(worker, performed.driven, performed.wait)
            case Finish():
                return finish(worker, driven, performed)
            case Wait() if isinstance(moves.effect, FollowChild):
                waiting[moves.effect.child] = performed  # other branches may go on
            case Wait():
                return _wait(worker, driven, performed)


def _rests(worker: Worker, driven: Driven) -> bool:
    """Whether the clock of a run is as it should be: it runs, or there is still nothing to do but wait for people."""
    since = worker.journal.read(driven.run).waits_ms
    return since is None or waits_for_people(worker, driven.plan, driven.state)


@dataclass(frozen=True)
class _Moves:
    """The moves that need nothing from outside, and the first effect after them that does."""

    events: tuple[StateEntered | OutputAccepted | OutputVerified, ...]
    effect: Effect


def _moves(worker: Worker, driven: Driven, waiting: Mapping[str, Wait]) -> _Moves:
    """As many moves as can be written down at once: a transaction costs more than a step."""
    state, events = driven.state, list[StateEntered | OutputAccepted | OutputVerified]()
    while True:
        effect = _judged(worker, driven, _first(driven, state, waiting))
        if not isinstance(effect, Record | Verify):
            return _Moves(tuple(events), effect)
        for event in effect.events if isinstance(effect, Record) else (verified(worker.gateway, effect),):
            state = fold(state, event)
            events.append(event)


def _first(driven: Driven, state: RunState, waiting: Mapping[str, Wait]) -> Effect:
    """What is done next: anything but waiting, and of the waits the one that ends first."""
    effects = effects_of(driven.plan, state)
    if not effects:
        raise RuntimeError(f"run `{driven.run}` is driven after its end")
    waits: list[Wait] = []
    for effect in effects:
        if isinstance(effect, Wait):
            waits.append(effect)
        elif isinstance(effect, FollowChild) and effect.child in waiting:
            waits.append(waiting[effect.child])
        else:
            return effect
    return min(waits, key=lambda wait: (wait.until_ms is None, wait.until_ms or 0))


def _judged(worker: Worker, driven: Driven, effect: Effect) -> Effect:
    """The effect, or what a schema, or an approval that is judged once more, says must follow it."""
    if isinstance(effect, Confirm):
        return confirmed(worker, driven, effect)
    if not isinstance(effect, Validate):
        return effect
    faults = worker.gateway.schemas.schema(effect.schema).faults(trusted_json(effect.value))
    return detailed(effect.failed, "; ".join(faults)) if faults else effect.passed


def _perform(worker: Worker, driven: Driven, effect: Effect) -> Performed:
    match effect:
        case Finish():
            return effect
        case Wait():
            return expired(worker, driven, effect) or effect
        case StartChild():
            event = child_start(worker, driven, effect)
            done = appended(worker, driven, [event])
            return Halted(driven, done) if isinstance(done, Refused) else done
        case FollowChild():
            return _follow(worker, driven, effect)
        case Record() | Validate() | Verify() | Confirm():
            raise RuntimeError("a move is written down, not performed")
        case _:
            return perform(worker, driven, effect)


def _follow(worker: Worker, driven: Driven, effect: FollowChild) -> Performed:
    child = child_in_hands(worker, driven, effect)
    if isinstance(child, Refused):
        return Halted(driven, child)
    result = result_of(worker, effect.child) if child is None else _driven(worker, child)
    if result.status == "waiting":
        return Wait(effect.state.id, "child", f"the child run `{effect.child}` waits: {result.detail}")
    done = appended(worker, driven, [child_end(effect, result)])
    return Halted(driven, done) if isinstance(done, Refused) else done


def result_of(worker: Worker, run: str) -> RunResult:
    """The result of a run that has ended.

    Raises:
        RuntimeError: it has not.
    """
    last = worker.journal.events(run)[-1].event
    if not isinstance(last, RunEnded):
        raise RuntimeError(f"run `{run}` has not ended")
    return ended_result(worker.journal, worker.home, run, last)


def finish(worker: Worker, driven: Driven, end: Finish) -> RunResult:
    """The result of a run that ends now, with its artifacts written."""
    for name, _ in end.artifacts:
        if not artifacts.is_plain_name(name):
            end = Finish("failed", f"`{name}` is no plain file name")
            break
    kept = artifacts.kept(worker.journal, end.artifacts)
    event = RunEnded(end.reason, end.detail, end.output, kept)
    done = appended(worker, driven, [event])
    if isinstance(done, Refused):
        return _stopped(worker, driven, done)
    artifacts.write(worker.journal, worker.home, driven.run, kept)
    return ended_result(worker.journal, worker.home, driven.run, event)


def _stopped(worker: Worker, driven: Driven, refused: Refused) -> RunResult:
    """What a refusal makes of a run: its end for that reason, or a pause."""
    stop = stop_after(refused)
    match stop:
        case Finish():
            return finish(worker, driven, stop)
        case Wait():
            return _wait(worker, driven, stop)
        case None if refused.reason == "ended":
            return result_of(worker, driven.run)
        case None:
            raise RunRefused("run_lost", f"another worker has taken over run `{driven.run}`")


def _wait(worker: Worker, driven: Driven, wait: Wait) -> RunResult:
    people = waits_for_people(worker, driven.plan, driven.state)
    worker.journal.park(driven.lease, wait.until_ms, people=people)
    return waiting_result(worker.journal, driven.run, wait.detail)


def _broken_off(worker: Worker, driven: Driven, reason: TerminalReason, error: RemitError) -> RunResult:
    """The end of a run that cannot go on, if that at least can be written down.

    Raises:
        RemitError: it cannot; the run stays open, and ends when somebody resumes it.
    """
    claimed = worker.journal.claim(driven.run, worker.owner)
    if isinstance(claimed, Refused):
        raise error
    event = RunEnded(reason, error.message, None, ())
    if isinstance(worker.journal.append(claimed, [event]), Refused):
        raise error
    return ended_result(worker.journal, worker.home, driven.run, event)
