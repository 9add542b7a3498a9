"""GRF003."""

from collections.abc import Iterator
from itertools import islice

from remit.graph import MOST_TOLD, GraphFile, reachable
from remit.rule import Finding, rule


@rule("dead-end", "GRF003", since="0.1")
def dead_end(graph: GraphFile) -> Iterator[Finding]:
    """A state that leads nowhere but to itself.

    ## Why

    Every state but an end has to lead on. One whose only route is to itself holds the run until its budget is spent.

    ## Wrong

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: work
      states:
        work: {type: tool, tool: git.log, next: {ok: done, error: again}}
        again: {type: tool, tool: git.log, max_visits: 3, next: again}
        done: {type: end, outcome: succeeded, output: "${task}"}
    ```

    ## Right

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: work
      states:
        work: {type: tool, tool: git.log, next: {ok: done, error: again}}
        again: {type: tool, tool: git.log, max_visits: 3, next: {ok: done, error: again}}
        done: {type: end, outcome: succeeded, output: "${task}"}
    ```
    """
    states = graph.graph
    found = reachable(states.edges, [states.start] if states.start in states.edges else [])
    dead = (name for name, targets in states.edges.items() if name in found and targets == (name,))
    for name in islice(dead, MOST_TOLD):
        yield Finding(
            graph.key_span(name),
            f"the state `{name}` leads only to itself",
            graph.way_to(name),
            "give it a route to another state",
        )
