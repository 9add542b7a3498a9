"""The moves of a run that need nothing from outside: entering a state, and leaving one with an outcome."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from remit_runtime.bundle.graph import CallState, DecideState, EndState, Match, ParallelState, Route
from remit_runtime.journal.events import OutputAccepted, StateEntered
from remit_runtime.models.json_text import Json, trusted_json
from remit_runtime.run.effects import Branch, Finish, Record
from remit_runtime.run.plan import Plan
from remit_runtime.run.state import EXHAUSTED, RunState, Token, budget_of


def enter(plan: Plan, state: RunState, target: str, branch: Branch) -> Record | Finish | None:
    """The entry into a state, or None while another branch is in it.

    The entry that would pass the state's `max_visits`, or the budget of steps, does not happen.
    """
    node = plan.states.get(target)
    if node is None:
        return Finish("failed", f"the graph has no state `{target}`")
    if _is_taken(state, target, branch):
        return None
    steps = budget_of(state).steps
    if state.steps >= steps:
        return Finish("budget_exhausted", f"the budget of {steps} steps is used up")
    visits = state.visits.get(target, 0)
    limit = None if isinstance(node, EndState | CallState) else node.max_visits
    if limit is not None and visits >= limit:
        route = node.exhausted if isinstance(node, DecideState) else None
        return leave(
            target, branch, EXHAUSTED, None, route, f"state `{target}` may be visited {_times(limit)}"
        )
    return Record((StateEntered(target, visits + 1, branch),))


def leave(
    state: str,
    branch: Branch,
    outcome: str,
    output: str | None,
    target: str | None,
    detail: str | None = None,
) -> Record:
    """The end of a visit with an outcome; without a target the run will end as failed."""
    return Record((OutputAccepted(state, outcome, output, target, branch, detail),))


def detailed(move: Record | Finish, detail: str) -> Record | Finish:
    """The same move or end, with more to say of why."""
    if isinstance(move, Finish):
        return replace(move, detail=f"{move.detail}: {detail}")
    first, *others = move.events
    if not isinstance(first, OutputAccepted):
        return move
    why = detail if first.detail is None else f"{first.detail}: {detail}"
    return Record((msgspec.structs.replace(first, detail=why), *others))


def onward(plan: Plan, state: RunState, token: Token, left: OutputAccepted) -> Record | Finish | None:
    """What follows a state that was left: the next entry, the end of the run, or nothing where a join waits."""
    if left.next is None:
        why = f": {left.detail}" if left.detail else ""
        message = f"state `{left.state}` ended as `{left.outcome}`, for which it has no route{why}"
        return Finish("failed", message)
    if is_done(plan, state, token):
        return None
    return enter(plan, state, left.next, token.branch)


def fork(plan: Plan, state: RunState, node: ParallelState, token: Token) -> Record | Finish | None:
    """The entry of every branch, then nothing while they run, then the join with `{branch: last output}`."""
    inside = {branch.name: state.token_in((*token.branch, branch.name)) for branch in node.branches}
    if any(one is None for one in inside.values()):
        return _enter_branches(plan, state, node, token)
    if not all(one is not None and is_done(plan, state, one) for one in inside.values()):
        return None
    texts = [f'"{name}":{one.output or "null"}' for name, one in sorted(inside.items()) if one is not None]
    return leave(node.id, token.branch, "joined", "{" + ",".join(texts) + "}", node.join)


def is_done(plan: Plan, state: RunState, token: Token) -> bool:
    """Whether a token's branch has reached the join of the fork around it."""
    if not token.branch or not isinstance(token.last, OutputAccepted):
        return False
    around = state.token_in(token.branch[:-1])
    node = None if around is None else plan.states.get(around.state)
    return isinstance(node, ParallelState) and token.last.next == node.join


def chosen(routes: tuple[Route, ...], output: str) -> str | None:
    """Where the first route whose matches all hold for an output leads, or None if none holds."""
    value = trusted_json(output)
    return next((route.to for route in routes if all(_holds(match, value) for match in route.when)), None)


def _enter_branches(plan: Plan, state: RunState, node: ParallelState, token: Token) -> Record | Finish | None:
    """The entry of every branch that has not begun; of those that begin in one state the first, the others later."""
    events: list[StateEntered | OutputAccepted] = []
    for branch in node.branches:
        place = (*token.branch, branch.name)
        begun = state.token_in(place) is not None or any(branch.start == event.state for event in events)
        move = None if begun else enter(plan, state, branch.start, place)
        if isinstance(move, Finish):
            return move
        events.extend(() if move is None else move.events)
    steps = budget_of(state).steps
    if state.steps + len(events) > steps:
        return Finish(
            "budget_exhausted", f"the budget of {steps} steps has no room for {len(events)} branches"
        )
    return Record(tuple(events)) if events else None


def _is_taken(state: RunState, target: str, branch: Branch) -> bool:
    """Whether another branch is in a state, or will come back to it with the result of a call it chose there.

    INVARIANT: a state is active in one branch at a time, so an event that names a state names one token.
    """
    return any(
        token.branch != branch
        and not isinstance(token.last, OutputAccepted)
        and target in (token.state, token.asked_by)
        for token in state.tokens
    )


def _holds(match: Match, value: Json) -> bool:
    for step in match.path:
        match value:
            case dict() if step in value:
                value = value[step]
            case list() if step.isascii() and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            case _:
                return False
    return any(_same(value, trusted_json(wanted)) for wanted in match.values)


def _same(one: Json, other: Json) -> bool:
    """Whether two scalars are equal in JSON, where true is not 1 and 1.0 is."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
