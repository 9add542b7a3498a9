"""What a template becomes: text, slots, and what is wrong with it, each with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple


class Place(NamedTuple):
    """A place in a template: the file ("" for one that stands in a definition), line and column from 1, length."""

    file: str
    line: int
    column: int
    length: int = 1


class Template(NamedTuple):
    """A template's text. `file` is "" for one that stands in a definition; includes start at the folder of `base`."""

    file: str
    base: str
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """Text that stands in the prompt as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class SlotAt:
    """A value the runtime fills in: `root` is `task` or a state id, `path` the steps below it."""

    root: str
    path: tuple[str, ...]
    place: Place

    def __str__(self) -> str:
        return ".".join((self.root, *self.path))


Segment = Words | SlotAt


FaultKind = Literal["invalid-template", "dangerous-template-feature", "import-cycle"]


@dataclass(frozen=True, slots=True)
class PromptFault:
    """Why a template is refused, and where.

    The message of an `import-cycle` is the circle of its files, and `way` the places at which each includes the next.
    """

    message: str
    place: Place
    kind: FaultKind = "invalid-template"
    way: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A template's segments in order, and what is wrong with it; with faults the segments are not complete."""

    segments: tuple[Segment, ...]
    faults: tuple[PromptFault, ...] = ()


def joined(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The segments with neighbouring text as one, so that a prompt has one form however it was cut."""
    found: list[Segment] = []
    texts: list[str] = []
    for segment in segments:
        if isinstance(segment, Words):
            texts.append(segment.text)
            continue
        if any(texts):
            found.append(Words("".join(texts)))
        texts = []
        found.append(segment)
    return (*found, Words("".join(texts))) if any(texts) else tuple(found)
