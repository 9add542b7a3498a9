"""GRF001."""

from collections.abc import Iterator

from remit.graph import GraphFile
from remit.rule import Finding, rule


@rule("start-at-end", "GRF001", since="0.1")
def start_at_end(graph: GraphFile) -> Iterator[Finding]:
    """The start state is an end state, so that a run would do nothing.

    ## Why

    A run begins in `start`. If that is an end state the agent never reads, decides or acts, whatever else the graph
    says; it is most often a slip of a name.

    ## Wrong

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: done
      states:
        work: {type: tool, tool: git.log, next: done}
        done: {type: end, outcome: succeeded, output: "${task}"}
    ```

    ## Right

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: work
      states:
        work: {type: tool, tool: git.log, next: done}
        done: {type: end, outcome: succeeded, output: "${work}"}
    ```
    """
    start = graph.graph.start
    if start in graph.graph.ends:
        first = next((name for name in graph.graph.edges if name not in graph.graph.ends), None)
        advice = f"name the state that works first, such as `{first}`" if first else "add a state that works"
        yield Finding(
            graph.value_span("start"), f"the start state `{start}` is an end", (graph.note(start),), advice
        )
