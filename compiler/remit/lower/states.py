"""States of the language become states of the bundle; a model state becomes a decide state and its call states."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from remit.definitions import Agent, Tool
from remit.definitions import state as written
from remit.definitions.budget import Budget, PartialBudget
from remit.definitions.route import Route
from remit.definitions.scalars import Scalar
from remit.definitions.shape import ObjectType, ShapeFile
from remit.definitions.text import InlineText
from remit.definitions.work import (
    ApprovalWork,
    CheckWork,
    ContextWork,
    HandoffWork,
    MemoryWork,
    ModelWork,
    ToolWork,
)
from remit.lower.objects import Objects
from remit.lower.prompts import prompt_ir
from remit.lower.sources import Sources, schema_of, template_of
from remit.lower.values import binding_of, json_text, mapping_of, short_reference, whole_reference
from remit.prompt.names import names_of
from remit.prompt.segments import Template
from remit_runtime.bundle import graph as ir
from remit_runtime.canonical import Digest

SingleWork = ContextWork | ToolWork | ApprovalWork | CheckWork | MemoryWork | HandoffWork
Work = SingleWork | ModelWork
StateWithNext = (
    written.ContextState
    | written.ModelState
    | written.ToolState
    | written.ApprovalState
    | written.CheckState
    | written.MemoryState
    | written.HandoffState
)


@dataclass(frozen=True)
class Scope:
    """What the states of one agent are lowered in: the agent, the file they stand in, the objects they add to."""

    agent: Agent
    agent_path: str
    path: str
    agents: Mapping[str, Agent]
    tools: Mapping[str, Tool]
    sources: Sources
    objects: Objects

    @property
    def output(self) -> Digest:
        """The digest of the agent's output schema."""
        return self.objects.add_schema(schema_of(self.agent.spec.output, self.agent_path, self.sources))

    def schema(self, shape: ShapeFile | ObjectType) -> Digest:
        """The digest of a shape's schema."""
        return self.objects.add_schema(schema_of(shape, self.path, self.sources))

    def prompt(
        self, prompt: str | InlineText | None, tools: Iterable[str], handoffs: Iterable[str]
    ) -> Digest:
        """The digest of a state's prompt: the agent's instructions, then its own, as of what the state offers."""
        templates: list[Template] = []
        if self.agent.spec.instructions is not None:
            templates.append(template_of(self.agent.spec.instructions, self.agent_path, self.sources))
        if prompt is not None:
            templates.append(template_of(prompt, self.path, self.sources))
        offered = [self.tools[name] for name in tools]
        names = names_of(self.agent, offered, [self.agents[name] for name in handoffs])
        return self.objects.add(prompt_ir(templates, names, self.sources))


@dataclass(frozen=True)
class Onward:
    """Where a state goes: on success (a model state: by its routes), and on each other outcome that is routed."""

    success: str
    others: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    routes: tuple[ir.Route, ...] = ()


def lowered(identity: str, state: written.State, scope: Scope) -> Iterator[ir.State]:
    """The states that one state of a Graph becomes, itself first."""
    match state:
        case written.ParallelState():
            branches = tuple(ir.Branch(name, state.branches[name]) for name in sorted(state.branches))
            yield ir.ParallelState(identity, branches, state.join, state.max_visits)
        case written.EndState():
            output = binding_of(state.output) if state.has_output else None
            yield ir.EndState(identity, state.outcome, output, artifacts_of(state.artifacts))
        case _:
            yield from performed(identity, state, _onward(state), scope)


def performed(identity: str, work: Work, onward: Onward, scope: Scope) -> Iterator[ir.State]:
    """The states that some work becomes, be it a state of a Graph or a step of a workflow."""
    if isinstance(work, ModelWork):
        yield from model(
            identity,
            scope,
            prompt=work.prompt,
            tools=work.tools,
            handoffs=work.handoffs,
            decides=work.decides,
            max_visits=work.max_visits,
            onward=onward,
        )
    else:
        yield _single(identity, work, onward, scope)


def _single(identity: str, work: SingleWork, onward: Onward, scope: Scope) -> ir.State:
    visits, ok, others = work.max_visits, onward.success, onward.others
    match work:
        case ToolWork():
            args = mapping_of(work.args)
            return ir.ToolState(
                identity, work.tool, args, ok, others.get("denied"), others.get("error"), visits
            )
        case ContextWork():
            # The order is the rank: a packet that is too large loses its last optional source first.
            ranked = scope.agent.spec.context.ranked if work.sources is None else work.sources
            return ir.ContextState(identity, tuple(ranked), ok, visits)
        case ApprovalWork():
            show = tuple(short_reference(text) for text in work.show)
            denied, expired = others.get("denied"), others.get("expired")
            return ir.ApprovalState(identity, work.approval, show, ok, denied, expired, visits)
        case CheckWork():
            schema = scope.schema(work.shape)
            return ir.CheckState(identity, schema, mapping_of(work.values), ok, others.get("failed"), visits)
        case MemoryWork():
            denied = others.get("denied")
            if work.read is not None:
                return ir.MemoryState(identity, "read", work.read, None, ok, denied, visits)
            return ir.MemoryState(
                identity, "write", work.write or "", binding_of(work.value), ok, denied, visits
            )
        case HandoffWork():
            child = scope.agents[work.agent]
            return ir.HandoffState(
                id=identity,
                agent=work.agent,
                task=work.task or only_task(child),
                input=mapping_of(work.input),
                chosen_by=None,
                share=child_budget(work.budget, child.spec.budget),
                ok=ok,
                failed=others.get("failed"),
                max_visits=visits,
            )


def _onward(state: StateWithNext) -> Onward:
    match state:
        case written.ContextState():
            return Onward(state.next)
        case written.ModelState():
            others = {"exhausted": state.exhausted, "error": state.error}
            return Onward("", others, _routes(state.next))
        case written.ToolState():
            return Onward(state.next.ok, {"denied": state.next.denied, "error": state.next.error})
        case written.ApprovalState():
            return Onward(state.next.approved, {"denied": state.next.denied, "expired": state.next.expired})
        case written.CheckState():
            return Onward(state.next.passed, {"failed": state.next.failed})
        case written.MemoryState():
            return Onward(state.next.ok, {"denied": state.next.denied})
        case written.HandoffState():
            return Onward(state.next.ok, {"failed": state.next.failed})


def model(
    identity: str,
    scope: Scope,
    *,
    prompt: str | InlineText | None,
    tools: Collection[str],
    handoffs: Collection[str],
    decides: ShapeFile | ObjectType | None,
    max_visits: int | None,
    onward: Onward,
) -> Iterator[ir.State]:
    """A decide state, a call state for each tool it offers and a handoff state for each task of each agent, all
    leading back."""
    calls = tuple(ir.CallEdge(tool, f"{identity}/call/{tool}") for tool in sorted(tools))
    given = [(agent, task) for agent in sorted(handoffs) for task in sorted(scope.agents[agent].spec.tasks)]
    children = tuple(ir.HandoffEdge(agent, _handed(identity, agent, task, scope)) for agent, task in given)
    yield ir.DecideState(
        id=identity,
        prompt=scope.prompt(prompt, tools, handoffs),
        calls=calls,
        handoffs=children,
        decides=scope.output if decides is None else scope.schema(decides),
        max_visits=max_visits,
        routes=onward.routes or (ir.Route(onward.success),),
        exhausted=onward.others.get("exhausted"),
        error=onward.others.get("error"),
    )
    for call in calls:
        yield ir.CallState(call.state, call.tool, identity)
    for child, (_, task) in zip(children, given, strict=True):
        yield ir.HandoffState(
            id=child.state,
            agent=child.agent,
            task=task,
            input=None,
            chosen_by=identity,
            share=None,
            ok=identity,
            failed=identity,
            max_visits=None,
        )


def _handed(identity: str, agent: str, task: str, scope: Scope) -> str:
    """The id of the state that hands a task off; the task is named where the agent has several."""
    several = len(scope.agents[agent].spec.tasks) > 1
    return f"{identity}/handoff/{agent}/{task}" if several else f"{identity}/handoff/{agent}"


def artifacts_of(artifacts: Mapping[str, str]) -> tuple[ir.Artifact, ...]:
    """The artifacts of an end, by name."""
    return tuple(ir.Artifact(name, whole_reference(artifacts[name])) for name in sorted(artifacts))


def only_task(agent: Agent) -> str:
    """The task type that a handoff without one means: the first by name, which the linker saw to be the only one."""
    return min(agent.spec.tasks)


def budget_ir(budget: Budget) -> ir.Budget:
    """A budget in the integers of the bundle."""
    return ir.Budget(
        budget.steps, budget.model_calls, budget.tool_calls, budget.microusd, budget.milliseconds
    )


def child_budget(share: PartialBudget | None, own: Budget) -> ir.Budget | None:
    """The most a child run may take: what the handoff says, and the child's own budget where it says nothing."""
    return None if share is None else filled(share, budget_ir(own))


def filled(share: PartialBudget, own: ir.Budget) -> ir.Budget:
    """A partial budget with the rest of another; it never passes that other."""

    def least(part: int | None, whole: int) -> int:
        return whole if part is None else min(part, whole)

    return ir.Budget(
        steps=least(share.steps, own.steps),
        model_calls=least(share.model_calls, own.model_calls),
        tool_calls=least(share.tool_calls, own.tool_calls),
        microusd=least(share.microusd, own.microusd),
        milliseconds=least(share.milliseconds, own.milliseconds),
    )


def _routes(routes: Iterable[Route]) -> tuple[ir.Route, ...]:
    return tuple(ir.Route(route.to, _matches(route.when or {})) for route in routes)


def _matches(when: Mapping[str, tuple[Scalar, ...]]) -> tuple[ir.Match, ...]:
    return tuple(
        ir.Match(tuple(path.split(".")), tuple(sorted({json_text(value) for value in when[path]})))
        for path in sorted(when)
    )
