"""What is proved of effects and budgets is what the enumeration of every way says, on graphs of up to eight states."""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.check import check
from remit.definitions import Agent
from remit.definitions import state as written
from remit.definitions import work as works
from remit.definitions.shape import ObjectType
from remit.diagnostic import Fault
from remit.flow import Edge, Flow, FlowState
from remit.flow.exposures import exposures
from remit.flow.spend import UNITS, least_success, least_visits
from remit.flow.ways import is_approved, is_failure
from remit.git import Tree
from remit.link import Unit

AGENT = """apiVersion: remit/v1
kind: Agent
metadata: {{id: acme.{autonomy}, version: 0.1.0, owner: dev, risk: high}}
spec:
  purpose: Do what the states say.
  autonomy: {autonomy}
  tasks: {{do: {{}}}}
  instructions: {{text: Act.}}
  models: [dev]
  tools: [acme.act]
  output: {{done: boolean}}
"""
TOOL = """apiVersion: remit/v1
kind: Tool
metadata: {id: acme.act, version: 0.1.0, owner: dev}
spec:
  effect: write
  input: {type: object, additionalProperties: false}
  output: {type: object}
  implementation: {http: {method: POST, url: "https://acme.example/act", hosts: [acme.example]}}
"""
POLICY = """apiVersion: remit/v1
kind: Policy
metadata: {id: house}
spec:
  rules:
    - {id: act, effect: permit, tools: [acme.act], reason: it may be done}
"""
FILES = {
    "remit.yaml": "apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n",
    "agents/free/agent.yaml": AGENT.format(autonomy="autonomous"),
    "agents/shy/agent.yaml": AGENT.format(autonomy="propose"),
    "tools/act.yaml": TOOL,
    "policies/house.yaml": POLICY,
}
WORKS: Mapping[str, Any] = {
    "look": works.ToolWork.model_construct(type="tool", tool="git.log"),
    "act": works.ToolWork.model_construct(type="tool", tool="acme.act"),
    "think": works.ModelWork.model_construct(type="model"),
    "sort": works.CheckWork.model_construct(type="check", values={}, shape=ObjectType(())),
    "ask": works.ApprovalWork.model_construct(type="approval", approval="people"),
    "end": written.EndState.model_construct(type="end", outcome="succeeded"),
}
OUTCOMES = {
    "look": ("ok", "denied", "error"),
    "act": ("ok", "denied", "error"),
    "think": ("decided", "decided", "exhausted", "error"),
    "sort": ("passed", "failed"),
    "ask": ("approved", "denied", "expired"),
    "end": (),
}
AT = ("spec", "orchestration")
Way = tuple[tuple[str, Edge], ...]


def tree() -> Tree:
    def content(path: str, limit: int) -> bytes | Fault:
        return FILES[path].encode()

    return Tree(Path("/nowhere"), tuple(sorted(FILES)), content)


PORTFOLIO = check(tree()).portfolio


@st.composite
def flows(draw: st.DrawFn, autonomy: str) -> Flow:
    """States of all kinds with random edges; in some, a parallel state with two short branches before the others."""
    kinds = draw(st.lists(st.sampled_from(["look", "act", "think", "sort", "ask"]), min_size=1, max_size=5))
    names = [f"s{index}" for index in range(len(kinds))]
    chosen = {**dict(zip(names, kinds, strict=True)), "end": "end"}
    target = st.sampled_from([*chosen, None])
    states = {
        name: state_of(name, kind, tuple(Edge(outcome, draw(target), AT) for outcome in OUTCOMES[kind]))
        for name, kind in chosen.items()
    }
    if draw(st.booleans()):
        states = {**forked(draw, "s0"), **states}
    agent = PORTFOLIO.of(Agent)[f"acme.{autonomy}"]
    unit = Unit(PORTFOLIO.path_of(agent), agent, PORTFOLIO)
    return Flow(unit, next(iter(states)), states)


def forked(draw: st.DrawFn, join: str) -> dict[str, FlowState]:
    branches = {"a": "a0", "b": "b0"}
    work: Any = written.ParallelState.model_construct(type="parallel", branches=branches, join=join)
    edges = (Edge("branch", "a0", AT), Edge("branch", "b0", AT), Edge("join", join, AT))
    found = {"fork": state_of("fork", work, edges)}
    for name in branches.values():
        kind = draw(st.sampled_from(["look", "sort", "ask", "think"]))
        target = st.sampled_from([join, join, None])
        found[name] = state_of(
            name, kind, tuple(Edge(outcome, draw(target), AT) for outcome in OUTCOMES[kind])
        )
    return found


def state_of(name: str, kind: Any, edges: tuple[Edge, ...]) -> FlowState:
    return FlowState(
        name, "agents/free/agent.yaml", AT, WORKS[kind] if isinstance(kind, str) else kind, edges
    )


# ---- the enumeration

Keep = Callable[[FlowState, Edge], bool]


def every(_state: FlowState, _edge: Edge) -> bool:
    return True


def ways(flow: Flow, start: str, goal: str, keep: Keep = every, seen: tuple[str, ...] = ()) -> Iterator[Way]:
    """Every way between two states that enters none twice; through a parallel state by all of its branches."""
    if start == goal:
        yield ()
        return
    state = flow.states[start]
    for edge in state.edges:
        if (
            edge.target is None
            or edge.target in (*seen, start)
            or not keep(state, edge)
            or edge.outcome == "branch"
        ):
            continue
        for across in through(flow, state, edge, keep):
            for rest in ways(flow, edge.target, goal, keep, (*seen, start)):
                yield (*across, *rest)


def through(flow: Flow, state: FlowState, edge: Edge, keep: Keep) -> Iterator[Way]:
    """The hops of one edge: that of a join has those of every branch besides."""
    if not isinstance(state.work, written.ParallelState):
        yield ((state.id, edge),)
        return
    branches = [tuple(ways(flow, start, state.work.join, keep)) for start in state.work.branches.values()]
    for inside in product(*branches):
        yield (*(hop for way in inside for hop in way), (state.id, edge))


def some(found: Iterator[Way]) -> bool:
    return next(found, None) is not None


def unapproved(state: FlowState, edge: Edge) -> bool:
    return not is_approved(state, edge)


def unfailing(state: FlowState, edge: Edge) -> bool:
    return unapproved(state, edge) and not is_failure(state, edge)


def kind_of(flow: Flow, name: str) -> str:
    work = flow.states[name].work
    return next((kind for kind, one in WORKS.items() if one is work), "fork")


def comes_to(flow: Flow, start: str, goal: str) -> bool:
    """Whether one state leads to another, a branch taken for a way like any other."""
    found, new = {start}, {start}
    while new:
        new = {one for name in new for one in flow.states[name].targets} - found
        found |= new
    return goal in found


def guards(flow: Flow, goal: str) -> list[str]:
    """The approvals whose `approved` leads to a state with no effect and no other approval between."""

    def plain(start: str, seen: tuple[str, ...] = ()) -> bool:
        if start == goal:
            return True
        if kind_of(flow, start) in ("act", "ask"):
            return False
        return any(
            plain(one, (*seen, start)) for one in flow.states[start].targets if one not in (*seen, start)
        )

    return [
        name
        for name, state in flow.states.items()
        if kind_of(flow, name) == "ask"
        and comes_to(flow, flow.start, name)
        and any(
            edge.target is not None and plain(edge.target) for edge in state.edges if is_approved(state, edge)
        )
    ]


def refused(flow: Flow, guard: str, goal: str) -> bool:
    """Whether a refusal of an approval leads to a state by none from which it could be asked again."""

    def keep(state: FlowState, edge: Edge) -> bool:
        final = edge.target == goal
        again = edge.target is not None and comes_to(flow, edge.target, guard)
        return unapproved(state, edge) and (final or not again)

    inside = any(guard in (*one.targets,) and kind_of(flow, one.id) == "fork" for one in flow.states.values())
    return not inside and any(
        edge.target is not None
        and keep(flow.states[guard], edge)
        and some(ways(flow, edge.target, goal, keep))
        for edge in flow.states[guard].edges
        if edge.outcome in ("denied", "expired")
    )


def wanted(flow: Flow, goal: str, *, held: bool) -> str | None:
    """The code that docs/effects.md wants of a state that calls the tool with the effect."""
    found = guards(flow, goal)
    if any(refused(flow, guard, goal) for guard in found):
        return "GRF016"
    if not some(ways(flow, flow.start, goal, unapproved)):
        return None
    if held:
        return "GRF016" if found else "GRF010"
    return "GRF016" if found and not some(ways(flow, flow.start, goal, unfailing)) else None


@pytest.mark.parametrize("autonomy", ["autonomous", "propose"])
def test_an_effect_is_exposed_exactly_where_the_ways_say_so(autonomy: str) -> None:
    @settings(max_examples=200, deadline=None)
    @given(flow=flows(autonomy))
    def holds(flow: Flow) -> None:
        acts = [
            name for name in flow.states if kind_of(flow, name) == "act" and comes_to(flow, flow.start, name)
        ]
        expected = {name: wanted(flow, name, held=autonomy == "autonomous") for name in acts}

        found = {one.use.state: "GRF010" if one.approval is None else "GRF016" for one in exposures(flow)}

        assert found == {name: code for name, code in expected.items() if code is not None}
        for one in exposures(flow):
            assert one.way == () or one.way[-1].edge.target == one.use.state
            assert [hop.source for hop in one.way[1:]] == [hop.edge.target for hop in one.way[:-1]]

    holds()


# ---- budgets


def taken(flow: Flow, way: Way, unit: str) -> int:
    """What a way takes of a unit, by the table of docs/effects.md."""
    if unit == "steps":
        return len(way)
    kinds, outcome = {"model_calls": ("think",), "tool_calls": ("look", "act")}[unit], {"decided"}
    if unit == "tool_calls":
        outcome = {"ok", "error"}
    return sum(kind_of(flow, source) in kinds and edge.outcome in outcome for source, edge in way)


@settings(max_examples=200, deadline=None)
@given(flow=flows("autonomous"))
def test_the_least_of_a_success_is_that_of_the_cheapest_way(flow: Flow) -> None:
    for unit in UNITS:
        amounts = [taken(flow, way, unit) for way in ways(flow, flow.start, "end")]
        least = least_success(flow, unit)

        if not amounts:
            assert least is None
        else:
            assert least is not None
            assert least.amount == min(amounts) + (unit == "steps")


def walks(flow: Flow, name: str, unit: str, visits: int) -> int | None:
    """The least that a state is left for the last time with, after so many visits: relaxed until nothing changes."""
    best: dict[tuple[str, int], int] = {(flow.start, int(flow.start == name)): 0}
    changed = True
    while changed:
        changed = False
        for (here, count), amount in list(best.items()):
            moves = [
                (edge.target, taken(flow, across, unit))
                for edge in flow.states[here].edges
                if edge.target is not None and edge.outcome != "branch"
                for across in through(flow, flow.states[here], edge, every)
            ]
            if kind_of(flow, here) == "think":
                moves.append((here, 0 if unit == "tool_calls" else 1))
            for target, cost in moves:
                key = (target, count + (target == name))
                if key[1] <= visits and amount + cost < best.get(key, 10**9):
                    best[key] = amount + cost
                    changed = True
    return None if (name, visits) not in best else best[name, visits] + 1


@settings(max_examples=100, deadline=None)
@given(flow=flows("autonomous"), visits=st.integers(2, 4))
def test_the_least_of_many_visits_is_that_of_the_cheapest_walk(flow: Flow, visits: int) -> None:
    for name in flow.states:
        kind = kind_of(flow, name)
        if kind not in ("think", "look", "act") or name in ("a0", "b0"):
            continue
        unit: Any = "model_calls" if kind == "think" else "tool_calls"
        least = least_visits(flow, unit, name, visits)

        assert (None if least is None else least.amount) == walks(flow, name, unit, visits)
