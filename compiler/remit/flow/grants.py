"""What an agent does with its grant: the tools that it uses, and what those it hands off to have beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from remit.definitions import Agent, ContextSource, Tool
from remit.definitions.work import ContextWork, HandoffWork, ModelWork, ToolWork
from remit.flow.effects import Admits, admits, effects_granted, tool_uses
from remit.flow.states import Flow
from remit.link import Portfolio
from remit.read import Path
from remit.source import Span

ORDER: tuple[Admits, ...] = ("never", "approval", "free")


class Gathered(NamedTuple):
    """A context source that a state gathers: its id, the state, and the source where there is one to be used."""

    id: str
    state: str
    source: ContextSource | None


class Handoff(NamedTuple):
    """A place at which a state hands off, or lets its model hand off; `child` is None where it cannot be used."""

    state: str
    at: Path
    agent: str
    child: Agent | None


class Excess(NamedTuple):
    """What a child has that its parent has not: words for it, and the places in the child that say so."""

    kind: str
    names: tuple[str, ...]
    places: tuple[Span, ...]


def gathered(flow: Flow) -> Iterator[Gathered]:
    """The context sources that the states of an agent gather, each at the first state that does."""
    seen: set[str] = set()
    for name, state in flow.states.items():
        if isinstance(state.work, ContextWork):
            listed = state.work.sources
            for source in flow.agent.spec.context.ranked if listed is None else listed:
                if source not in seen:
                    seen.add(source)
                    yield Gathered(source, name, flow.unit.portfolio.find(ContextSource, source))


def handoffs(flow: Flow) -> Iterator[Handoff]:
    """Every place at which the states of an agent hand off."""
    for name, state in flow.states.items():
        if isinstance(state.work, HandoffWork):
            child = flow.unit.portfolio.find(Agent, state.work.agent)
            yield Handoff(name, ("agent",), state.work.agent, child)
        elif isinstance(state.work, ModelWork):
            for index, agent in enumerate(state.work.handoffs):
                yield Handoff(name, ("handoffs", index), agent, flow.unit.portfolio.find(Agent, agent))


def unused_grants(flow: Flow) -> tuple[str, ...]:
    """The granted tools that nothing of the agent uses; none where something that may use them cannot be read."""
    granted = flow.agent.spec.tools.allowed
    used = {use.tool for use in flow.once(tool_uses)}
    if used.issuperset(granted):
        return ()
    sources = [one.source for one in gathered(flow)]
    children = [one.child for one in handoffs(flow)]
    tools = {name: flow.unit.portfolio.find(Tool, name) for name in granted}
    if None in sources or None in children or None in tools.values():
        return ()
    used.update(one.spec.tool for one in sources if one is not None and one.spec.tool is not None)
    used.update(name for child in children if child is not None for name in child.spec.tools.allowed)
    used.update(
        probe for tool in tools.values() if tool is not None and (probe := tool.spec.recovery.probe_tool)
    )
    return tuple(name for name in granted if name not in used)


def grant_span(portfolio: Portfolio, path: str, agent: Agent, tool: str) -> Span:
    """Where a tool is granted."""
    return portfolio.span(path, ("spec", "tools", "allowed", agent.spec.tools.allowed.index(tool)))


# ---- below a handoff


def excesses(flow: Flow, child: Agent) -> Iterator[Excess]:
    """What a child is granted, or does by itself, beyond its parent. Its run has the intersection of both grants."""
    portfolio, parent = flow.unit.portfolio, flow.agent
    path = portfolio.path_of(child)
    effects = {
        name: tool
        for name, tool in effects_granted(portfolio, child).items()
        if admits(child.spec.autonomy, tool.spec.effect) != "never"
    }
    granted = frozenset(parent.spec.tools.allowed)
    beyond = tuple(name for name in effects if name not in granted)
    if beyond:
        places = tuple(grant_span(portfolio, path, child, name) for name in beyond)
        yield Excess("effects", tuple(f"`{name}` ({effects[name].spec.effect})" for name in beyond), places)
    freer = tuple(name for name in effects if name in granted and _is_freer(child, parent, effects[name]))
    if freer:
        place = portfolio.span(path, ("spec", "autonomy"))
        yield Excess("autonomy", tuple(f"`{name}` ({effects[name].spec.effect})" for name in freer), (place,))
    classes = tuple(name for name in child.spec.data_classes if name not in parent.spec.data_classes)
    if classes:
        at = child.spec.data_classes.index
        places = tuple(portfolio.span(path, ("spec", "data_classes", at(name))) for name in classes)
        yield Excess("data", tuple(f"`{name}`" for name in classes), places)
    if not granted.issuperset(child.spec.tools.allowed):
        yield from _stops(flow, child, granted)


def _is_freer(child: Agent, parent: Agent, tool: Tool) -> bool:
    own = admits(child.spec.autonomy, tool.spec.effect)
    return ORDER.index(own) > ORDER.index(admits(parent.spec.autonomy, tool.spec.effect))


def _stops(flow: Flow, child: Agent, granted: frozenset[str]) -> Iterator[Excess]:
    """The states of a child that call a tool which only reads, is not the parent's, and whose denial ends the run."""
    below, portfolio = flow.below(child.metadata.id), flow.unit.portfolio
    if below is None:
        return
    for name, state in below.states.items():
        if name not in below.reached or not isinstance(state.work, ToolWork):
            continue
        tool = portfolio.find(Tool, state.work.tool)
        own = state.work.tool in child.spec.tools.allowed and state.work.tool not in granted
        unrouted = any(edge.outcome == "denied" and edge.target is None for edge in state.edges)
        if own and unrouted and tool is not None and tool.spec.effect == "read":
            yield Excess("reads", (f"`{state.work.tool}`",), (below.span(name),))
