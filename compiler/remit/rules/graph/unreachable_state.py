"""GRF002."""

from collections.abc import Iterator
from itertools import islice

from remit.graph import MOST_TOLD, GraphFile, reachable
from remit.rule import Finding, rule


@rule("unreachable-state", "GRF002", since="0.1")
def unreachable_state(graph: GraphFile) -> Iterator[Finding]:
    """A state that no path from the start reaches.

    ## Why

    A state nobody can enter is either forgotten, or a route to it is missing: then a check or an approval that the
    author believes in is never made.

    ## Wrong

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: work
      states:
        work: {type: tool, tool: git.log, next: done}
        confirm: {type: tool, tool: git.log, next: done}
        done: {type: end, outcome: succeeded, output: "${work}"}
    ```

    ## Right

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: work
      states:
        work: {type: tool, tool: git.log, next: confirm}
        confirm: {type: tool, tool: git.log, next: done}
        done: {type: end, outcome: succeeded, output: "${work}"}
    ```
    """
    states = graph.graph
    if states.start not in states.edges:
        return
    found = reachable(states.edges, [states.start])
    for name in islice((name for name in states.edges if name not in found), MOST_TOLD):
        yield Finding(
            graph.key_span(name),
            f"no path from `{states.start}` reaches the state `{name}`",
            (graph.note(states.start, "the run starts here"),),
            "give a reachable state a route to it, or remove it",
        )
