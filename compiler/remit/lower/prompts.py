"""Prompts as segments of a bundle: what the author wrote is literal, what a run brings is an untrusted slot."""

from __future__ import annotations

from remit.prompt import Words, prompt_of
from remit_runtime.bundle.agent import LiteralText, PromptIR, Slot
from remit_runtime.bundle.graph import Reference


def prompt_ir(*templates: str) -> PromptIR:
    """The prompt of several templates, one after the other with a blank line between."""
    segments: list[LiteralText | Slot] = []
    for template in templates:
        if segments:
            segments.append(LiteralText("\n\n"))
        prompt = prompt_of(template)
        if prompt.faults:
            raise RuntimeError("a prompt with faults was lowered")
        for segment in prompt.segments:
            if isinstance(segment, Words):
                segments.append(LiteralText(segment.text))
            else:
                segments.append(Slot(Reference(segment.root, segment.path), trusted=False))
    return PromptIR(tuple(segments))
