"""Who may start: an agent the bundle holds and calls active, whose duties this runtime keeps, with a valid input."""

from __future__ import annotations

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.errors import RunRefused
from remit_runtime.gateway.schemas import Schemas
from remit_runtime.models.json_text import Json

SUPPORTED_DUTIES = frozenset({"approval", "check", "fallback", "handoff", "model", "parallel", "process"})
"""What this runtime keeps. An agent that needs another duty is refused: no field of it is silently ignored."""


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


def input_faults(schemas: Schemas, agent: AgentIR, task: str, value: Json) -> RunRefused | None:
    """Why a value is no input of a task, or None."""
    schema = next((one.schema for one in agent.tasks if one.name == task), None)
    if schema is None:
        return RunRefused("task_unknown", f"agent `{agent.id}` has no task `{task}`")
    faults = schemas.schema(schema).faults(value)
    if not faults:
        return None
    return RunRefused("input_invalid", f"the input is not one of task `{task}`: {'; '.join(faults)}")
