"""GRF008."""

from collections.abc import Iterator

from remit.definitions import ContextSource
from remit.definitions.reference import Reference, references_in
from remit.definitions.work import ContextWork
from remit.diagnostic import Note
from remit.flow import Flow, FlowState
from remit.flow.absent import Absent, absent
from remit.flow.types import Types
from remit.rule import Finding, rule
from remit.source import Span


@rule("undefined-field", "GRF008", since="0.4")
def undefined_field(flow: Flow) -> Iterator[Finding]:
    """A reference to a field that its source can never have.

    ## Why

    A reference names a value that was given before, and the schema of what gave it says what can stand there. Where
    the schema has no such field, no run ever finds a value: the state that refers to it ends every run as `failed`.
    Only what the schema rules out is told; of a field that may be there nothing is said (docs/types.md).

    Of a context source that refers to a field which no task of the agent has, it is told where the source is named.

    ## Wrong

    ```yaml file=agents/find/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.find, version: 0.1.0, owner: dev}
    spec:
      purpose: Find a word in the tracked files.
      tasks: {find: {word: string}}
      tools: [git.grep]
      orchestration:
        function: {tool: git.grep, args: {pattern: "${task.words}"}, output: {hits: "${call.lines}"}}
      output: {hits: [string]}
    ```

    ## Right

    ```yaml file=agents/find/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.find, version: 0.1.0, owner: dev}
    spec:
      purpose: Find a word in the tracked files.
      tasks: {find: {word: string}}
      tools: [git.grep]
      orchestration:
        function: {tool: git.grep, args: {pattern: "${task.word}"}, output: {hits: "${call.lines}"}}
      output: {hits: [string]}
    ```
    """
    types = flow.once(Types)
    for name, state in flow.states.items():
        for slot in flow.reads(name):
            # Slots of prompts are told with their prompts (PRM001).
            if slot.how == "binding":
                lack = absent(types, slot.reference)
                if lack is not None:
                    yield _finding(slot.span, lack, slot.reference)
        if isinstance(state.work, ContextWork):
            yield from _of_sources(types, state, state.work)


def _finding(span: Span, lack: Absent, reference: Reference) -> Finding:
    steps = list(reference.steps)
    if lack.meant is not None:
        steps[lack.step] = lack.meant
    meant = Reference(reference.root, tuple(steps))
    return Finding(
        span,
        lack.message,
        lack.notes,
        f"did you mean `{meant}`?" if lack.meant is not None else None,
    )


def _of_sources(types: Types, state: FlowState, work: ContextWork) -> Iterator[Finding]:
    """The context sources of a state whose arguments refer to what no task has."""
    flow = types.flow
    named = work.sources if work.sources is not None else flow.agent.spec.context.ranked
    for name in named:
        source = flow.unit.portfolio.find(ContextSource, name)
        if source is None:
            continue
        for at, piece in references_in(source.spec.args, ("spec", "args")):
            lack = absent(types, piece) if isinstance(piece, Reference) else None
            if lack is not None:
                path = flow.unit.portfolio.path_of(source)
                where = Note(f"`{name}` refers to `{piece}` here", flow.unit.portfolio.span(path, at))
                yield Finding(
                    _place_of_source(flow, state, work, name),
                    f"context source `{name}` is never found: {lack.message}",
                    (where, *lack.notes),
                )


def _place_of_source(flow: Flow, state: FlowState, work: ContextWork, name: str) -> Span:
    """The place that names a source: in the state, or in the agent's own lists."""
    is_step = state.path != flow.unit.path or isinstance(state.at[-1], int)
    if is_step and work.sources is not None:
        return flow.span_in(state.id, "sources", work.sources.index(name))
    context = flow.agent.spec.context
    key, names = (
        ("required", context.required) if name in context.required else ("optional", context.optional)
    )
    return flow.unit.span(("spec", "context", key, names.index(name)))
