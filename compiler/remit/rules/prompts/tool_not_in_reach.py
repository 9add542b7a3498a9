"""PRM004."""

from collections.abc import Collection, Iterator
from itertools import islice

from remit.definitions import ContextSource, Tool
from remit.definitions.work import ContextWork, ModelWork, ToolWork
from remit.diagnostic import Note
from remit.flow import Flow, FlowState
from remit.flow.prompts import PromptFile, each_prompt, files_of, is_text, span_in
from remit.flow.prose import dotted_ids, is_example, is_forbidden
from remit.rule import Finding, rule
from remit.source import Span

MAX_TOOLS = 200
"""Names of tools of one file that are looked at; each costs a walk over its sentence."""


@rule("tool-not-in-reach", "PRM004", since="0.4", severity="warning")
def tool_not_in_reach(flow: Flow) -> Iterator[Finding]:
    """A prompt that names a tool which no state of the agent offers or calls.

    ## Why

    A prompt grants nothing. A model that is told to use a tool it was not offered asks for it, is denied on the record,
    and loses a turn; or it says that it has used it. Either the state should offer the tool, or the text should not
    speak of it. A sentence that forbids the tool, or leaves it to people, is not found.

    ## Wrong

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string}}
      instructions: notes.md
      models: [dev]
      tools: [git.log]
      output: {notes: string}
    ```

    ```markdown file=agents/notes/notes.md
    Write notes on {{ task.text }}. Look at single commits with `git.show`.
    ```

    ## Right

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string}}
      instructions: notes.md
      models: [dev]
      tools: [git.log, git.show]
      output: {notes: string}
    ```

    ```markdown file=agents/notes/notes.md
    Write notes on {{ task.text }}. Look at single commits with `git.show`. Do not search with `git.grep`.
    ```

    ## Exceptions

    Only ids with a dot are looked for, since a word without one may be any word. What stands between lines of three
    backticks is an example.
    """
    told: set[str] = set()
    for prompt in each_prompt(flow):
        wanted = {
            name for text in prompt.words for name, _ in dotted_ids(text) if _is_out_of_reach(flow, name)
        } - told
        for file in files_of(flow, prompt) if wanted else ():
            named = ((name, at) for name, at in dotted_ids(file.text) if name in wanted)
            for name, at in islice(named, MAX_TOOLS):
                if name not in told and _is_meant(file, at):
                    told.add(name)
                    yield _finding(flow, span_in(flow, prompt, file, at, len(name)), name)


def _is_out_of_reach(flow: Flow, name: str) -> bool:
    return flow.unit.portfolio.find(Tool, name) is not None and not _in_reach(flow, name)


def _is_meant(file: PromptFile, at: int) -> bool:
    """Whether a name of a tool in a template stands in its text, for the model to use."""
    return is_text(file.text, at) and not is_example(file.text, at) and not is_forbidden(file.text, at)


def _in_reach(flow: Flow, tool: str) -> bool:
    """Whether a state of the agent offers or calls a tool, or a source of its context does."""
    return any(tool in _tools_of(flow, state) for state in flow.states.values())


def _tools_of(flow: Flow, state: FlowState) -> Collection[str]:
    match state.work:
        case ToolWork(tool=tool):
            return (tool,)
        case ModelWork(tools=tools):
            return tools
        case ContextWork() as work:
            return list(_source_tools(flow, work))
        case _:
            return ()


def _source_tools(flow: Flow, work: ContextWork) -> Iterator[str]:
    for name in flow.agent.spec.context.ranked if work.sources is None else work.sources:
        source = flow.unit.portfolio.find(ContextSource, name)
        if source is not None and source.spec.tool is not None:
            yield source.spec.tool


def _finding(flow: Flow, span: Span, tool: str) -> Finding:
    grant = flow.agent.spec.tools
    notes: tuple[Note, ...] = ()
    if tool in grant.denied:
        denied = ("spec", "tools", "denied", grant.denied.index(tool))
        notes = (Note("it is denied here", flow.unit.span(denied)),)
        advice = "take it out of the text, or say that it must not be used"
    elif tool in grant.allowed:
        advice = "let a state offer it, or take it out of the text"
    else:
        advice = f"grant it in `{flow.unit.path}` and let a state offer it, or take it out of the text"
    return Finding(
        span, f"no state of `{flow.agent.metadata.id}` offers or calls the tool `{tool}`", notes, advice
    )
