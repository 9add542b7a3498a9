"""The states of one agent in one vocabulary, whichever of the five forms they were written in.

A state keeps the place at which it was written. States that a form adds by itself stand at the form's own place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias, TypeVar

from remit.definitions import Agent, Graph
from remit.definitions import state as written
from remit.definitions.agent import CALL, DONE, GATHER, LOOP
from remit.definitions.reference import Reference, reference_of, references_in
from remit.definitions.route import Route
from remit.definitions.scalars import Scalars
from remit.definitions.work import (
    ApprovalWork,
    CheckWork,
    ContextWork,
    HandoffWork,
    MemoryWork,
    ModelWork,
    ToolWork,
)
from remit.diagnostic import Note
from remit.graph import reachable, shortest_path
from remit.link import Asked, Unit
from remit.prompt.segments import SlotAt
from remit.read import Path
from remit.source import Span, span_at

T = TypeVar("T")

Work: TypeAlias = (
    ContextWork
    | ModelWork
    | ToolWork
    | ApprovalWork
    | CheckWork
    | MemoryWork
    | HandoffWork
    | written.ParallelState
    | written.EndState
)

FORM: Path = ("spec", "orchestration")
_PLAIN = ("next", "decided", "branch", "join")
"""Outcomes that need no word: they are the way on."""


class Edge(NamedTuple):
    """One way out of a state.

    `outcome` is the word of the language (`ok`, `denied`, `error`, `approved`, `expired`, `passed`, `failed`,
    `exhausted`), `next` of a state that has but one, `decided` of a model state's route, `branch` and `join` of a
    parallel one. `target` is a state, or None where the outcome is not routed and ends the run as `failed`. `at` leads
    to the target, or to the state where nothing is written. `when` is the pattern of a route that has one.
    """

    outcome: str
    target: str | None
    at: Path
    when: Mapping[str, Scalars] | None = None


class FlowState(NamedTuple):
    """A state: its id, the file it stands in and the path there, what it does, and every way out of it.

    Edges lead to states that exist only; the order of those of a model state is the order of its routes.
    """

    id: str
    path: str
    at: Path
    work: Work
    edges: tuple[Edge, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """The states it can go to, each once."""
        return tuple(dict.fromkeys(edge.target for edge in self.edges if edge.target is not None))


class Slot(NamedTuple):
    """A value that a state reads: the reference, how (in a `binding` or a `prompt`), and what finds its place."""

    reference: Reference
    how: str
    locate: Callable[[], Span]

    @property
    def span(self) -> Span:
        """The place of the reference. To find it costs more than to read the reference."""
        return self.locate()


@dataclass(frozen=True)
class Flow:
    """The states of one agent, in the order in which they were written.

    `start` may be no state where the graph is broken; another rule says so.
    """

    unit: Unit[Agent]
    start: str
    states: Mapping[str, FlowState]
    _kept: dict[object, Any] = field(default_factory=dict[object, Any], repr=False, compare=False)

    def once(self, analysis: Callable[[Flow], T]) -> T:
        """What an analysis finds of these states, which is kept: several rules ask for the same."""
        if analysis not in self._kept:
            self._kept[analysis] = analysis(self)
        found: T = self._kept[analysis]
        return found

    def forget(self) -> None:
        """Lets go of what analyses found: they hold the flow that holds them, and nothing else would free either."""
        others = [kept for kept in self._kept.values() if isinstance(kept, Flow)]
        self._kept.clear()
        for name in vars(self).keys() - {one.name for one in fields(self)}:
            del vars(self)[name]
        for other in others:
            other.forget()

    @property
    def agent(self) -> Agent:
        """The agent."""
        return self.unit.definition

    @cached_property
    def edges(self) -> Mapping[str, tuple[str, ...]]:
        """Where each state can go, for the analyses of `remit.graph`."""
        return {name: state.targets for name, state in self.states.items()}

    @cached_property
    def approvals(self) -> tuple[str, ...]:
        """The states that ask people for an approval."""
        return tuple(name for name, state in self.states.items() if isinstance(state.work, ApprovalWork))

    @cached_property
    def parallel(self) -> tuple[str, ...]:
        """The parallel states."""
        return tuple(
            name for name, state in self.states.items() if isinstance(state.work, written.ParallelState)
        )

    @cached_property
    def reached(self) -> frozenset[str]:
        """The states that a run can come to."""
        return reachable(self.edges, [self.start] if self.start in self.states else [])

    def below(self, agent: str) -> Flow | None:
        """The states of an agent that this one hands off to; None where they cannot be looked at."""
        key = ("below", agent)
        if key not in self._kept:
            portfolio = self.unit.portfolio
            child = portfolio.find(Agent, agent)
            unit = None if child is None else Unit(portfolio.path_of(child), child, portfolio)
            self._kept[key] = None if unit is None else flow_of(unit)
        found: Flow | None = self._kept[key]
        return found

    def span(self, state: str) -> Span:
        """Where a state is written: its key in a graph, its id in a list of steps, else the form."""
        place = self.states[state]
        steps = isinstance(place.at[-1], int)
        return self.unit.portfolio.span(
            place.path, (*place.at, "id") if steps else place.at, "value" if steps else "key"
        )

    def span_in(self, state: str, *at: str | int) -> Span:
        """The place of a value inside a state, or the nearest one around it that exists."""
        place = self.states[state]
        return self.unit.portfolio.span(place.path, (*place.at, *at))

    def edge_span(self, state: str, edge: Edge) -> Span:
        """The place that says where an edge leads, or the state where nothing says it."""
        place = self.states[state]
        return self.span(state) if edge.at == place.at else self.unit.portfolio.span(place.path, edge.at)

    def way(self, state: str) -> tuple[Note, ...]:
        """The shortest path from the start to a state, a note for each hop."""
        if state == self.start:
            return (Note("the run starts here", self.span(state)),)
        return self.hops(shortest_path(self.edges, self.start, state))

    def hops(self, path: Iterable[str]) -> tuple[Note, ...]:
        """A note for each hop of a path of states, at the place that says where it leads."""
        return tuple(self._hop(source, target) for source, target in pairwise(path))

    def _hop(self, source: str, target: str) -> Note:
        return self.hop(source, next(edge for edge in self.states[source].edges if edge.target == target))

    def hop(self, source: str, edge: Edge) -> Note:
        """A note for one way out of a state."""
        named = "" if edge.outcome in _PLAIN else f" when `{edge.outcome}`"
        leads = "runs" if edge.outcome == "branch" else "leads to"
        return Note(f"`{source}` {leads} `{edge.target}`{named}", self.edge_span(source, edge))

    # ---- what states read

    def reads(self, state: str) -> tuple[Slot, ...]:
        """The references that a state reads when it is entered, in bindings and in its prompts."""
        return self._slots[state]

    @cached_property
    def _slots(self) -> Mapping[str, tuple[Slot, ...]]:
        return {state: tuple(self._reads(state)) for state in self.states}

    def _reads(self, state: str) -> Iterator[Slot]:
        place = self.states[state]
        for at, value in _bindings(place.work):
            yield from self._bound(place, at, value)
        if isinstance(place.work, ApprovalWork):
            for index, name in enumerate(place.work.show):
                reference = reference_of(name)
                if reference is not None:
                    yield Slot(reference, "binding", partial(self.span_in, state, "show", index))
        if isinstance(place.work, ModelWork):
            yield from self._asked(state)

    def _bound(self, place: FlowState, at: Path, value: Any) -> Iterator[Slot]:
        for where, piece in references_in(value, (*place.at, *at)):
            if isinstance(piece, Reference):
                yield Slot(piece, "binding", partial(self.unit.portfolio.span, place.path, where))

    def _asked(self, state: str) -> Iterator[Slot]:
        """The slots of a model state's prompts: of the agent's instructions, and of its own."""
        place = self.states[state]
        asked = Asked(self.agent.metadata.id, state)
        own = (place.path, (*place.at, "prompt"))
        prompts = self.unit.portfolio.prompts
        for path, at in ((self.unit.path, ("spec", "instructions")), own):
            for segment in prompts[path, at].get(asked, ()) if (path, at) in prompts else ():
                if isinstance(segment, SlotAt):
                    reference = Reference(segment.root, segment.path)
                    yield Slot(reference, "prompt", partial(self._slot_span, path, at, segment))

    def _slot_span(self, path: str, at: Path, slot: SlotAt) -> Span:
        """The place of a slot in its prompt file; of one that stands in a definition, all of the text."""
        where = slot.place
        if not where.file:
            return self.unit.portfolio.span(path, (*at, "text"))
        return span_at(where.file, where.line, where.column, where.length)


def _bindings(work: Work) -> Iterator[tuple[Path, Any]]:
    """The values of a state that may hold references, each with its path in the state."""
    match work:
        case ToolWork():
            yield ("args",), work.args
        case CheckWork():
            yield ("values",), work.values
        case MemoryWork():
            yield ("value",), work.value
        case HandoffWork():
            yield ("input",), work.input
        case written.EndState():
            yield ("output",), work.output
            yield ("artifacts",), work.artifacts
        case _:
            return


# ---- from the five forms
#
# What a form adds is constructed without validation: its parts were validated where they were written.


def flow_of(unit: Unit[Agent]) -> Flow | None:
    """The states of an agent; None where it names a graph that cannot be used."""
    form = unit.definition.spec.orchestration
    if form.graph is not None:
        try:
            path, graph = unit.portfolio.graph(unit.path, form.graph)
        except LookupError:
            return None
        return Flow(unit, graph.spec.start, {state.id: state for state in _of_graph(path, graph)})
    if form.function is not None:
        return _flow(unit, _of_function(unit))
    if form.chain is not None:
        return _flow(unit, _of_chain(unit))
    if form.workflow is not None:
        return _flow(unit, _of_workflow(unit))
    return _flow(unit, _of_loop(unit))


def _flow(unit: Unit[Agent], states: Iterable[FlowState]) -> Flow:
    found = {state.id: state for state in states}
    return Flow(unit, next(iter(found)), found)


def _of_graph(path: str, graph: Graph) -> Iterator[FlowState]:
    states = graph.spec.states
    for name, state in states.items():
        at = ("spec", "states", name)
        edges = tuple(edge for edge in _edges(state, at) if edge.target is None or edge.target in states)
        yield FlowState(name, path, at, state, edges)


def _edges(state: written.State, at: Path) -> Iterator[Edge]:
    match state:
        case written.EndState():
            return
        case written.ContextState():
            yield Edge("next", state.next, (*at, "next"))
        case written.ModelState():
            yield from _routes(state.next, at)
            yield _outcome("exhausted", state.exhausted, at, at)
            yield _outcome("error", state.error, at, at)
        case written.ParallelState():
            for name, target in state.branches.items():
                yield Edge("branch", target, (*at, "branches", name))
            yield Edge("join", state.join, (*at, "join"))
        case _:
            # A short form `next: state` means the first outcome; its place is then that of `next` itself.
            for outcome in type(state.next).model_fields:
                yield _outcome(outcome, getattr(state.next, outcome), at, (*at, "next"))


def _routes(routes: tuple[Route, ...], at: Path) -> Iterator[Edge]:
    for index, route in enumerate(routes):
        yield Edge("decided", route.to, (*at, "next", index, "to"), route.when)


def _outcome(outcome: str, target: str | None, state: Path, within: Path) -> Edge:
    return Edge(outcome, target, state if target is None else (*within, outcome))


def _of_function(unit: Unit[Agent]) -> Iterator[FlowState]:
    function = unit.definition.spec.orchestration.function
    if function is None:
        raise RuntimeError("the agent has another form")
    at = (*FORM, "function")
    work = ToolWork.model_construct(type="tool", tool=function.tool, args=function.args)
    yield FlowState(CALL, unit.path, at, work, _succeeds(work, DONE, at))
    yield _done(unit, function.output, at)


def _of_chain(unit: Unit[Agent]) -> Iterator[FlowState]:
    chain = unit.definition.spec.orchestration.chain
    if chain is None:
        raise RuntimeError("the agent has another form")
    at = (*FORM, "chain")
    ids = [step.id for step in chain.steps]
    yield from _gathered(unit, ids[0], at)
    for index, (step, after) in enumerate(zip(chain.steps, [*ids[1:], DONE], strict=True)):
        work = ModelWork.model_construct(type="model", prompt=step.prompt, decides=step.decides)
        place = (*at, "steps", index)
        yield FlowState(step.id, unit.path, place, work, _succeeds(work, after, place))
    yield _done(unit, f"${{{ids[-1]}}}", at)


def _of_workflow(unit: Unit[Agent]) -> Iterator[FlowState]:
    workflow = unit.definition.spec.orchestration.workflow
    if workflow is None:
        raise RuntimeError("the agent has another form")
    at = (*FORM, "workflow")
    ids = [step.id for step in workflow.steps]
    for index, (step, after) in enumerate(zip(workflow.steps, [*ids[1:], DONE], strict=True)):
        place = (*at, "steps", index)
        yield FlowState(step.id, unit.path, place, step, _succeeds(step, after, place))
    yield _done(unit, workflow.output, at, workflow.artifacts)


def _of_loop(unit: Unit[Agent]) -> Iterator[FlowState]:
    yield from _gathered(unit, LOOP, FORM)
    work = ModelWork.model_construct(type="model", tools=unit.definition.spec.tools.allowed)
    yield FlowState(LOOP, unit.path, FORM, work, _succeeds(work, DONE, FORM))
    yield _done(unit, f"${{{LOOP}}}", FORM)


def _gathered(unit: Unit[Agent], first: str, at: Path) -> Iterator[FlowState]:
    """The state that gathers the context of a form whose first state asks a model."""
    ranked = unit.definition.spec.context.ranked
    if ranked:
        work = ContextWork.model_construct(type="context", sources=ranked)
        yield FlowState(GATHER, unit.path, at, work, (Edge("next", first, at),))


def _succeeds(work: Work, after: str, at: Path) -> tuple[Edge, ...]:
    """The edges of a step: its success goes on, and every other outcome ends the run as `failed`."""
    good, *others = _OUTCOMES[work.type]
    return (Edge(good, after, at), *(Edge(outcome, None, at) for outcome in others))


_OUTCOMES = {
    "context": ("next",),
    "model": ("decided", "exhausted", "error"),
    "tool": ("ok", "denied", "error"),
    "approval": ("approved", "denied", "expired"),
    "check": ("passed", "failed"),
    "memory": ("ok", "denied"),
    "handoff": ("ok", "failed"),
}


def _done(unit: Unit[Agent], output: Any, at: Path, artifacts: Mapping[str, str] | None = None) -> FlowState:
    work = written.EndState.model_construct(
        type="end", outcome="succeeded", output=output, artifacts=dict(artifacts or {})
    )
    return FlowState(DONE, unit.path, at, work, ())
