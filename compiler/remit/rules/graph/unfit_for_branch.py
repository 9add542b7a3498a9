"""GRF017."""

from collections.abc import Iterator
from itertools import islice

from remit.definitions import Tool
from remit.definitions.state import ParallelState
from remit.definitions.work import ModelWork, ToolWork
from remit.flow import Flow
from remit.flow.branches import Branch, branches, way_in_branch
from remit.graph import MOST_TOLD
from remit.rule import Finding, rule
from remit.source import Span


@rule("unfit-for-branch", "GRF017", since="0.4")
def unfit_for_branch(flow: Flow) -> Iterator[Finding]:
    """A tool with an effect, or another parallel state, in a branch of a parallel state.

    ## Why

    Branches run side by side in an order that nobody has written, and one may end the run while others work. What
    changes something has to stand where the order is known: before the branches or behind their join.

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
        look: {type: parallel, branches: {commits: log, names: more}, join: done}
        log: {type: tool, tool: git.log, args: {since: "${task.since}"}, next: done}
        more: {type: parallel, branches: {files: files}, join: done}
        files: {type: tool, tool: git.ls_files, next: done}
        done: {type: end, outcome: succeeded, output: {commits: "${log}", files: "${files}"}}
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
        files: {type: tool, tool: git.ls_files, next: done}
        done: {type: end, outcome: succeeded, output: {commits: "${log}", files: "${files}"}}
    ```
    """
    told: set[Span] = set()
    found = ((branch, *one) for branch in branches(flow) for one in _unfit(flow, branch))
    for branch, state, span, message in islice(found, MOST_TOLD):
        if span not in told:
            told.add(span)
            message = f"{message} in the branch `{branch.name}` of `{branch.fan}`"
            yield Finding(
                span,
                message,
                way_in_branch(flow, branch, state),
                f"move it before `{branch.fan}` or behind its join",
            )


def _unfit(flow: Flow, branch: Branch) -> Iterator[tuple[str, Span, str]]:
    """What may not stand in a branch: the state, the place, and what it is."""
    for name, state in flow.states.items():
        if name not in branch.states:
            continue
        if isinstance(state.work, ParallelState):
            yield name, flow.span(name), f"the parallel state `{name}` stands"
        elif isinstance(state.work, ToolWork):
            effect = _effect(flow, state.work.tool)
            if effect:
                yield name, flow.span_in(name, "tool"), f"`{name}` calls `{state.work.tool}` ({effect})"
        elif isinstance(state.work, ModelWork):
            for index, tool in enumerate(state.work.tools):
                effect = _effect(flow, tool)
                if effect:
                    yield name, flow.span_in(name, "tools", index), f"`{name}` offers `{tool}` ({effect})"


def _effect(flow: Flow, tool: str) -> str | None:
    """The effect of a tool, if it does more than read."""
    found = flow.unit.portfolio.find(Tool, tool)
    return None if found is None or found.spec.effect == "read" else found.spec.effect
