"""GRF015."""

from collections.abc import Iterator
from itertools import pairwise

from remit.definitions import Agent
from remit.diagnostic import Note
from remit.graph import cycles_of
from remit.link import Portfolio
from remit.rule import Finding, rule
from remit.source import Span


@rule("handoff-cycle", "GRF015", since="0.2")
def handoff_cycle(portfolio: Portfolio) -> Iterator[Finding]:
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
    handed = _handed(portfolio)
    for cycle in cycles_of({name: tuple(sorted(targets)) for name, targets in handed.items()}):
        hops = tuple(
            Note(f"`{source}` hands off to `{target}`", handed[source][target])
            for source, target in pairwise(cycle)
        )
        yield Finding(
            handed[cycle[0]][cycle[1]],
            f"the handoffs `{' -> '.join(cycle)}` go round in a circle",
            hops,
            "let one of these agents do the work itself",
        )


def _handed(portfolio: Portfolio) -> dict[str, dict[str, Span]]:
    """The agents that each agent hands off to, with the place where it says so."""
    agents = portfolio.of(Agent)
    owner: dict[str, list[str]] = {}
    for name, agent in agents.items():
        owner.setdefault(portfolio.path_of(agent), []).append(name)
        form = agent.spec.orchestration.graph
        if form is not None:
            try:
                owner.setdefault(portfolio.graph(portfolio.path_of(agent), form)[0], []).append(name)
            except LookupError:
                continue  # missing-file says so
    handed: dict[str, dict[str, Span]] = {name: {} for name in agents}
    for target in agents:
        for use in portfolio.uses.get(("Agent", target), ()):
            for name in owner.get(use.path, ()):
                handed[name].setdefault(target, portfolio.span(use.path, use.at))
    return handed
