"""Who may start: an agent the bundle holds and calls active, whose duties this runtime keeps, with a valid input."""

from __future__ import annotations

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.graph import Budget, DecideState, HandoffState
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.bundle.tool import ProcessIR
from remit_runtime.errors import RunRefused
from remit_runtime.gateway.arguments import with_defaults
from remit_runtime.gateway.schemas import Schemas
from remit_runtime.models.json_text import Json
from remit_runtime.models.provider import NOT_INSTALLED, PROVIDER, is_installed
from remit_runtime.models.scripted import SCRIPTED

SUPPORTED_DUTIES = frozenset(
    {
        "approval",
        "check",
        "context",
        "credential",
        "evidence_guardrail",
        "fallback",
        "handoff",
        "http",
        "model",
        "parallel",
        "process",
        "trace_required",
    }
)
"""What this runtime keeps. An agent that needs another duty is refused: no field of it is silently ignored."""


DEFAULT_WORKSPACE = "repository"
"""The workspace whose files are context."""


def refusal_of(bundle: VerifiedBundle, agent: str) -> RunRefused | None:
    """Why an agent may not start in this runtime, or None."""
    try:
        entry = bundle.entry(agent)
    except RunRefused as error:
        return error
    if bundle.card(entry.card).lifecycle == "retired":
        return RunRefused("agent_inactive", f"agent `{agent}` is retired and takes no new run")
    lacking = sorted(set(bundle.agent(agent).duties) - SUPPORTED_DUTIES)
    if lacking:
        listed = ", ".join(f"`{duty}`" for duty in lacking)
        return RunRefused(
            "duty_unsupported", f"agent `{agent}` needs {listed}, which this runtime does not keep"
        )
    return None


def task_of(agent: AgentIR, task: str | None) -> str | RunRefused:
    """The task to do: the one that is named, or the agent's only one."""
    names = [one.name for one in agent.tasks]
    listed = ", ".join(f"`{name}`" for name in names)
    if task is None and len(names) == 1:
        return names[0]
    if task is None:
        return RunRefused("task_missing", f"agent `{agent.id}` has the tasks {listed}: name one")
    if task not in names:
        return RunRefused("task_unknown", f"agent `{agent.id}` has no task `{task}`; it has {listed}")
    return task


def task_input(schemas: Schemas, agent: AgentIR, task: str, value: Json) -> Json | RunRefused:
    """The input of a task with the `default`s of its schema filled in at the top level, or why it is none."""
    digest = next((one.schema for one in agent.tasks if one.name == task), None)
    if digest is None:
        return RunRefused("task_unknown", f"agent `{agent.id}` has no task `{task}`")
    schema = schemas.schema(digest)
    filled = with_defaults(value, schema.document) if isinstance(value, dict) else value
    faults = schema.faults(filled)
    if not faults:
        return filled
    return RunRefused("input_invalid", f"the input is not one of task `{task}`: {'; '.join(faults)}")


def model_refusal(bundle: VerifiedBundle, agent: str, adapter: str | None) -> RunRefused | None:
    """Why a model adapter, or none, does not serve an agent and those it hands off to; None where it does."""
    if adapter == SCRIPTED and bundle.environment != "dev":
        message = f"a script stands in for a model in `dev` only, not in `{bundle.environment}`"
        return RunRefused("script_outside_dev", message)
    asking = asking_agents(bundle, agent)
    without = next((one.id for one in asking if not one.models), None)
    if without is not None:
        return RunRefused("model_missing", f"agent `{without}` asks a model and allows none")
    if not asking or adapter == SCRIPTED:
        return None
    if adapter is None:
        return RunRefused(
            "model_adapter_missing", f"agent `{asking[0].id}` asks a model: nobody answers for it"
        )
    scripted = next((one.id for one in asking if _only_scripted(bundle, one)), None)
    if scripted is not None:
        message = f"agent `{scripted}` asks a model that only a script answers for: give a script"
        return RunRefused("model_adapter_missing", message)
    if adapter == PROVIDER and not is_installed():
        return RunRefused("adapter_missing", NOT_INSTALLED)
    return None


def asking_agents(bundle: VerifiedBundle, agent: str) -> tuple[AgentIR, ...]:
    """Of an agent and those it may hand off to, the ones that ask a model."""
    return tuple(one for one in with_handoffs(bundle, agent) if _asks(one))


def trace_refusal(bundle: VerifiedBundle, agent: str, reason: str) -> RunRefused | None:
    """Why an agent may not run untraced: it, or one it may hand off to, must be traced; `reason` says why it is not."""
    demanding = [one.id for one in with_handoffs(bundle, agent) if one.observability.trace == "required"]
    if not demanding:
        return None
    return RunRefused("trace_unavailable", f"agent `{demanding[0]}` must be traced, and {reason}")


def with_handoffs(bundle: VerifiedBundle, agent: str) -> tuple[AgentIR, ...]:
    """An agent and every agent that its run may hand off to."""
    found: dict[str, AgentIR] = {}
    waiting = [agent]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found[name] = bundle.agent(name)
        waiting += [state.agent for state in found[name].graph.states if isinstance(state, HandoffState)]
    return tuple(found.values())


def needed_workspaces(bundle: VerifiedBundle, agents: tuple[AgentIR, ...]) -> tuple[str, ...]:
    """The names of the workspaces that the tools of agents work in, or their context is read from, sorted."""
    ways = [bundle.tool(use.object).implementation for agent in agents for use in agent.tools]
    names = {way.workspace for way in ways if isinstance(way, ProcessIR) and way.workspace is not None}
    uses = [use.object for agent in agents for use in agent.context.sources]
    if any(bundle.context_source(digest).type == "file" for digest in uses):
        names.add(DEFAULT_WORKSPACE)
    return tuple(sorted(names))


def budget_for(
    policy: PolicySet, environment: str, agent: AgentIR, tenant: str | None
) -> Budget | RunRefused:
    """The agent's budget, lowered by what its environment and tenant allow; or why the tenant has no such agent."""
    limits = [one.budget for one in policy.environments if one.id == environment]
    if tenant is not None:
        found = next((one for one in policy.tenants if one.id == tenant), None)
        if found is None:
            return RunRefused("tenant_unknown", f"the bundle has no tenant `{tenant}`")
        if found.agents is not None and agent.id not in found.agents:
            return RunRefused("tenant_without_agent", f"tenant `{tenant}` has not agent `{agent.id}`")
        limits.append(found.budget)
    lowered = agent.budget
    for limit in limits:
        lowered = lowered if limit is None else smaller(lowered, limit)
    return lowered


def smaller(one: Budget, other: Budget) -> Budget:
    """The smaller of two budgets in each limit."""
    return Budget(
        min(one.steps, other.steps),
        min(one.model_calls, other.model_calls),
        min(one.tool_calls, other.tool_calls),
        min(one.microusd, other.microusd),
        min(one.milliseconds, other.milliseconds),
    )


def _asks(agent: AgentIR) -> bool:
    return any(isinstance(state, DecideState) for state in agent.graph.states)


def _only_scripted(bundle: VerifiedBundle, agent: AgentIR) -> bool:
    """Whether no provider answers for any model of an agent."""
    return all(bundle.model(use.object).provider == SCRIPTED for use in agent.models)
