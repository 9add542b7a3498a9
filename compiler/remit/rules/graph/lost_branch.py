"""GRF012."""

from collections.abc import Iterator
from itertools import islice

from remit.flow import Flow
from remit.flow.branches import Branch, branches, way_in_branch
from remit.graph import MOST_TOLD
from remit.rule import Finding, rule


@rule("lost-branch", "GRF012", since="0.4")
def lost_branch(flow: Flow) -> Iterator[Finding]:
    """A branch of a parallel state that can never reach its join.

    ## Why

    The join waits for every branch. When one cannot come, what is behind the join never happens: the run ends where
    that branch ends, however far the others have got. A branch may leave by an end where something fails, as long as
    some way of it leads to the join.

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
      output: {commits: object, files: object}
    ```

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: look
      states:
        look: {type: parallel, branches: {commits: log, names: files}, join: done}
        log: {type: tool, tool: git.log, args: {since: "${task.since}"}, next: done}
        files: {type: tool, tool: git.ls_files, next: listed}
        done: {type: end, outcome: succeeded, output: {commits: "${log}", files: "${files}"}}
        listed: {type: end, outcome: rejected}
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
      output: {commits: object, files: object}
    ```

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: look
      states:
        look: {type: parallel, branches: {commits: log, names: files}, join: done}
        log: {type: tool, tool: git.log, args: {since: "${task.since}"}, next: done}
        files: {type: tool, tool: git.ls_files, next: {ok: done, denied: failed, error: failed}}
        done: {type: end, outcome: succeeded, output: {commits: "${log}", files: "${files}"}}
        failed: {type: end, outcome: failed}
    ```
    """
    lost = (branch for branch in branches(flow) if not branch.reaches_join)
    for branch in islice(lost, MOST_TOLD):
        yield _finding(flow, branch)


def _finding(flow: Flow, branch: Branch) -> Finding:
    span = flow.span_in(branch.fan, "branches", branch.name)
    if branch.start == branch.join:
        message = f"the branch `{branch.name}` of `{branch.fan}` begins at its join and does nothing"
        return Finding(span, message, flow.way(branch.fan), "begin it at a state that works, or remove it")
    ends = [name for name, state in flow.states.items() if name in branch.states and state.work.type == "end"]
    notes = min((way_in_branch(flow, branch, end) for end in ends), key=len, default=None)
    return Finding(
        span,
        f"the branch `{branch.name}` of `{branch.fan}` never reaches its join `{branch.join}`",
        notes if notes is not None else way_in_branch(flow, branch, branch.start),
        f"lead one of its states to `{branch.join}`",
    )
