"""Laws of every run: random graphs, random outcomes, one terminal reason, and a state that is only its events."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from remit_runtime.bundle.agent import AgentIR, ContextSourceIR
from remit_runtime.bundle.graph import (
    ApprovalState,
    Binding,
    Branch,
    CallEdge,
    CallState,
    CheckState,
    Constant,
    ContextState,
    DecideState,
    EndState,
    HandoffEdge,
    HandoffState,
    Match,
    MemoryState,
    ParallelState,
    Reference,
    Route,
    State,
    ToolState,
)
from remit_runtime.bundle.words import TerminalReason
from remit_runtime.canonical import digest_of
from remit_runtime.journal.events import (
    ApprovalRequested,
    ApprovalSettled,
    CheckMade,
    ChildEnded,
    ChildStarted,
    ContextPacked,
    ModelIntended,
    ModelSettled,
    OutputVerified,
    QuestionAnswered,
    QuestionAsked,
    RunEnded,
    RunEvent,
    RunStarted,
    Spend,
    StateEntered,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.run import effects
from remit_runtime.run.plan import Plan, plan_of
from remit_runtime.run.state import EMPTY, RunState, fold, fold_all, restored, snapshot
from remit_runtime.run.step import effects_of, step

SCHEMA = digest_of(b"schema")
T = TypeVar("T")
Make = Callable[..., AgentIR]
Start = Callable[..., RunStarted]
Settled = Literal["ok", "error", "unknown"]
NAMES = ("s0", "s1", "s2", "s3", "done", "rejected")
TARGET = st.sampled_from((*NAMES, "missing"))
MAYBE = st.none() | TARGET
BINDING: st.SearchStrategy[Binding] = st.sampled_from(
    (Constant("{}"), Constant('"x"'), Reference("task"), Reference("s0"), Reference("s1", ("n",)))
)
VISITS = st.integers(1, 3)
SEED = st.integers(0, 2**32)
ROUTE = st.builds(Route, TARGET, st.sampled_from(((), (Match(("n",), ("1",)),))))


SOURCES = st.sampled_from(((), ("log",), ("file", "log"), ("log", "again", "gone"), ("unpinned",)))
PINNED = (
    ContextSourceIR("file", "file", "a.py", None, None, "trusted", 100, None),
    ContextSourceIR("log", "tool", None, "git.log", Constant("{}"), "untrusted", 100, None),
    ContextSourceIR("again", "tool", None, "git.log", Constant("{}"), "untrusted", 100, None),
    ContextSourceIR("gone", "tool", None, "git.log", Reference("task", ("n",)), "untrusted", 100, None),
)


def plan_for(agent: AgentIR) -> Plan:
    """The plan of an agent that pins every source of these graphs but one."""
    return replace(plan_of(agent), sources={source.id: source for source in PINNED})


def states_of(name: str) -> st.SearchStrategy[State]:
    """A state of any type with any edges."""
    return st.one_of(
        st.builds(ContextState, st.just(name), SOURCES, TARGET),
        st.builds(
            DecideState,
            st.just(name),
            st.just(SCHEMA),
            st.tuples(st.builds(CallEdge, st.just("git.log"), TARGET)),
            st.tuples(st.builds(HandoffEdge, st.just("acme.other"), TARGET)),
            st.sampled_from((None, SCHEMA)),
            VISITS,
            st.tuples(ROUTE, ROUTE),
            MAYBE,
            MAYBE,
        ),
        st.builds(CallState, st.just(name), st.just("git.log"), TARGET),
        st.builds(ToolState, st.just(name), st.just("t"), BINDING, TARGET, MAYBE, MAYBE, st.none() | VISITS),
        st.builds(ApprovalState, st.just(name), st.just("appsec"), st.just(()), TARGET, MAYBE, MAYBE),
        st.builds(CheckState, st.just(name), st.just(SCHEMA), BINDING, TARGET, MAYBE),
        st.builds(
            MemoryState,
            st.just(name),
            st.just("read"),
            st.just("scope"),
            st.none(),
            TARGET,
            MAYBE,
        ),
        st.builds(
            HandoffState,
            st.just(name),
            st.just("acme.other"),
            st.just("task"),
            st.none() | BINDING,
            MAYBE,
            st.none(),
            TARGET,
            MAYBE,
        ),
        st.builds(
            ParallelState,
            st.just(name),
            st.tuples(st.builds(Branch, st.just("a"), TARGET), st.builds(Branch, st.just("b"), TARGET)),
            TARGET,
        ),
    )


GRAPHS: st.SearchStrategy[tuple[State, ...]] = st.tuples(
    *(states_of(name) for name in NAMES[:4]),
    st.builds(EndState, st.just("done"), st.just("succeeded"), BINDING, st.just(())),
    st.just(EndState("rejected", "rejected", None, ())),
)

DECISIONS = (
    '{"call":{"args":{},"tool":"git.log"}}',
    '{"call":{"args":{},"tool":"git.push"}}',
    '{"respond":{"n":1}}',
    '{"respond":"x"}',
    '{"handoff":{"agent":"acme.other","input":{}}}',
    '{"ask":{"question":"?"}}',
    "no decision",
)


@dataclass
class World:
    """Performs effects with drawn outcomes, and refuses a model or tool call beyond a budget of ten of both."""

    chance: random.Random
    begun: int = 0
    events: list[RunEvent] = field(default_factory=list[RunEvent])

    def perform(self, effect: effects.Effect, state: RunState) -> list[RunEvent]:  # noqa: C901 (one flat match)
        match effect:
            case effects.Record():
                return [*effect.events]
            case effects.Validate():
                return self.perform(effect.passed if self.any(True, False) else effect.failed, state)
            case effects.Verify():
                return [OutputVerified(effect.state, (CheckMade("output_schema", self.any(True, False)),))]
            case effects.Finish():
                return [RunEnded(effect.reason, effect.detail, effect.output, ())]
            case effects.Confirm():
                return self.perform(self.any(effect.passed, effect.failed, effect.expired), state)
            case effects.RefuseCall():
                return [msgspec.structs.replace(effect.call, outcome="deny", code=effect.code)]
            case effects.RequestCallApprovals():
                return [
                    ApprovalRequested(
                        f"{self.key(state)}/{name}", name, effect.state, SCHEMA, "{}", 1, effect.call.call
                    )
                    for name in effect.requirements
                ]
            case effects.AskPeople():
                return [QuestionAsked(self.key(state), effect.state, effect.text)]
            case effects.Wait(why="question") if self.any(True, False):
                return [QuestionAnswered(self.key(state), effect.state, "yes", "os:ada", asserted=False)]
            case effects.Wait(approval=str(approval)):
                return [
                    ApprovalSettled(approval, effect.state, self.any("approved", "denied", "expired"), ())
                ]
            case effects.Wait():
                return [RunEnded("expired", "nobody came", None, ())]
            case effects.RequestApproval():
                asked = ApprovalRequested(self.key(state), "appsec", effect.state.id, SCHEMA, "{}", 1)
                return [asked]
            case effects.PackContext():
                assert len(effect.calls) == sum(name in ("log", "again") for name in effect.state.sources)
                failed = self.any(None, None, "log")
                return [ContextPacked(effect.state.id, SCHEMA, (), (), 0, failed)]
            case effects.StartChild():
                assert state.started is not None
                return [
                    ChildStarted(effect.state.id, self.key(state), "acme.other", "{}", state.started.budget)
                ]
            case effects.FollowChild():
                ended: TerminalReason = self.any("succeeded", "failed", "killed")
                return [ChildEnded(effect.state.id, effect.child, ended, '{"n":1}')]
            case _:
                return self.call(effect, state)

    def call(
        self,
        effect: effects.AskModel | effects.CallTool | effects.RecoverModel | effects.RecoverTool,
        state: RunState,
    ) -> list[RunEvent]:
        match effect:
            case effects.RecoverModel():
                return [ModelSettled(effect.call, effect.state, "error", "interrupted", None, 0, 0, Spend())]
            case effects.RecoverTool():
                return [self.settled(effect.state, effect.tool, effect.call, "unknown", "interrupted")]
            case _:
                self.begun += 1
                if self.begun > 10:
                    return [RunEnded("budget_exhausted", "ten calls", None, ())]
                if isinstance(effect, effects.AskModel):
                    return self.ask(effect, self.key(state))
                return self.use(effect, self.key(state))

    def ask(self, effect: effects.AskModel, call: str) -> list[RunEvent]:
        intended = ModelIntended(call, effect.state.id, "dev", effect.attempt, SCHEMA, Spend())
        outcome: Literal["ok", "invalid", "error", "lost"] = self.any(
            "ok", "ok", "ok", "invalid", "error", "lost"
        )
        if outcome == "lost":
            return [intended]
        decision = self.any(*DECISIONS) if outcome == "ok" else None
        return [
            intended,
            ModelSettled(call, effect.state.id, outcome, "code", decision, 0, 0, Spend(), "why"),
        ]

    def use(self, effect: effects.CallTool, call: str) -> list[RunEvent]:
        allowed: Literal["allow", "deny", "require_approval"] = self.any(
            "allow", "allow", "allow", "deny", "require_approval"
        )
        decided = ToolDecided(
            call=call,
            state=effect.state,
            tool=effect.tool,
            arguments=effect.arguments,
            arguments_digest=SCHEMA,
            resource_type=None,
            resource=None,
            facts=(),
            outcome=allowed,
            stage="policy",
            code="code",
            reason="why",
            rules=(),
            approvals=self.any(("appsec",), ("appsec", "owner")) if allowed == "require_approval" else (),
            request=None,
        )
        if allowed != "allow":
            return [decided]
        intended = ToolIntended(call, effect.state, effect.tool, Spend(), "none", "idempotent")
        if self.any(True, False, False):
            return [decided, intended]
        outcome: Settled = self.any("ok", "ok", "error", "unknown")
        return [decided, intended, self.settled(effect.state, effect.tool, call, outcome, "code")]

    def settled(self, state: str, tool: str, call: str, outcome: Settled, code: str) -> ToolSettled:
        text = '{"n":1}' if outcome == "ok" else None
        return ToolSettled(call, state, tool, outcome, code, text, None, (), Spend())

    def key(self, state: RunState) -> str:
        return f"run_x:{len(self.events)}"

    def any(self, *choices: T) -> T:
        return self.chance.choice(choices)


def ran(plan: Plan, started: RunStarted, seed: int) -> tuple[RunState, list[RunEvent]]:
    """A run to its end, performing the first effect each time."""
    world = World(random.Random(seed))
    state = fold(EMPTY, started)
    world.events.append(started)
    for _ in range(400):
        if state.ended is not None:
            return state, world.events
        for event in world.perform(effects_of(plan, state)[0], state):
            state = fold(state, event)
            world.events.append(event)
    raise AssertionError("the run does not end")


@settings(max_examples=400, deadline=None)
@given(graph=GRAPHS, steps=st.integers(1, 12), fallback=st.sampled_from(("none", "in_order")), seed=SEED)
def test_every_run_ends_with_one_terminal_reason_within_its_steps(
    make_agent: Make,
    make_started: Start,
    graph: tuple[State, ...],
    steps: int,
    fallback: str,
    seed: int,
) -> None:
    state, events = ran(
        plan_for(make_agent(*graph, fallback=fallback, models=2)), make_started("{}", steps), seed
    )
    assert [type(event) for event in events].count(RunEnded) == 1
    assert isinstance(events[-1], RunEnded)
    assert sum(isinstance(event, StateEntered) for event in events) <= steps
    assert state.steps <= steps


@settings(max_examples=200, deadline=None)
@given(graph=GRAPHS, cut=st.integers(0, 60), seed=SEED)
def test_a_snapshot_and_the_events_after_it_give_the_state_of_all_events(
    make_agent: Make, make_started: Start, graph: tuple[State, ...], cut: int, seed: int
) -> None:
    state, events = ran(plan_for(make_agent(*graph)), make_started("{}", 12), seed)
    early = restored(snapshot(fold_all(EMPTY, events[:cut])))
    assert fold_all(early, events[cut:]) == state == fold_all(EMPTY, events)


@settings(max_examples=100, deadline=None)
@given(graph=GRAPHS, seed=SEED)
def test_a_step_is_the_same_each_time_and_never_empty_before_the_end(
    make_agent: Make, make_started: Start, graph: tuple[State, ...], seed: int
) -> None:
    plan = plan_for(make_agent(*graph))
    _, events = ran(plan, make_started("{}", 12), seed)
    state = EMPTY
    for event in events:
        one, again = step(plan, state, event), step(plan, state, event)
        assert one == again
        assert bool(one.effects) == (one.state.ended is None)
        state = one.state
