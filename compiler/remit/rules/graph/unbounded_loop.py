"""GRF005."""

from collections.abc import Iterator
from itertools import islice, pairwise

from remit.diagnostic import Note
from remit.graph import MOST_TOLD, GraphFile, unbounded_cycles
from remit.rule import Finding, rule


@rule("unbounded-loop", "GRF005", since="0.1")
def unbounded_loop(graph: GraphFile) -> Iterator[Finding]:
    """A loop of states of which none says how often it may be visited.

    ## Why

    The budget stops every run, but a loop that only the budget stops spends all of it and ends without a result.
    `max_visits` on one state of the loop says how many rounds make sense. A model state that goes on by `exhausted` is
    then passed without a visit, so a loop that leads on this way back to it is not bounded by it.

    ## Wrong

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: work
      states:
        work: {type: tool, tool: git.log, next: {ok: done, error: wait}}
        wait: {type: tool, tool: git.ls_files, next: work}
        done: {type: end, outcome: succeeded, output: "${work}"}
    ```

    ## Right

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: work
      states:
        work: {type: tool, tool: git.log, max_visits: 3, next: {ok: done, error: wait}}
        wait: {type: tool, tool: git.ls_files, next: work}
        done: {type: end, outcome: succeeded, output: "${work}"}
    ```
    """
    # A state that leads only to itself is told by `dead-end`.
    cycles = (one for one in unbounded_cycles(graph.graph) if graph.graph.edges[one[0]] != one[:1])
    for cycle in islice(cycles, MOST_TOLD):
        passed = [name for name in cycle[:-1] if name in graph.graph.exhausted]
        hops = tuple(
            Note(
                f"`{source}` leads to `{target}`{' when `exhausted`' if source in passed else ''}",
                graph.key_span(source),
            )
            for source, target in pairwise(cycle)
        )
        yield Finding(
            graph.key_span(cycle[0]),
            f"nothing bounds the loop `{' -> '.join(cycle)}`",
            hops,
            f"let `exhausted` of `{passed[0]}` lead out of the loop"
            if passed
            else "set `max_visits` on one of its states",
        )
