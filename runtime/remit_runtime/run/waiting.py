"""Whether a run waits for nobody but people, itself or by its children: then its clock stands still."""

from __future__ import annotations

from remit_runtime.errors import UsageError
from remit_runtime.journal.events import ChildStarted
from remit_runtime.run.effects import Effect, FollowChild, Wait
from remit_runtime.run.plan import Plan, narrowed, plan_of
from remit_runtime.run.state import EMPTY, RunState, fold_all
from remit_runtime.run.step import effects_of
from remit_runtime.run.worker import Worker


def waits_for_people(worker: Worker, plan: Plan, state: RunState) -> bool:
    """Whether everything a run could do now is to wait for people, or for a child of it that does nothing else."""
    effects = effects_of(plan, state)
    return bool(effects) and all(_waits(worker, plan, state, effect) for effect in effects)


def is_due(wait: Wait, now_ms: int) -> bool:
    """Whether what a wait is for has expired, so that the run goes on without an answer."""
    return wait.until_ms is not None and now_ms >= wait.until_ms


def _waits(worker: Worker, plan: Plan, state: RunState, effect: Effect) -> bool:
    match effect:
        case Wait(why="approval" | "question"):
            return not is_due(effect, worker.now_ms())
        case FollowChild():
            return _child_waits(worker, plan, state, effect)
        case _:
            return False


def _child_waits(worker: Worker, plan: Plan, state: RunState, effect: FollowChild) -> bool:
    token = next((one for one in state.tokens if one.state == effect.state.id), None)
    if token is None or not isinstance(token.last, ChildStarted):
        return False
    try:
        events = worker.journal.events(effect.child)
    except UsageError:
        return False  # it was to start and did not
    child = narrowed(worker.gateway.bundle.agent(token.last.agent), plan.agent)
    return waits_for_people(worker, plan_of(child), fold_all(EMPTY, [stored.event for stored in events]))
