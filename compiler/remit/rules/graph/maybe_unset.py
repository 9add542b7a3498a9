"""GRF009."""

from collections.abc import Iterator

from remit.flow import Flow
from remit.flow.outputs import lacks
from remit.graph import MOST_TOLD
from remit.rule import Finding, rule


@rule("maybe-unset", "GRF009", since="0.4")
def maybe_unset(flow: Flow) -> Iterator[Finding]:
    """A reference to a state that has not given its output on every path to where it is used.

    ## Why

    `${review}` is the last accepted output of `review`. A run that comes to the reference by a path on which `review`
    was not visited, or was left by `error`, has no value to put there and ends as `failed`; so does one that asks a
    branch of a parallel state for a field of an output that the branch did not give. The path is printed, hop by hop.

    ## Wrong

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      tools: [git.log, git.ls_files]
      orchestration: {graph: graph.yaml}
      output: {lines: [string]}
    ```

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: log
      states:
        log: {type: tool, tool: git.log, args: {since: "${task.since}"}, next: {ok: done, error: files}}
        files: {type: tool, tool: git.ls_files, next: done}
        done: {type: end, outcome: succeeded, output: {lines: "${log.lines}"}}
    ```

    ## Right

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      tools: [git.log, git.ls_files]
      orchestration: {graph: graph.yaml}
      output: {lines: [string]}
    ```

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: log
      states:
        log: {type: tool, tool: git.log, args: {since: "${task.since}"}, next: {ok: done, error: files}}
        files: {type: tool, tool: git.ls_files, next: listed}
        done: {type: end, outcome: succeeded, output: {lines: "${log.lines}"}}
        listed: {type: end, outcome: succeeded, output: {lines: "${files.items}"}}
    ```

    ## Exceptions

    Values are not followed: a path on which a decision says one thing and a later check wants another is a path. Route
    by the decision itself, or let each way end in a state of its own.
    """
    for state, slot, notes, branch in lacks(flow, MOST_TOLD):
        root, used = slot.reference.root, f"output when `{state}` uses `{slot.reference}`"
        if branch is None:
            message = f"`{root}` may have given no {used}"
            advice = f"use it only behind `{root}`, or lead this path through `{root}` first"
        else:
            message = f"the branch `{branch}` of `{root}` may have given no {used}"
            advice = "let every path of the branch give an output, or lead this one out of it"
        yield Finding(slot.span, message, notes, advice)
