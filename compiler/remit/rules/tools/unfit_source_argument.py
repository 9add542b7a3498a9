"""TOL016."""

from collections.abc import Iterator

from remit.definitions import ContextSource
from remit.diagnostic import Note
from remit.flow.bound import Unfit, unfits
from remit.flow.places import span_of_option
from remit.flow.targets import wanted_of_call
from remit.link import Unit
from remit.rule import Finding, rule


@rule("unfit-source-argument", "TOL016", since="0.4")
def unfit_source_argument(unit: Unit[ContextSource]) -> Iterator[Finding]:
    """An argument of a context source's tool that the tool never takes, or one that it wants and is not bound.

    ## Why

    A context source of the type `tool` makes one call, and its arguments are held against the tool's input then. One
    that the tool refuses leaves the source out of every packet, and an agent that requires it never asks its model.
    What a reference to the task stands for differs from agent to agent: constants are looked at, and what is missing.

    ## Wrong

    ```yaml file=policies/change.yaml
    apiVersion: remit/v1
    kind: ContextSource
    metadata: {id: change}
    spec: {type: tool, tool: git.diff, args: {head: HEAD}}
    ```

    ```yaml file=agents/review/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.review, version: 0.1.0, owner: dev}
    spec:
      purpose: Review a change.
      tasks: {review: {base: string}}
      instructions: {text: "Review what changed since {{ task.base }}."}
      tools: [git.diff]
      models: [dev]
      context: {required: [change]}
      output: {verdict: string}
    ```

    ## Right

    ```yaml file=policies/change.yaml
    apiVersion: remit/v1
    kind: ContextSource
    metadata: {id: change}
    spec: {type: tool, tool: git.diff, args: {base: "${task.base}", head: HEAD}}
    ```

    ```yaml file=agents/review/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.review, version: 0.1.0, owner: dev}
    spec:
      purpose: Review a change.
      tasks: {review: {base: string}}
      instructions: {text: "Review what changed since {{ task.base }}."}
      tools: [git.diff]
      models: [dev]
      context: {required: [change]}
      output: {verdict: string}
    ```
    """
    spec = unit.definition.spec
    call = None if spec.tool is None else wanted_of_call(unit.portfolio, spec.tool)
    if call is None:
        return
    found = unfits(None, spec.args, call.wanted, is_filled=True)
    # A name that the linker does not know it has told, and it may be what is missing.
    is_told = call.is_told and any(unfit.is_key and len(unfit.at) == 1 for unfit in found)
    for unfit in found:
        at = unfit.at[:-1] if unfit.is_key else unfit.at
        if at or not is_told:
            words = f"argument `{'.'.join(map(str, at))}` of `{spec.tool}`" if at else f"`{spec.tool}`"
            place = ("spec", "args", *unfit.at) if spec.args else ("spec", "tool")
            span = unit.span(place, "key" if unfit.is_key or (not unfit.at and spec.args) else "value")
            yield Finding(span, f"{words} is given {unfit.reason}", _wanted(unit, unfit))


def _wanted(unit: Unit[ContextSource], unfit: Unfit) -> tuple[Note, ...]:
    spans = dict.fromkeys(span_of_option(unit.portfolio, option) for option in unfit.wanted)
    return tuple(Note("what is wanted is described here", span) for span in spans if span is not None)
