"""Prompts as segments of a bundle: what the author wrote is literal, what a run brings is an untrusted slot."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from remit.lower.sources import Sources
from remit.prompt.plain import plain_segments
from remit.prompt.segments import Place, Segment, Template, Words
from remit.prompt.values import Value
from remit_runtime.bundle.agent import LiteralText, PromptIR, Slot
from remit_runtime.bundle.graph import Reference


def prompt_ir(templates: Iterable[Template], names: Mapping[str, Value], sources: Sources) -> PromptIR:
    """The prompt of several templates, one after the other with a blank line between.

    `names` are those that have a value in the asking state, so a prompt belongs to one state of one agent.
    """
    segments: list[LiteralText | Slot] = []
    for template in templates:
        if segments:
            segments.append(LiteralText("\n\n"))
        for segment in _segments(template, names, sources):
            if isinstance(segment, Words):
                segments.append(LiteralText(segment.text))
            else:
                # Whatever a run brings may have been written by anybody.
                segments.append(Slot(Reference(segment.root, segment.path), trusted=False))
    return PromptIR(tuple(segments))


def _segments(template: Template, names: Mapping[str, Value], sources: Sources) -> Collection[Segment]:
    def read(base: str, written: str, _: Place) -> Template | None:
        path, text = sources.included(base, written)
        return Template(path, path, text)

    plain = plain_segments(template, read)
    if plain is not None:
        return plain
    from remit.prompt.evaluate import evaluated

    prompt = evaluated(template, names, None, read)
    if prompt.faults:
        raise RuntimeError("a prompt with faults was lowered")
    return prompt.segments
