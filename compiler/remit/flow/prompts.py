"""The prompts that the states of an agent ask with: their text, their slots, and where these stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
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


class AskedPrompt(NamedTuple):
    """One of the texts that a state asks with: the file and the path at which it is named, and its segments."""

    state: str
    path: str
    at: Path
    segments: tuple[Segment, ...]

    @property
    def slots(self) -> Iterator[SlotAt]:
        """Its slots, in order."""
        return (one for one in self.segments if isinstance(one, SlotAt))

    @property
    def words(self) -> Iterator[str]:
        """Its literal text, in order, cut at the slots."""
        return (one.text for one in self.segments if isinstance(one, Words))


def asked_prompts(flow: Flow, state: str) -> Iterator[AskedPrompt]:
    """The texts with which a state asks a model: the agent's instructions, then its own prompt.

    A text that cannot be read, or that is no template, is left out; another rule says so.
    """
    asked = Asked(flow.agent.metadata.id, state)
    for path, at in _named(flow, state):
        segments = flow.unit.portfolio.prompts.get((path, at), {}).get(asked)
        if segments is not None:
            yield AskedPrompt(state, path, at, segments)


def has_all_prompts(flow: Flow) -> bool:
    """Whether every text with which states ask could be read and cut."""
    return all(
        sum(1 for _ in asked_prompts(flow, state)) == sum(1 for _ in _named(flow, state))
        for state in flow.states
    )


def _named(flow: Flow, state: str) -> Iterator[tuple[str, Path]]:
    """Where the texts are named with which a state asks a model."""
    place = flow.states[state]
    if isinstance(place.work, ModelWork):
        if flow.agent.spec.instructions is not None:
            yield flow.unit.path, INSTRUCTIONS
        if place.work.prompt is not None:
            yield place.path, (*place.at, "prompt")


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
