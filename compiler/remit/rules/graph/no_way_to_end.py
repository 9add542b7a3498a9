"""GRF004."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from remit.graph import MOST_TOLD, GraphFile, without_way_to_end
from remit.rule import Finding, rule


@rule("no-way-to-end", "GRF004", since="0.1")
def no_way_to_end(graph: GraphFile) -> Iterator[Finding]:
    """A reachable state from which no end state can be reached.

    ## Why

    A run that enters it can only stop when its budget or its time is spent, or when somebody cancels it; its work is
    lost. States that only lead to themselves are told by `dead-end`; this rule tells of the others.

    ## Wrong

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: work
      states:
        work: {type: tool, tool: git.log, next: {ok: done, error: retry}}
        retry: {type: tool, tool: git.log, max_visits: 3, next: wait}
        wait: {type: tool, tool: git.ls_files, next: retry}
        done: {type: end, outcome: succeeded, output: "${task}"}
    ```

    ## Right

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: work
      states:
        work: {type: tool, tool: git.log, next: {ok: done, error: retry}}
        retry: {type: tool, tool: git.log, max_visits: 3, next: wait}
        wait: {type: tool, tool: git.ls_files, next: {ok: done, error: retry}}
        done: {type: end, outcome: succeeded, output: "${task}"}
    ```
    """
    edges = graph.graph.edges
    told = {name for name, targets in edges.items() if targets == (name,)}
    lost = without_way_to_end(replace(graph.graph, ends=graph.graph.ends | told))
    # Only where a path first goes wrong: what follows is lost for the same reason.
    entered = {target for name, targets in edges.items() if name not in lost for target in targets}
    first = (name for name in edges if name in lost and (name in entered or name == graph.graph.start))
    for name in islice(first, MOST_TOLD):
        yield Finding(
            graph.key_span(name),
            f"no path from the state `{name}` reaches an end",
            graph.way_to(name),
            "give it, or a state after it, a route to an end",
        )
