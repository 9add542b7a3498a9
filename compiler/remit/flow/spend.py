"""The least that an agent's run takes of its budget, by the ways through its states.

What is counted is what the journal counts: a step for each state that is entered, a question to a model, a tool call.
Every number is a lower bound that some way reaches, so that what exceeds a budget does so in every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from typing import Literal, NamedTuple, TypeAlias

from remit.definitions import Agent, ContextSource, Model
from remit.definitions.state import EndState, ParallelState
from remit.definitions.work import ContextWork, HandoffWork, ModelWork, ToolWork
from remit.flow.states import Edge, Flow
from remit.flow.ways import Hop, Way, every_exit
from remit.graph import reachable, reversed_edges
from remit.link import Portfolio
from remit.prices import price_of_model

Counted: TypeAlias = Literal["model_calls", "tool_calls", "steps"]
UNITS: tuple[Counted, ...] = ("model_calls", "tool_calls", "steps")
_Found: TypeAlias = Mapping[str, tuple[int, Hop | None]]
PER_MILLION = 1_000_000
DEEPEST = 20
"""Handoffs below each other that are looked at; agents that hand off in a circle are told by another rule."""


class Least(NamedTuple):
    """The least of one unit that a way takes, and that way."""

    amount: int
    way: Way


class Reservation(NamedTuple):
    """What one question to a model sets aside at least before it is asked, in micro-US-dollars."""

    model: str
    input_tokens: int
    output_tokens: int
    microusd: int


@dataclass(frozen=True)
class Costs:
    """The weight of every hop of a flow in one unit: what leaving a state by an edge takes, its entry included."""

    flow: Flow
    unit: Counted
    exits: Mapping[str, tuple[Edge, ...]]
    deep: int = 0

    def of(self, name: str, edge: Edge) -> int | None:
        """The least that a visit takes which ends by an edge; None where no visit ends so."""
        work = self.flow.states[name].work
        own = 1 if self.unit == "steps" else 0
        match work:
            case ParallelState() if edge.outcome == "join":
                inside = [_across(self, work, start) for start in work.branches.values()]
                return None if None in inside else own + sum(one for one in inside if one is not None)
            case ModelWork() if self.unit == "model_calls":
                return int(edge.outcome == "decided")
            case ToolWork() if self.unit == "tool_calls":
                return int(edge.outcome != "denied")
            case ContextWork() if self.unit == "tool_calls":
                return _reads(self.flow, work)
            case HandoffWork() if edge.outcome == "ok":
                return own + _below(self, work)
            case _:
                return own


def once_through(flow: Flow) -> Mapping[str, int]:
    """What it takes at most to pass every state once, by its unit, which no least way exceeds.

    It is counted quickly, so that most budgets need not be held against any way. A child that succeeds takes no more
    than its budget.
    """
    counted = {"model_calls": 0, "tool_calls": 0, "steps": len(flow.states)}
    for state in flow.states.values():
        work = state.work
        if isinstance(work, ModelWork):
            counted["model_calls"] += 1
        elif isinstance(work, ToolWork):
            counted["tool_calls"] += 1
        elif isinstance(work, ContextWork):
            counted["tool_calls"] += len(
                flow.agent.spec.context.ranked if work.sources is None else work.sources
            )
        elif isinstance(work, HandoffWork):
            child = flow.unit.portfolio.find(Agent, work.agent)
            if child is not None:
                counted = {
                    unit: amount + getattr(child.spec.budget, unit) for unit, amount in counted.items()
                }
    return counted


def may_recur(flow: Flow) -> frozenset[str]:
    """States of which some may be visited again: those that are left without the ones that begin or end every way."""
    onward, back = flow.edges, reversed_edges(flow.edges)
    left = set(flow.states)
    waiting = [name for name in left if not onward[name] or not back[name]]
    while waiting:
        name = waiting.pop()
        left.discard(name)
        near = (one for one in (*onward[name], *back[name]) if one in left)
        waiting += [one for one in near if left.isdisjoint(onward[one]) or left.isdisjoint(back[one])]
    return frozenset(left)


def least_success(flow: Flow, unit: Counted, deep: int = 0) -> Least | None:
    """The least of a unit that a run takes which succeeds, its end included; None where none succeeds."""
    if flow.start not in flow.states:
        return None
    found = _weighed(flow, unit, deep)[1]
    ends = [
        name
        for name, state in flow.states.items()
        if isinstance(state.work, EndState) and state.work.outcome == "succeeded" and name in found
    ]
    if not ends:
        return None
    amount, name = min((found[name][0], name) for name in ends)
    return Least(amount + (1 if unit == "steps" else 0), _traced(found, name))


def least_visits(flow: Flow, unit: Counted, name: str, visits: int) -> Least | None:
    """The least of a unit that it takes to visit a state so often, with the way to it; None where no way leads back.

    The last visit takes one of the unit. A model state is visited again after each call and question of its model.
    """
    costs, found = _weighed(flow, unit)
    to = found.get(name)
    if to is None:
        return None
    round_ = _around(costs, name)
    if isinstance(flow.states[name].work, ModelWork):
        again = 0 if unit == "tool_calls" else 1
        round_ = again if round_ is None else min(round_, again)
    if round_ is None:
        return None
    return Least(to[0] + (visits - 1) * round_ + 1, _traced(found, name))


def _weighed(flow: Flow, unit: Counted, deep: int = 0) -> tuple[Costs, _Found]:
    """The weights of a flow, and the least that each of its states is reached with; of a run of its own found once."""
    return flow.once(_FROM_START[unit]) if deep == 0 else _from_start(unit, flow, deep)


def _from_start(unit: Counted, flow: Flow, deep: int = 0) -> tuple[Costs, _Found]:
    costs = Costs(flow, unit, every_exit(flow), deep)
    return costs, _distances(costs, flow.start)


_FROM_START = {unit: partial(_from_start, unit) for unit in UNITS}


def reservations(portfolio: Portfolio, agent: Agent) -> Iterator[Reservation]:
    """What one question to each model that an agent may ask reserves; of models without a price, nothing is said."""
    spec = agent.spec
    asked = spec.models.allowed if spec.models.fallback == "in_order" else spec.models.allowed[:1]
    for name in asked:
        model = portfolio.find(Model, name)
        price = None if model is None else price_of_model(model)
        if model is None or price is None:
            continue
        room = model.spec.context_tokens - model.spec.max_output_tokens
        tokens = max(min(spec.context.max_input_tokens, room), 0)
        worst = (
            price.input_microusd_per_million * tokens
            + price.output_microusd_per_million * model.spec.max_output_tokens
        )
        yield Reservation(name, tokens, model.spec.max_output_tokens, -(-worst // PER_MILLION))


# ---- what a visit takes


def _reads(flow: Flow, work: ContextWork) -> int:
    """The calls of a context state that succeeds: one for each source that reads with a tool and is required."""
    context = flow.agent.spec.context
    listed = context.ranked if work.sources is None else work.sources
    sources = (
        flow.unit.portfolio.find(ContextSource, name) for name in listed if name not in context.optional
    )
    return sum(source is not None and source.spec.type == "tool" for source in sources)


def _below(costs: Costs, work: HandoffWork) -> int:
    """The least that a child run takes which succeeds; nothing where the child cannot be looked at."""
    flow = costs.flow.below(work.agent) if costs.deep < DEEPEST else None
    found = None if flow is None else least_success(flow, costs.unit, costs.deep + 1)
    return 0 if found is None else found.amount


def _across(costs: Costs, work: ParallelState, start: str) -> int | None:
    """The least that a branch of a parallel state takes before its join; None where it does not get there."""
    join = work.join
    if start == join:
        return 0
    # Inside a branch the edges to the join are those that were written.
    flow = costs.flow
    inside = reachable({n: tuple(t for t in ts if t != join) for n, ts in flow.edges.items()}, [start])
    exits = {n: tuple(e for e in flow.states[n].edges if e.target in (*inside, join)) for n in inside}
    found = _distances(Costs(flow, costs.unit, exits, costs.deep), start).get(join)
    return None if found is None else found[0]


# ---- shortest ways with weights


def _distances(costs: Costs, start: str) -> _Found:
    """The least that each state is reached with, before it is entered, and the last hop there."""
    found: dict[str, tuple[int, Hop | None]] = {}
    waiting: list[tuple[int, int, str, Hop | None]] = [(0, 0, start, None)]
    pushed = 0
    while waiting:
        amount, _, here, hop = heappop(waiting)
        if here in found:
            continue
        found[here] = (amount, hop)
        for edge in costs.exits.get(here, ()):
            if edge.target is None or edge.target in found:
                continue
            cost = costs.of(here, edge)
            if cost is not None:
                pushed += 1
                heappush(waiting, (amount + cost, pushed, edge.target, Hop(here, edge)))
    return found


def _around(costs: Costs, name: str) -> int | None:
    """The least that a way takes from a state back to it, its own visit included; None where there is none."""
    best: int | None = None
    for edge in costs.exits[name]:
        cost = None if edge.target is None else costs.of(name, edge)
        if edge.target is None or cost is None:
            continue
        back = 0 if edge.target == name else _distances(costs, edge.target).get(name, (None,))[0]
        if back is not None and (best is None or cost + back < best):
            best = cost + back
    return best


def _traced(found: _Found, goal: str) -> Way:
    way: list[Hop] = []
    hop = found[goal][1]
    while hop is not None:
        way.append(hop)
        hop = found[hop.source][1]
    return tuple(reversed(way))
