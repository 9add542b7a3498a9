"""Effects of an agent: the tools that change something, and the states that call them or offer them to a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from remit.definitions import Agent, Tool
from remit.definitions.agent import Autonomy
from remit.definitions.work import ModelWork, ToolWork
from remit.flow.states import FORM, Flow
from remit.link import Portfolio
from remit.source import Span

Admits = Literal["never", "approval", "free"]

_ADMITS: Mapping[str, tuple[Admits, Admits]] = {
    "advisory": ("never", "never"),
    "propose": ("free", "never"),
    "act_with_approval": ("approval", "approval"),
    "autonomous": ("free", "free"),
}


class ToolUse(NamedTuple):
    """A place at which a state calls a tool, or offers it to its model; `at` leads there from the state."""

    state: str
    tool: str
    at: tuple[str | int, ...]


def admits(autonomy: Autonomy, effect: str) -> Admits:
    """What an autonomy says of calls with an effect: that none is made, that each needs a token, or nothing."""
    if effect == "read":
        return "free"
    write, irreversible = _ADMITS[autonomy]
    return write if effect == "write" else irreversible


def effects_granted(portfolio: Portfolio, agent: Agent) -> dict[str, Tool]:
    """The tools with an effect that an agent is granted, by id; those that cannot be used are left out."""
    found = {name: portfolio.find(Tool, name) for name in agent.spec.tools.allowed}
    return {name: tool for name, tool in found.items() if tool is not None and tool.spec.effect != "read"}


def own_effects(flow: Flow) -> dict[str, Tool]:
    """The tools with an effect that the agent of a flow is granted, by id."""
    return effects_granted(flow.unit.portfolio, flow.agent)


def tool_uses(flow: Flow) -> tuple[ToolUse, ...]:
    """Every place at which a state calls or offers a tool; what the form `loop` offers is written in the grant."""
    found: list[ToolUse] = []
    for name, state in flow.states.items():
        if isinstance(state.work, ToolWork):
            found.append(ToolUse(name, state.work.tool, ("tool",)))
        elif isinstance(state.work, ModelWork):
            found += [ToolUse(name, tool, ("tools", index)) for index, tool in enumerate(state.work.tools)]
    return tuple(found)


def use_span(flow: Flow, use: ToolUse) -> Span:
    """Where a use is written: the state that calls the tool, or the tool in the list of those that are offered."""
    if use.at[0] == "tool":
        return flow.span(use.state)
    if flow.states[use.state].at == FORM:
        return flow.unit.span(("spec", "tools", "allowed", use.at[1]))
    return flow.span_in(use.state, *use.at)
