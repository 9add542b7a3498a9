"""Duties: what an agent needs its runtime to enforce; a runtime that lacks one refuses the agent."""

from collections.abc import Iterable, Iterator, Mapping

from remit.definitions.agent import Agent
from remit.definitions.graph import Graph
from remit.definitions.tool import Tool
from remit.definitions.work import ModelWork

DUTIES = (
    "approval",
    "check",
    "context",
    "credential",
    "evidence_guardrail",
    "fallback",
    "handoff",
    "http",
    "mcp",
    "memory",
    "model",
    "parallel",
    "process",
    "python",
    "trace_required",
)

_DUTY_OF_TYPE = {
    name: name for name in ("approval", "check", "context", "handoff", "memory", "model", "parallel")
}


def duties_of(agent: Agent, graph: Graph | None, tools: Mapping[str, Tool]) -> tuple[str, ...]:
    """The duties of an agent, sorted.

    `graph` is the Graph that its orchestration names, or None for the other forms; `tools` holds at least the
    tools that it is granted, by id.
    """
    granted = [tools[name] for name in agent.spec.tools.allowed]
    return tuple(sorted({*_of_spec(agent), *_of_states(agent, graph), *_of_tools(granted)}))


def _of_spec(agent: Agent) -> Iterator[str]:
    spec = agent.spec
    if spec.context.required or spec.context.optional:
        yield "context"
    if spec.memory.read or spec.memory.write:
        yield "memory"
    if spec.autonomy == "act_with_approval":
        yield "approval"
    if spec.guardrails.min_evidence_per_finding > 0:
        yield "evidence_guardrail"
    if spec.observability.trace == "required":
        yield "trace_required"
    if spec.models.fallback == "in_order" and len(spec.models.allowed) > 1:
        yield "fallback"


def _of_states(agent: Agent, graph: Graph | None) -> Iterator[str]:
    form = agent.spec.orchestration
    if form.loop is not None or form.chain is not None:
        yield "model"
    steps = form.workflow.steps if form.workflow is not None else ()
    states = tuple(graph.spec.states.values()) if graph is not None else ()
    for work in (*steps, *states):
        if work.type in _DUTY_OF_TYPE:
            yield _DUTY_OF_TYPE[work.type]
        if isinstance(work, ModelWork) and work.handoffs:
            yield "handoff"


def _of_tools(tools: Iterable[Tool]) -> Iterator[str]:
    for tool in tools:
        way = tool.spec.implementation
        yield next(name for name in ("process", "http", "mcp", "python") if getattr(way, name) is not None)
        if tool.spec.credential is not None:
            yield "credential"
