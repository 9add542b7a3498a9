"""PRM001."""

from collections.abc import Iterator
from typing import NamedTuple

from remit.diagnostic import nearest
from remit.flow import Flow
from remit.flow.prompts import AskedPrompt, asked_prompts, roots_for, step_span
from remit.flow.tasks import task_fields
from remit.link.roots import TASK, Roots
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
    for state in flow.states:
        for prompt in asked_prompts(flow, state):
            slots = tuple(prompt.slots)
            if not slots:
                continue
            roots = roots_for(flow, prompt)
            for slot in slots:
                unbound = _unbound(flow, slot, roots)
                if unbound is not None:
                    yield _finding(flow, prompt, slot, unbound)


class _Unbound(NamedTuple):
    """The step of a slot (-1 is its root) that leads nowhere, what it should have been, and what there is."""

    step: int
    noun: str
    known: tuple[str, ...]


def _unbound(flow: Flow, slot: SlotAt, roots: Roots) -> _Unbound | None:
    if slot.root not in roots.names:
        return _Unbound(-1, "state", tuple(roots.names))
    if not slot.path:
        return None
    if slot.root in roots.branches:
        known = tuple(roots.branches[slot.root])
        return None if slot.path[0] in known else _Unbound(0, f"branch of `{slot.root}`", known)
    return _no_such_field(flow, slot) if slot.root == TASK else None


def _no_such_field(flow: Flow, slot: SlotAt) -> _Unbound | None:
    tasks = flow.agent.spec.tasks
    read = task_fields(flow.unit)
    if len(read) < len(tasks) or any(one.is_open or slot.path[0] in one.fields for one in read.values()):
        return None
    known = tuple(dict.fromkeys(name for one in read.values() for name in one.fields))
    whose = (
        f"the task `{next(iter(tasks))}`" if len(tasks) == 1 else f"any task of `{flow.agent.metadata.id}`"
    )
    return _Unbound(0, f"field of {whose}", known)


def _finding(flow: Flow, prompt: AskedPrompt, slot: SlotAt, unbound: _Unbound) -> Finding:
    word = slot.root if unbound.step < 0 else slot.path[unbound.step]
    if unbound.step < 0 and word in flow.states:
        # An end, a later step, or, in the instructions of a list of steps, any.
        return Finding(step_span(flow, prompt, slot, -1), f"this prompt sees nothing of `{word}`")
    what, of, whose = unbound.noun.partition(" of ")
    meant = nearest(word, unbound.known)
    advice = f"did you mean `{meant}`?" if meant is not None else None
    span = step_span(flow, prompt, slot, unbound.step)
    return Finding(span, f"there is no {what} `{word}`{of}{whose}", (), advice)
