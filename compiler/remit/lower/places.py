"""The source map: where each rule, grant, agent, tool and state of a bundle stands in the repository.

Ids are those of decisions and journals: a rule by `path#rule`, `agent ID`, `tool ID`, `state AGENT/STATE`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from remit.authority.source import AuthoritySource
from remit.definitions import Agent
from remit.link import Portfolio
from remit.lower.forms import added_states
from remit.read import Path
from remit_runtime.bundle.manifest import SourceMap, SourcePlace
from remit_runtime.bundle.policy import PolicyRule

_PARTS: dict[str, Path] = {
    "grant": ("spec", "tools"),
    "denied": ("spec", "tools", "denied"),
    "autonomy": ("spec", "autonomy"),
    "agents": ("spec", "agents"),
    "deny": ("spec", "deny"),
    "evidence": ("spec", "evidence"),
}
"""Where a rule that was lowered from something else than a rule stands in its file."""


def source_map(
    portfolio: Portfolio, agents: Iterable[Agent], authority: AuthoritySource, rules: Iterable[PolicyRule]
) -> SourceMap:
    """The places of a bundle's parts, sorted by id."""
    agents = tuple(agents)
    places = [
        *_agent_places(portfolio, agents),
        *_tool_places(portfolio, agents),
        *_rule_places(portfolio, authority, rules),
    ]
    return SourceMap(tuple(sorted(places, key=lambda place: place.id)))


def _agent_places(portfolio: Portfolio, agents: Iterable[Agent]) -> Iterator[SourcePlace]:
    for agent in agents:
        path, name = portfolio.path_of(agent), agent.metadata.id
        yield _place(portfolio, f"agent {name}", path, ("metadata", "id"))
        yield from _state_places(portfolio, agent, path)


def _state_places(portfolio: Portfolio, agent: Agent, path: str) -> Iterator[SourcePlace]:
    """Where each state stands that an author may name; one that its form adds stands at the form."""
    name, form = agent.metadata.id, agent.spec.orchestration
    if form.graph is not None:
        graph_path, graph = portfolio.graph(path, form.graph)
        for state in graph.spec.states:
            yield _key_place(portfolio, f"state {name}/{state}", graph_path, ("spec", "states", state))
        return
    at: Path = ("spec", "orchestration", form.form)
    listed = form.workflow or form.chain
    for index, step in enumerate(listed.steps if listed is not None else ()):
        yield _place(portfolio, f"state {name}/{step.id}", path, (*at, "steps", index, "id"))
    for added in added_states(agent):
        yield _key_place(portfolio, f"state {name}/{added}", path, at)


def _tool_places(portfolio: Portfolio, agents: Iterable[Agent]) -> Iterator[SourcePlace]:
    from remit.definitions import Tool

    tools = portfolio.of(Tool)
    for name in sorted({tool for agent in agents for tool in agent.spec.tools.allowed}):
        yield _place(portfolio, f"tool {name}", portfolio.path_of(tools[name]), ("metadata", "id"))


def _rule_places(
    portfolio: Portfolio, authority: AuthoritySource, rules: Iterable[PolicyRule]
) -> Iterator[SourcePlace]:
    written = {rule.key: rule.place for rule in authority.rules}
    for rule in rules:
        path, _, part = rule.id.partition("#")
        if rule.id in written:
            at: Path = (*tuple(written[rule.id][1:]), "id")
            yield _place(portfolio, rule.id, path, at)
        else:
            yield _key_place(portfolio, rule.id, path, _PARTS.get(part, ("spec",)))


def _place(portfolio: Portfolio, identity: str, path: str, at: Path) -> SourcePlace:
    start = portfolio.span(path, at, "value").start
    return SourcePlace(identity, path, start.line, start.column)


def _key_place(portfolio: Portfolio, identity: str, path: str, at: Path) -> SourcePlace:
    start = portfolio.span(path, at, "key").start
    return SourcePlace(identity, path, start.line, start.column)
