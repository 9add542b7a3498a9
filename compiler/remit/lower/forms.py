"""The five forms of orchestration, lowered to one set of states (docs/language.md section 5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from remit.definitions import Agent
from remit.definitions.agent import CALL, DONE, GATHER, LOOP, ChainForm, FunctionForm, WorkflowForm
from remit.definitions.shape import ObjectType, ShapeFile
from remit.definitions.text import InlineText
from remit.lower.states import Onward, Scope, artifacts_of, lowered, model, performed
from remit.lower.values import binding_of, mapping_of
from remit_runtime.bundle import graph as ir


def graph_ir(scope: Scope) -> ir.GraphIR:
    """The state graph of an agent, whatever form it was written in. States are sorted by id."""
    form = scope.agent.spec.orchestration
    if form.graph is not None:
        path, graph = scope.sources.graph(scope.agent_path, form.graph)
        inside = replace(scope, path=path)
        states = [state for name, body in graph.spec.states.items() for state in lowered(name, body, inside)]
        return _sorted(graph.spec.start, states)
    if form.function is not None:
        return _sorted(CALL, list(_function(form.function)))
    if form.chain is not None:
        return _gathered(scope, form.chain.steps[0].id, _chain(form.chain, scope))
    if form.workflow is not None:
        return _sorted(form.workflow.steps[0].id, list(_workflow(form.workflow, scope)))
    return _gathered(scope, LOOP, _loop(scope))


def added_states(agent: Agent) -> tuple[str, ...]:
    """The states that an agent's form adds to those its author wrote."""
    form = agent.spec.orchestration
    if form.graph is not None:
        return ()
    if form.function is not None:
        return (CALL, DONE)
    if form.workflow is not None:
        return (DONE,)
    gathers = (GATHER,) if agent.spec.context.ranked else ()
    return (*gathers, DONE) if form.chain is not None else (*gathers, LOOP, DONE)


def _gathered(scope: Scope, first: str, states: Iterable[ir.State]) -> ir.GraphIR:
    """The graph of a form whose first state asks a model: the agent's context is gathered before it."""
    ranked = scope.agent.spec.context.ranked
    if not ranked:
        return _sorted(first, list(states))
    return _sorted(GATHER, [ir.ContextState(GATHER, ranked, first), *states])


def _sorted(start: str, states: list[ir.State]) -> ir.GraphIR:
    return ir.GraphIR(start, tuple(sorted(states, key=lambda state: state.id)))


def _function(form: FunctionForm) -> Iterator[ir.State]:
    yield ir.ToolState(CALL, form.tool, mapping_of(form.args), DONE, None, None, None)
    yield ir.EndState(DONE, "succeeded", binding_of(form.output), ())


def _chain(form: ChainForm, scope: Scope) -> Iterator[ir.State]:
    ids = [step.id for step in form.steps]
    for step, after in zip(form.steps, [*ids[1:], DONE], strict=True):
        yield from _decides(step.id, scope, prompt=step.prompt, tools=(), decides=step.decides, after=after)
    yield ir.EndState(DONE, "succeeded", ir.Reference(ids[-1]), ())


def _loop(scope: Scope) -> Iterator[ir.State]:
    tools = scope.agent.spec.tools.allowed
    yield from _decides(LOOP, scope, prompt=None, tools=tools, decides=None, after=DONE)
    yield ir.EndState(DONE, "succeeded", ir.Reference(LOOP), ())


def _decides(
    identity: str,
    scope: Scope,
    *,
    prompt: str | InlineText | None,
    tools: tuple[str, ...],
    decides: ShapeFile | ObjectType | None,
    after: str,
) -> Iterator[ir.State]:
    yield from model(
        identity,
        scope,
        prompt=prompt,
        tools=tools,
        handoffs=(),
        decides=decides,
        max_visits=None,
        onward=Onward(after),
    )


def _workflow(form: WorkflowForm, scope: Scope) -> Iterator[ir.State]:
    ids = [step.id for step in form.steps]
    for step, after in zip(form.steps, [*ids[1:], DONE], strict=True):
        yield from performed(step.id, step, Onward(after), scope)
    yield ir.EndState(DONE, "succeeded", binding_of(form.output), artifacts_of(form.artifacts))
