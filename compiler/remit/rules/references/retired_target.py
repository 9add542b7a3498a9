"""REF008."""

from collections.abc import Iterator

from remit.definitions import Agent, Release
from remit.diagnostic import Note
from remit.flow import flow_of
from remit.link import Unit
from remit.rule import Finding, rule
from remit.source import Span


@rule("retired-target", "REF008", since="0.4")
def retired_target(release: Unit[Release]) -> Iterator[Finding]:
    """An agent of a release hands off to one that the release has retired or does not hold.

    ## Why

    A retired agent takes no new run, and one that a bundle does not hold cannot run at all: the hand-off would fail
    each time, and only when it happens.

    ## Wrong

    ```yaml file=releases/production.yaml
    apiVersion: remit/v1
    kind: Release
    metadata: {id: production}
    spec:
      environment: production
      agents:
        acme.digest: {version: 0.1.0, lifecycle: active}
    ```

    ```yaml file=policies/production.yaml
    apiVersion: remit/v1
    kind: Environment
    metadata: {id: production}
    spec: {evidence: required}
    ```

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
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [dev]
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
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [dev]
      output: {summary: string}
    ```
    """
    agents = release.definition.spec.agents
    for name, released in agents.items():
        if released.lifecycle == "retired":
            continue
        for target, span in _handed(release, name).items():
            listed = agents.get(target)
            if listed is not None and listed.lifecycle != "retired":
                continue
            fact = "does not hold" if listed is None else "has retired"
            yield Finding(
                release.span(("spec", "agents", name if listed is None else target), "key"),
                f"`{name}` hands off to `{target}`, which this release {fact}",
                (Note(f"`{name}` hands off here", span),),
                f"release `{target}` as well, or retire `{name}`",
            )


def _handed(release: Unit[Release], name: str) -> dict[str, Span]:
    """The agents that an agent hands off to, each with a place that says so."""
    portfolio = release.portfolio
    agent = portfolio.find(Agent, name)
    flow = None if agent is None else flow_of(Unit(portfolio.path_of(agent), agent, portfolio))
    found: dict[str, Span] = {}
    if flow is None:
        return found
    for state, place in flow.states.items():
        work = place.work
        if work.type == "handoff":
            found.setdefault(work.agent, flow.span_in(state, "agent"))
        elif work.type == "model":
            for index, target in enumerate(work.handoffs):
                found.setdefault(target, flow.span_in(state, "handoffs", index))
    return found
