"""GRF015."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

from remit.definitions import Agent
from remit.diagnostic import Note
from remit.graph import cycles_of, reachable, reversed_edges
from remit.link import Portfolio, Unit
from remit.rule import Finding, rule
from remit.source import Span


@rule("handoff-cycle", "GRF015", since="0.2")
def handoff_cycle(unit: Unit[Agent]) -> Iterator[Finding]:
    """Agents that hand their work to each other in a circle.

    ## Why

    What an agent version is covers the agents it hands off to: when one of those changes, what was shown of this one
    is stale. In a circle nothing would be what it is before everything else was.

    ## Wrong

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      orchestration:
        workflow:
          steps: [{id: ask, type: handoff, agent: acme.other, input: {since: "${task.since}"}}]
          output: "${ask}"
      output: {summary: string}
    ```

    ```yaml file=agents/other/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.other, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits in other words.
      tasks: {range: {since: string}}
      orchestration:
        workflow:
          steps: [{id: back, type: handoff, agent: acme.digest, input: {since: "${task.since}"}}]
          output: "${back}"
      output: {summary: string}
    ```

    ## Right

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      orchestration:
        workflow:
          steps: [{id: ask, type: handoff, agent: acme.other, input: {since: "${task.since}"}}]
          output: "${ask}"
      output: {summary: string}
    ```

    ```yaml file=agents/other/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.other, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits in other words.
      tasks: {range: {since: string}}
      instructions: {text: Summarise the commits.}
      models: [dev]
      output: {summary: string}
    ```
    """
    name = unit.definition.metadata.id
    edges = _handoffs_from(unit.portfolio, name)
    for cycle in cycles_of(edges):
        knot = reachable(edges, [cycle[0]]) & reachable(reversed_edges(edges), [cycle[0]])
        if name != min(knot):
            continue  # it is told of the first agent by name that stands in it, and this one leads there or comes later
        hops = tuple(
            Note(f"`{source}` hands off to `{target}`", _place(unit.portfolio, source, target))
            for source, target in pairwise(cycle)
        )
        yield Finding(
            _place(unit.portfolio, cycle[0], cycle[1]),
            f"the handoffs `{' -> '.join(cycle)}` go round in a circle",
            hops,
            "let one of these agents do the work itself",
        )


def _handoffs_from(portfolio: Portfolio, name: str) -> dict[str, tuple[str, ...]]:
    """The handoffs of an agent, and of all whom its work can reach, by name."""
    found: dict[str, tuple[str, ...]] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = portfolio.handoffs(one)
            waiting.extend(found[one])
    return dict(sorted(found.items()))


def _place(portfolio: Portfolio, source: str, target: str) -> Span:
    """The first place where an agent, or its graph, says that it hands off to another."""
    agent = portfolio.find(Agent, source)
    if agent is None:
        raise RuntimeError(f"`{source}` hands off and is no agent")
    path = portfolio.path_of(agent)
    own = {path}
    form = agent.spec.orchestration.graph
    with suppress(LookupError):  # missing-file says so
        own |= set() if form is None else {portfolio.graph(path, form)[0]}
    place = next(use for use in portfolio.users(Agent, target) if use.path in own)
    return portfolio.span(*place)
