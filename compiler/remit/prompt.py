"""Prompts: Jinja2 source becomes literal and slot segments, so that the runtime needs no template engine.

In this version of the language a template holds text, comments, raw blocks and slots (`{{ root.step }}`). Whatever
else Jinja2 can do is refused where it stands: a template can then neither run anything nor read anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment, nodes

_OPENERS = ("{{", "{%", "{#")


@dataclass(frozen=True, slots=True)
class Words:
    """Text that stands in the prompt as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class SlotAt:
    """A value the runtime fills in: `root` is `task` or a state id, `path` the steps below it; `line` from 1."""

    root: str
    path: tuple[str, ...]
    line: int


Segment = Words | SlotAt


@dataclass(frozen=True, slots=True)
class PromptFault:
    """Why a template is refused, and the line (from 1) where."""

    message: str
    line: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """A template's segments in order, and what is wrong with it; with faults the segments are not complete."""

    segments: tuple[Segment, ...]
    faults: tuple[PromptFault, ...]


def prompt_of(source: str) -> Prompt:
    """The segments of a template. Text with plain slots alone, or with none, is cut without Jinja2."""
    if not any(opener in source for opener in _OPENERS):
        return Prompt((Words(source),) if source else (), ())
    plain = plain_segments(source)
    return prompt_by_jinja(source) if plain is None else Prompt(plain, ())


# Jinja2 costs more to import than a check of ten files may take, and most templates need none of it.
_PLAIN = re.compile(
    r"\{\{\s*(?P<root>[A-Za-z_][A-Za-z0-9_]*)(?P<steps>(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*\}\}|\{#[^-+#](?s:.*?)#\}",
    re.ASCII,
)
_NO_ROOTS = frozenset(
    ["true", "false", "none", "True", "False", "None", "not", "in", "is", "and", "or", "if", "else"]
)
_NOT_PLAIN = re.compile(r"\{%|[-+]#\}|\r")
"""Blocks, comments that take white space with them, and line ends that Jinja2 rewrites."""


def plain_segments(source: str) -> tuple[Segment, ...] | None:
    """The segments of a template that holds nothing but text, comments and slots `{{ root.step }}`, else None."""
    if _NOT_PLAIN.search(source):
        return None
    segments: list[Segment] = []
    end = 0
    for found in _PLAIN.finditer(source):
        root, text = found["root"], source[end : found.start()]
        if root in _NO_ROOTS or "{{" in text or "{#" in text or text.endswith("{"):
            return None
        segments.append(Words(text))
        if root is not None:
            line = source.count("\n", 0, found.start("root")) + 1
            segments.append(SlotAt(root, tuple(found["steps"].split(".")[1:]), line))
        end = found.end()
    text = source[end:]
    if "{{" in text or "{#" in text:
        return None
    return tuple(segment for segment in _joined([*segments, Words(text)]) if segment != Words(""))


def prompt_by_jinja(source: str) -> Prompt:
    """The segments of a template as Jinja2 reads it."""
    from jinja2 import TemplateSyntaxError

    try:
        tree = _environment().parse(source)
    except TemplateSyntaxError as error:
        return Prompt((), (PromptFault(_sentence(error.message), error.lineno),))
    except RecursionError:
        return Prompt((), (PromptFault("the template is nested too deeply", 1),))
    return _segments_of(tree)


@cache
def _environment() -> Environment:
    from jinja2 import Environment

    # Never renders: it only parses, so autoescape has no meaning here.
    return Environment(autoescape=False, keep_trailing_newline=True)  # noqa: S701


def _segments_of(tree: nodes.Template) -> Prompt:
    from jinja2 import nodes

    segments: list[Segment] = []
    faults: list[PromptFault] = []
    for node in tree.body:
        if not isinstance(node, nodes.Output):
            faults.append(PromptFault(f"`{_construct(node)}` is not available in prompts", node.lineno))
            continue
        for part in node.nodes:
            if isinstance(part, nodes.TemplateData):
                segments.append(Words(part.data))
                continue
            slot = _slot_of(part)
            if isinstance(slot, PromptFault):
                faults.append(slot)
            else:
                segments.append(slot)
    return Prompt(_joined(segments), tuple(faults))


def _joined(segments: list[Segment]) -> tuple[Segment, ...]:
    """The segments with neighbouring text as one, so that a prompt has one form however it was cut."""
    joined: list[Segment] = []
    for segment in segments:
        last = joined[-1] if joined else None
        if isinstance(segment, Words) and isinstance(last, Words):
            joined[-1] = Words(last.text + segment.text)
        else:
            joined.append(segment)
    return tuple(joined)


def _slot_of(node: nodes.Expr) -> SlotAt | PromptFault:
    from jinja2 import nodes

    steps: list[str] = []
    here = node
    while not isinstance(here, nodes.Name):
        if isinstance(here, nodes.Getattr):
            steps.append(here.attr)
        elif isinstance(here, nodes.Getitem) and isinstance(here.arg, nodes.Const):
            steps.append(str(here.arg.value))
        else:
            return PromptFault(
                f"a slot is a reference such as `task.field`, not `{_construct(here)}`", here.lineno
            )
        here = here.node
    return SlotAt(here.name, tuple(reversed(steps)), here.lineno)


def _construct(node: nodes.Node) -> str:
    return type(node).__name__.lower()


def _sentence(text: str | None) -> str:
    """Jinja2's own message as a sentence of ours."""
    words = (text or "the template cannot be read").rstrip(".")
    return words[:1].lower() + words[1:]
