"""References to earlier values: every root is the input or a state that can have given something by then."""

from collections.abc import Iterable
from functools import partial

from remit.definitions import Agent, ContextSource, Graph
from remit.definitions.leaves import Leaf
from remit.definitions.reference import Malformed, reference_of, references_in
from remit.diagnostic import Fault
from remit.link.named_files import named_bytes, named_path
from remit.link.prompts import link_prompt
from remit.link.roots import ONLY_TASK, TASK, Roots, link_reference, roots_of
from remit.link.work import Work, span_of, undefined
from remit.read import Path
from remit.source import Span

A_REFERENCE = "a reference such as `${task.base}`, or `$${` for the text `${`"


def link_graph(work: Work, path: str, graph: Graph, leaves: Iterable[Leaf]) -> None:
    """Looks up the states and references of a graph."""
    roots = roots_of(graph)
    for leaf in leaves:
        if leaf.meaning == "state":
            if leaf.value not in graph.spec.states:
                _undefined_state(work, path, leaf, graph)
        else:
            link_references(work, path, leaf, roots)


def _undefined_state(work: Work, path: str, leaf: Leaf, graph: Graph) -> None:
    meant = [state for state in graph.spec.states if state != leaf.value]
    undefined(work, span_of(work, path, leaf.path), leaf.value, "state", meant)


def link_agent(work: Work, path: str, agent: Agent, leaves: Iterable[Leaf]) -> None:
    """Looks up the graph of an agent, and the references of its instructions and of its steps."""
    graph = None
    form = agent.spec.orchestration
    if form.graph is not None:
        graph = _graph_of(work, path, form.graph)
    for leaf in leaves:
        if leaf.path[:2] == ("spec", "instructions") and form.graph is not None:
            if graph is not None:
                link_references(work, path, leaf, roots_of(graph))
        else:
            link_references(work, path, leaf, roots_at(agent, leaf.path))


def link_source(work: Work, path: str, source: ContextSource, leaves: Iterable[Leaf]) -> None:
    """Looks up the references of a ContextSource, which are to the input alone, and its tool, which only reads."""
    for leaf in leaves:
        link_references(work, path, leaf, ONLY_TASK)
    found = None if source.spec.tool is None else work.tool(source.spec.tool)
    if found is not None and found[1].spec.effect != "read":
        place = span_of(work, path, ("spec", "tool"))
        undefined(work, place, found[1].metadata.id, "tool that only reads", ())


def _graph_of(work: Work, base: str, written: str) -> Graph | None:
    """The graph that an agent names, or None and a fault here or in the file that it names."""

    def span() -> Span:
        return span_of(work, base, ("spec", "orchestration", "graph"))

    path = named_path(work, base, span, written)
    if path is None:
        return None
    file = work.portfolio.file(path)
    if file is None:
        if named_bytes(work, base, span, written) is not None:
            reason = "it is not below `agents/`, or not named `*.yaml`, so no Graph is read there"
            work.faults.append(Fault("missing-file", span(), path, (reason,)))
        return None
    if isinstance(file.definition, Graph):
        return file.definition
    if file.identity is not None:
        place = file.file.value_span(("kind",))
        work.faults.append(Fault("wrong-kind", span(), written, ("Graph", file.identity.kind), place))
    return None


def roots_at(agent: Agent, at: Path) -> Roots:
    """The roots at a place of an agent: in a list of steps, those that came before."""
    match at[2:]:
        case ("function", "output", *_):
            return Roots((TASK, "call"), {})
        case ("chain" | "workflow", "steps", int(index), *_):
            return Roots((TASK, *_step_ids(agent)[:index]), {})
        case ("workflow", *_):
            return Roots((TASK, *_step_ids(agent)), {})
        case _:
            return ONLY_TASK


def _step_ids(agent: Agent) -> list[str]:
    form = agent.spec.orchestration
    if form.chain is not None:
        return [step.id for step in form.chain.steps]
    return [step.id for step in form.workflow.steps] if form.workflow is not None else []


# ---- one place


def link_references(work: Work, path: str, leaf: Leaf, roots: Roots) -> None:
    """Looks up the references of a field: a binding, a reference alone, or a prompt with slots."""
    match leaf.meaning:
        case "reference":
            reference = reference_of(leaf.value)
            if reference is not None:
                link_reference(work, reference, roots, partial(span_of, work, path, leaf.path))
        case "binding":
            for at, piece in references_in(leaf.value, leaf.path):
                if isinstance(piece, Malformed):
                    span = span_of(work, path, at)
                    work.faults.append(Fault("wrong-type", span, f"`{piece.text}`", (A_REFERENCE,)))
                else:
                    link_reference(work, piece, roots, partial(span_of, work, path, at))
        case "prompt":
            link_prompt(work, path, leaf, roots)
        case _:
            pass
