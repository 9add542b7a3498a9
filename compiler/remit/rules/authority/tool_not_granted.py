"""AUT013."""

from collections.abc import Iterator

from remit.definitions import Tool
from remit.definitions.work import ContextWork
from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.effects import tool_uses
from remit.flow.grants import Gathered, gathered
from remit.rule import Finding, rule
from remit.source import Span


@rule("tool-not-granted", "AUT013", since="0.4")
def tool_not_granted(flow: Flow) -> Iterator[Finding]:
    """A tool that an agent calls, offers or reads its context with, and is not granted.

    ## Why

    The gateway denies the call of a tool that is not granted, whoever offers it. A state that calls such a tool
    always takes its `denied` route, a model that is offered it is told no, and a source of context stays empty.

    ## Wrong

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: List commits.
      tasks: {pay: {}}
      tools: [git.grep]
      orchestration:
        workflow:
          steps: [{id: found, tool: git.grep, args: {pattern: a}}, {id: history, tool: git.log}]
          output: {done: true}
      output: {done: boolean}
    ```

    ## Right

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: List commits.
      tasks: {pay: {}}
      tools: [git.grep, git.log]
      orchestration:
        workflow:
          steps: [{id: found, tool: git.grep, args: {pattern: a}}, {id: history, tool: git.log}]
          output: {done: true}
      output: {done: boolean}
    ```
    """
    agent, portfolio = flow.agent, flow.unit.portfolio
    granted, who = agent.spec.tools.allowed, f"`{agent.metadata.id}`"
    for use in flow.once(tool_uses):
        if use.tool in granted or portfolio.find(Tool, use.tool) is None:
            continue
        does = "calls" if use.at == ("tool",) else "offers"
        why, notes = _refusal(flow, use.tool)
        way = flow.way(use.state) if use.state in flow.reached else ()
        message = f"{who} {does} `{use.tool}` in `{use.state}`, which it {why}"
        yield Finding(flow.span_in(use.state, *use.at), message, (*notes, *way), _ADVICE)
    for one in gathered(flow):
        tool = None if one.source is None else one.source.spec.tool
        if one.source is None or tool is None or tool in granted or portfolio.find(Tool, tool) is None:
            continue
        why, notes = _refusal(flow, tool)
        read = Note(
            f"it reads with `{tool}`", portfolio.span(portfolio.path_of(one.source), ("spec", "tool"))
        )
        message = (
            f"{who} gathers `{one.id}`, which reads with `{tool}`, and {why.removeprefix('is ')} that tool"
        )
        yield Finding(_gathered_at(flow, one), message, (read, *notes), _ADVICE)


_ADVICE = "add it to `tools` of the agent, or do without it here"


def _refusal(flow: Flow, tool: str) -> tuple[str, tuple[Note, ...]]:
    """Why the gateway denies a tool, and the place that says so where there is one."""
    denied = flow.agent.spec.tools.denied
    if tool not in denied:
        return "is not granted", ()
    place = flow.unit.span(("spec", "tools", "denied", denied.index(tool)))
    return "denies itself", (Note("it is denied here", place),)


def _gathered_at(flow: Flow, one: Gathered) -> Span:
    """The place that names a source: the state that lists it, or else the agent."""
    work, spec = flow.states[one.state].work, flow.agent.spec
    context, forms_own = spec.context, spec.orchestration.form in ("loop", "chain")
    if isinstance(work, ContextWork) and work.sources is not None and not forms_own:
        return flow.span_in(one.state, "sources", work.sources.index(one.id))
    rank = "required" if one.id in context.required else "optional"
    return flow.unit.span(("spec", "context", rank, getattr(context, rank).index(one.id)))
