"""PRM002."""

import re
from collections.abc import Iterator

from remit.definitions import ContextSource
from remit.definitions.reference import Reference, references_in
from remit.definitions.work import ContextWork, ModelWork
from remit.flow import Flow
from remit.flow.prompts import each_prompt, has_all_prompts
from remit.flow.tasks import TaskField, span_of_field, task_fields
from remit.link import PathRefused, resolve
from remit.link.roots import TASK
from remit.rule import Finding, rule

_TICKED = re.compile(r"`(?:task\.)?([A-Za-z_][A-Za-z0-9_-]*)`")


@rule("unused-input", "PRM002", since="0.4", severity="warning")
def unused_input(flow: Flow) -> Iterator[Finding]:
    """A field of a task, or a source of context, that the agent asks for and never uses.

    ## Why

    Whoever calls the agent has to find a value for the field, and believes that it matters. Mostly it is a slot
    that was forgotten, or the rest of one that was taken out. A source that no state gathers is in no packet, so no
    model sees it.

    ## Wrong

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string, audience: string}}
      instructions: notes.md
      models: [dev]
      output: {notes: string}
    ```

    ```markdown file=agents/notes/notes.md
    Write notes on {{ task.text }}.
    ```

    ## Right

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string, audience: string}}
      instructions: notes.md
      models: [dev]
      output: {notes: string}
    ```

    ```markdown file=agents/notes/notes.md
    Write notes on {{ task.text }} for {{ task.audience }}.
    ```

    ## Exceptions

    A model is shown the whole input of its task. So nothing is said of an agent whose prompts name no field at all, of
    a field that its prompts name in backticks, or of one that may be left out, for which a slot would end the run. Nor
    is anything said of the fields of a schema outside the agent's own folder, which may serve others.
    """
    yield from _sources(flow)
    yield from _fields(flow)


def _sources(flow: Flow) -> Iterator[Finding]:
    context = flow.agent.spec.context
    if not context.ranked:
        return
    gathered = set(_gathered(flow))
    for key, names in (("required", context.required), ("optional", context.optional)):
        for index, name in enumerate(names):
            if name not in gathered:
                span = flow.unit.span(("spec", "context", key, index))
                message = f"no state gathers the context source `{name}`, so no model sees it"
                yield Finding(
                    span, message, (), "add a `context` state before the first model state, or take it out"
                )


def _gathered(flow: Flow) -> Iterator[str]:
    """The sources that the context states of an agent gather."""
    for state in flow.states.values():
        if isinstance(state.work, ContextWork):
            sources = state.work.sources
            yield from flow.agent.spec.context.ranked if sources is None else sources


def _fields(flow: Flow) -> Iterator[Finding]:
    if not has_all_prompts(flow):
        return
    named = [reference for reference in _named(flow) if reference.root == TASK]
    if any(not reference.steps for reference in named):
        return
    used = {reference.steps[0] for reference in named}
    unused = [field for field in task_fields(flow.unit) if field.name not in used]
    if not unused:
        return
    if any(isinstance(state.work, ModelWork) for state in flow.states.values()):
        if not _prompts_name_fields(flow):
            return
        ticked = _ticked(flow)
        unused = [field for field in unused if not field.may_be_absent and field.name not in ticked]
    for field in unused:
        if _is_own(flow, field):
            yield _finding(flow, field)


def _named(flow: Flow) -> Iterator[Reference]:
    """What the states of an agent and the sources of its context refer to."""
    for state in flow.states:
        yield from (slot.reference for slot in flow.reads(state))
    for name in _gathered(flow):
        source = flow.unit.portfolio.find(ContextSource, name)
        if source is not None and source.spec.type == "task":
            yield Reference(TASK)
        elif source is not None:
            for _, piece in references_in(source.spec.args):
                if isinstance(piece, Reference):
                    yield piece


def _prompts_name_fields(flow: Flow) -> bool:
    return any(slot.root == TASK for prompt in each_prompt(flow) for slot in prompt.slots)


def _ticked(flow: Flow) -> set[str]:
    """The words that prompts put in backticks, where a model is told of a field by its name."""
    texts = (text for prompt in each_prompt(flow) for text in prompt.words)
    return {word for text in texts for word in _TICKED.findall(text)}


def _is_own(flow: Flow, field: TaskField) -> bool:
    """Whether the schema of a field is the agent's own: it stands in its definition, or in its folder."""
    folder = flow.unit.path.rpartition("/")[0]
    path = flow.unit.path if field.file is None else resolve(flow.unit.path, field.file)
    return not isinstance(path, PathRefused) and path.startswith(f"{folder}/")


def _finding(flow: Flow, field: TaskField) -> Finding:
    asks = any(isinstance(state.work, ModelWork) for state in flow.states.values())
    where = "no prompt, binding or source of context" if asks else "no binding"
    message = (
        f"{where} of `{flow.agent.metadata.id}` names the field `{field.name}` of its task `{field.task}`"
    )
    advice = (
        f"name it in a prompt as `{{{{ task.{field.name} }}}}`, or take it out"
        if asks
        else "use it, or take it out"
    )
    return Finding(span_of_field(flow.unit, field), message, (), advice)
