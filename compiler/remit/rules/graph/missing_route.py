"""GRF007."""

from collections.abc import Iterator
from itertools import islice

from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.routes import MOST_MISSING, decided_at, routings
from remit.graph import MOST_TOLD
from remit.rule import Finding, rule


@rule("missing-route", "GRF007", since="0.4")
def missing_route(flow: Flow) -> Iterator[Finding]:
    """A model state whose decision may find no route.

    ## Why

    A decision that meets its schema and finds no route ends the run as `failed`, after the work was done and paid for.
    The routes cover what the schema allows, or the last one stands without `when`.

    ## Wrong

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      models: [dev]
      orchestration: {graph: graph.yaml}
      output: {summary: string, urgent: boolean}
    ```

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: write
      states:
        write:
          type: model
          next:
            - {when: {urgent: true}, to: done}
        done: {type: end, outcome: succeeded, output: "${write}"}
    ```

    ## Right

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      models: [dev]
      orchestration: {graph: graph.yaml}
      output: {summary: string, urgent: boolean}
    ```

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: write
      states:
        write:
          type: model
          next:
            - {when: {urgent: true}, to: done}
            - {to: calm}
        done: {type: end, outcome: succeeded, output: "${write}"}
        calm: {type: end, outcome: rejected}
    ```

    ## Exceptions

    Where a part of the schema narrows the fields in ways that only a validator decides (`pattern`, `if`, `anyOf` and
    others), or the fields have more than 4,096 combinations of values, nothing is said.
    """
    for routing in islice((found for found in routings(flow) if found.missing), MOST_TOLD):
        told = " or with ".join(routing.missing[:MOST_MISSING])
        more = ", among others," if len(routing.missing) > MOST_MISSING else ""
        message = f"a decision of `{routing.state}` with {told}{more} finds no route"
        schema = Note(f"`{routing.state}` decides this", decided_at(flow, routing.state))
        yield Finding(
            flow.span_in(routing.state, "next"),
            message if told else f"no decision of `{routing.state}` finds a route",
            (schema, *flow.way(routing.state)),
            "give it a route, or let the last one stand without `when`",
        )
