"""PRM001."""

from collections.abc import Iterable, Iterator

from remit.definitions.reference import Reference
from remit.diagnostic import nearest
from remit.flow import Flow
from remit.flow.absent import absent
from remit.flow.prompts import AskedPrompt, each_prompt, roots_for, step_span
from remit.flow.types import Types
from remit.link.roots import Roots
from remit.prompt.segments import SlotAt
from remit.rule import Finding, rule


@rule("unbound-placeholder", "PRM001", since="0.4")
def unbound_placeholder(flow: Flow) -> Iterator[Finding]:
    """A slot of a prompt that nothing fills: there is no such state, branch, or field.

    ## Why

    The runtime fills a slot with what the task brought or what a state gave. A slot that leads nowhere would end
    every run that reaches it. Fields of an open schema (`additionalProperties` is not `false`) may be there or not, so
    nothing is said of them.

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
      output: {notes: string}
    ```

    ```markdown file=agents/notes/notes.md
    Write notes on {{ task.txt }}.
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
      output: {notes: string}
    ```

    ```markdown file=agents/notes/notes.md
    Write notes on {{ task.text }}.
    ```
    """
    for prompt in each_prompt(flow):
        if prompt.slots:
            types, roots = flow.once(Types), roots_for(flow, prompt)
            for slot in prompt.slots:
                found = _no_root(flow, prompt, slot, roots) or _no_field(types, prompt, slot)
                if found is not None:
                    yield found


def _no_root(flow: Flow, prompt: AskedPrompt, slot: SlotAt, roots: Roots) -> Finding | None:
    """Why a slot does not even begin: there is no such state, or no such branch of one."""
    if slot.root not in roots.names:
        span = step_span(flow, prompt, slot, -1)
        if slot.root in flow.states:
            # An end, a later step, or, in the instructions of a list of steps, any.
            return Finding(span, f"this prompt sees nothing of `{slot.root}`")
        return Finding(span, f"there is no state `{slot.root}`", (), _advice(slot.root, roots.names))
    branches = roots.branches.get(slot.root)
    if branches is None or not slot.path or slot.path[0] in branches:
        return None
    message = f"there is no branch `{slot.path[0]}` of `{slot.root}`"
    return Finding(step_span(flow, prompt, slot, 0), message, (), _advice(slot.path[0], branches))


def _no_field(types: Types, prompt: AskedPrompt, slot: SlotAt) -> Finding | None:
    """Why a slot never ends at a value: what it begins with has no such field."""
    found = absent(types, Reference(slot.root, slot.path))
    if found is None:
        return None
    span = step_span(types.flow, prompt, slot, found.step)
    advice = None if found.meant is None else f"did you mean `{found.meant}`?"
    return Finding(span, found.message, found.notes, advice)


def _advice(word: str, known: Iterable[str]) -> str | None:
    meant = nearest(word, known)
    return None if meant is None else f"did you mean `{meant}`?"
