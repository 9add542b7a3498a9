"""The prompts that the states of an agent ask with: their text, their slots, and where these stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from remit.definitions.text import InlineText
from remit.definitions.work import ModelWork
from remit.flow.states import Flow
from remit.link import Asked
from remit.link.references import roots_at
from remit.link.roots import Roots, roots_of
from remit.prompt.segments import Segment, SlotAt, Words
from remit.read import Path
from remit.source import Span, span_at

INSTRUCTIONS: Path = ("spec", "instructions")


@dataclass(frozen=True, eq=False)
class AskedPrompt:
    """A text that states ask with: the file and the path at which it is named, its segments, the first such state."""

    state: str
    path: str
    at: Path
    segments: tuple[Segment, ...]

    @cached_property
    def slots(self) -> tuple[SlotAt, ...]:
        """Its slots, in order."""
        return tuple(one for one in self.segments if isinstance(one, SlotAt))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its literal text, in order, cut at the slots."""
        return tuple(one.text for one in self.segments if isinstance(one, Words))


def asked_prompts(flow: Flow, state: str) -> tuple[AskedPrompt, ...]:
    """The texts with which a state asks a model: the agent's instructions, then its own prompt.

    A text that cannot be read, or that is no template, is left out; another rule says so.
    """
    return flow.once(_by_state).get(state, ())


def each_prompt(flow: Flow) -> tuple[AskedPrompt, ...]:
    """The texts that the states of an agent ask with; one that is the same for several states is there once."""
    return flow.once(_each)


def has_all_prompts(flow: Flow) -> bool:
    """Whether every text with which states ask could be read and cut."""
    return all(
        len(asked_prompts(flow, name))
        == (flow.agent.spec.instructions is not None) + (state.work.prompt is not None)
        for name, state in flow.states.items()
        if isinstance(state.work, ModelWork)
    )


def _each(flow: Flow) -> tuple[AskedPrompt, ...]:
    return tuple(dict.fromkeys(prompt for found in flow.once(_by_state).values() for prompt in found))


def _by_state(flow: Flow) -> Mapping[str, tuple[AskedPrompt, ...]]:
    prompts, name = flow.unit.portfolio.prompts, flow.agent.metadata.id
    asking = {state: place for state, place in flow.states.items() if isinstance(place.work, ModelWork)}
    known: dict[int, AskedPrompt] = {}
    found: dict[str, tuple[AskedPrompt, ...]] = {}
    given = (flow.unit.path, INSTRUCTIONS)
    nothing: Mapping[Asked, tuple[Segment, ...]] = {}
    instructions = prompts[given] if asking and given in prompts else nothing
    for state, place in asking.items():
        own = (place.path, (*place.at, "prompt"))
        places = [(given, instructions.get(Asked(name, state)))]
        if isinstance(place.work, ModelWork) and place.work.prompt is not None and own in prompts:
            places.append((own, prompts[own].get(Asked(name, state))))
        # States that ask with the same text share its segments.
        found[state] = tuple(
            known.setdefault(id(segments), AskedPrompt(state, *where, segments))
            for where, segments in places
            if segments is not None
        )
    return found


def roots_for(flow: Flow, prompt: AskedPrompt) -> Roots:
    """What the slots of a prompt may begin with.

    In a graph that is every state that gives something, in a list of steps every step before.
    """
    form = flow.agent.spec.orchestration
    if form.graph is None:
        return roots_at(flow.agent, prompt.at)
    return roots_of(flow.unit.portfolio.graph(flow.unit.path, form.graph)[1])


def step_span(flow: Flow, prompt: AskedPrompt, slot: SlotAt, step: int) -> Span:
    """The place of a step of a slot (from 0; -1 is its root) where it is written with dots, else of the slot.

    A prompt that stands in a definition has one place, that of its text.
    """
    where = slot.place
    if not where.file:
        return flow.unit.portfolio.span(prompt.path, (*prompt.at, "text"))
    names = (slot.root, *slot.path[: step + 1])
    dotted, word = ".".join(names), names[-1]
    if step >= 0 and _line(flow, where.file, where.line)[where.column - 1 :].startswith(dotted):
        return span_at(where.file, where.line, where.column + len(dotted) - len(word), len(word))
    return span_at(where.file, where.line, where.column, where.length)


def _line(flow: Flow, file: str, number: int) -> str:
    lines = file_text(flow, file).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return lines[number - 1] if number <= len(lines) else ""


def file_text(flow: Flow, file: str) -> str:
    """The text of a file that prompts are made of, "" where it cannot be read."""
    try:
        return flow.unit.portfolio.text(file, file.rpartition("/")[2])
    except LookupError:
        return ""


# ---- the files of a prompt
#
# Segments hold what a template became, and not where its text stood: who asks for places reads the files.


class PromptFile(NamedTuple):
    """A file that a prompt is made of; `path` is "" for a text that stands in a definition."""

    path: str
    text: str


def files_of(flow: Flow, prompt: AskedPrompt) -> Iterator[PromptFile]:
    """The file of a prompt, or its text in the definition, and every file that it includes."""
    written = _source_of(flow, prompt)
    waiting: list[tuple[str, str]] = []
    if isinstance(written, InlineText):
        yield PromptFile("", written.text)
        waiting = [(prompt.path, found) for found in _included_in(written.text)]
    elif written is not None:
        waiting = [(prompt.path, written)]
    seen: set[str] = set()
    while waiting:
        try:
            file = PromptFile(*flow.unit.portfolio.included(*waiting.pop(0)))
        except LookupError:
            continue
        if file.path not in seen:
            seen.add(file.path)
            yield file
            waiting.extend((file.path, found) for found in _included_in(file.text))


def _source_of(flow: Flow, prompt: AskedPrompt) -> str | InlineText | None:
    if prompt.at == INSTRUCTIONS:
        return flow.agent.spec.instructions
    work = flow.states[prompt.state].work
    return work.prompt if isinstance(work, ModelWork) else None


_INCLUDE = re.compile(r"include\s+[\"']([^\"']+)[\"']")


def _included_in(text: str) -> list[str]:
    return _INCLUDE.findall(text) if "{%" in text else []


def is_text(text: str, at: int) -> bool:
    """Whether an offset of a template stands in its text, and not in a comment, a slot or a block."""
    opened = max((text.rfind(opener, 0, at), closer) for opener, closer in _BRACES)
    return opened[0] < 0 or text.find(opened[1], opened[0], at) >= 0


_BRACES = (("{{", "}}"), ("{%", "%}"), ("{#", "#}"))


def span_in(flow: Flow, prompt: AskedPrompt, file: PromptFile, at: int, length: int) -> Span:
    """The place of a part of a file of a prompt; a prompt that stands in a definition has one, that of its text."""
    if not file.path:
        return flow.unit.portfolio.span(prompt.path, (*prompt.at, "text"))
    before = file.text[:at].replace("\r\n", "\n").replace("\r", "\n")
    return span_at(file.path, before.count("\n") + 1, len(before) - before.rfind("\n"), length)
