"""Prompts: cut into text and slots for every state that asks with them. Where slots lead is judged with the states."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from remit.definitions import Agent, Graph
from remit.definitions.agent import LOOP
from remit.definitions.leaves import Leaf
from remit.definitions.text import InlineText
from remit.definitions.work import ModelWork
from remit.diagnostic import Fault, Note
from remit.link.named_files import named_text, named_text_at
from remit.link.portfolio import Asked
from remit.link.roots import Roots
from remit.link.secrets import IN_PROMPT
from remit.link.work import Work, span_of
from remit.prompt.plain import Read, plain_segments
from remit.prompt.segments import Place, Prompt, PromptFault, Segment, Template
from remit.prompt.values import Value
from remit.read import Path
from remit.source import Span, span_at

MAX_SEGMENTS_OF_ALL = 200_000
"""For all states together that ask with one prompt: every rule over states looks at each."""


def link_prompt(work: Work, path: str, leaf: Leaf, roots: Roots) -> None:
    """Cuts a prompt into its segments; one that is more than text and slots is evaluated for each asking state."""
    template = _template(work, path, leaf)
    if template is None:
        return
    at = (*leaf.path, "text") if isinstance(leaf.value, InlineText) else leaf.path
    start = len(work.faults)
    plain = plain_segments(template, _reader(work, path, at))
    asked: dict[Asked, tuple[Segment, ...]] = {}
    if plain is not None:
        asked = dict.fromkeys((one.asked for one in _askings(work, path, leaf)), plain)
    else:
        for askings, prompt in _evaluated(work, path, leaf, at, template, roots):
            if not prompt.faults:
                asked.update(dict.fromkeys(askings, prompt.segments))
            work.faults.extend(_fault(work, path, at, fault) for fault in prompt.faults)
    many = sum(len(segments) for segments in asked.values())
    if many > MAX_SEGMENTS_OF_ALL:
        message = (
            f"the states that ask with it have {many} texts and slots, and may have {MAX_SEGMENTS_OF_ALL}"
        )
        work.faults.append(_fault(work, path, at, PromptFault(message, Place(template.file, 1, 1))))
        asked = {}
    work.prompts[path, leaf.path] = asked
    # The same fault is found for each state, and before that where a file to include is missing.
    work.faults[start:] = dict.fromkeys(work.faults[start:])


def _fault(work: Work, path: str, at: Path, fault: PromptFault) -> Fault:
    files = fault.message.split(" -> ")[1:]
    notes = tuple(
        Note(f"`{place.file}` includes `{file}` here", _span(work, path, at, place))
        for place, file in zip(fault.way, files, strict=False)
    )
    return Fault(fault.kind, _span(work, path, at, fault.place), fault.message, notes=notes)


def _template(work: Work, path: str, leaf: Leaf) -> Template | None:
    if isinstance(leaf.value, InlineText):
        return Template("", path, leaf.value.text)
    named = named_text(work, path, leaf.path, leaf.value, IN_PROMPT)
    return None if named is None else Template(named[0], named[0], named[1])


def _span(work: Work, path: str, at: Path, place: Place) -> Span:
    """The place in a template; of one that stands in a definition, all of it."""
    if not place.file:
        return span_of(work, path, at)
    return span_at(place.file, place.line, place.column, place.length)


def _reader(work: Work, path: str, at: Path) -> Read:
    """Gives the files that the template at a place of a definition includes; a fault tells of one that is missing."""

    def read(base: str, written: str, place: Place) -> Template | None:
        named = named_text_at(work, base, partial(_span, work, path, at, place), written, IN_PROMPT)
        return None if named is None else Template(named[0], named[0], named[1])

    return read


# ---- evaluation, which loads Jinja2


def _evaluated(
    work: Work, path: str, leaf: Leaf, at: Path, template: Template, roots: Roots
) -> Iterator[tuple[list[Asked], Prompt]]:
    """What a template is for all that ask with it, until they have taken what all may take together."""
    from remit.prompt.evaluate import evaluated
    from remit.prompt.refusal import MAX_STEPS, MAX_STEPS_OF_ALL, Meter

    left = MAX_STEPS_OF_ALL
    for askings, names in _names(work, path, leaf):
        meter = Meter(most=min(MAX_STEPS, left))
        yield askings, evaluated(template, names, roots.names, _reader(work, path, at), meter)
        left -= meter.steps
        if left < 0:
            return


def _names(work: Work, path: str, leaf: Leaf) -> Iterator[tuple[list[Asked], Mapping[str, Value]]]:
    """What has a value in a prompt, for all that ask with it of whom this is the same."""
    from remit.prompt.names import names_of

    alike: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[_Asking]] = {}
    for asking in _askings(work, path, leaf):
        alike.setdefault((asking.asked.agent, asking.tools, asking.handoffs), []).append(asking)
    for askings in alike.values():
        agent, _, tools, handoffs = askings[0]
        offered = [tool[1] for name in tools if (tool := work.tool(name)) is not None]
        others = [other for name in handoffs if (other := work.agent(name)) is not None]
        yield [one.asked for one in askings], names_of(agent, offered, others)


class _Asking(NamedTuple):
    """An agent and its state, and the tools and the agents that the state offers."""

    agent: Agent | None
    state: str
    tools: tuple[str, ...] = ()
    handoffs: tuple[str, ...] = ()

    @property
    def asked(self) -> Asked:
        """Who asks."""
        return Asked("" if self.agent is None else self.agent.metadata.id, self.state)


def _askings(work: Work, path: str, leaf: Leaf) -> list[_Asking]:
    definition = work.portfolio.definition_at(path)
    if isinstance(definition, Graph):
        name = str(leaf.path[2])
        agents: list[Agent | None] = [*work.agents_of_graph(path)] or [None]
        return [_asking(agent, name, definition.spec.states[name]) for agent in agents]
    if not isinstance(definition, Agent):
        return []
    form = definition.spec.orchestration
    match leaf.path[2:]:
        case ("chain", "steps", int(index), *_) if form.chain is not None:
            return [_Asking(definition, form.chain.steps[index].id)]
        case ("workflow", "steps", int(index), *_) if form.workflow is not None:
            step = form.workflow.steps[index]
            return [_asking(definition, step.id, step)]
        case _:
            return _of_instructions(work, path, definition)


def _asking(agent: Agent | None, name: str, work: object) -> _Asking:
    if not isinstance(work, ModelWork):
        return _Asking(agent, name)
    return _Asking(agent, name, work.tools, work.handoffs)


def _of_instructions(work: Work, path: str, agent: Agent) -> list[_Asking]:
    """Every state of an agent that asks a model, as its instructions see it; without any, one that offers nothing."""
    form = agent.spec.orchestration
    if form.loop is not None:
        return [_Asking(agent, LOOP, agent.spec.tools.allowed)]
    works: dict[str, object] = {}
    if form.chain is not None:
        return [_Asking(agent, step.id) for step in form.chain.steps]
    if form.workflow is not None:
        works = {step.id: step for step in form.workflow.steps}
    if form.graph is not None:
        graph = work.graph_of(path, form.graph)
        works = dict(graph.spec.states) if graph is not None else {}
    found = [_asking(agent, name, one) for name, one in works.items() if isinstance(one, ModelWork)]
    return found or [_Asking(agent, "")]
