"""PRM007."""

import re
from collections.abc import Iterator

from remit.definitions.reference import Reference
from remit.flow import Flow
from remit.flow.prompts import AskedPrompt, each_prompt, step_span
from remit.flow.reading import Reading
from remit.flow.types import Types
from remit.prompt.segments import SlotAt, Words
from remit.rule import Finding, rule

FENCE = "```"
_WORDS = {FENCE: "the line of three backticks"}
_MARK = re.compile(r"^[ \t]*```|<(/?)([A-Za-z][\w-]*)(?:\s[^<>]*)?>", re.MULTILINE)


@rule("closable-mark", "PRM007", since="0.4", severity="warning")
def closable_mark(flow: Flow) -> Iterator[Finding]:
    """A slot between marks that the text sets itself, and that the value can close.

    ## Why

    A value was written by others. Where a text says that what stands between two marks is data, a value that holds the
    closing mark has an end where it likes, and what follows in it reads as the author's own words. The runtime sets
    marks around every slot that no value can close, since they hold the digest of the value.

    ## Wrong

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string}}
      instructions: notes.md
      models: [dev]
      output: {notes: string}
    ```

    ```markdown file=agents/notes/notes.md
    Write notes on what stands between the tags. <text>{{ task.text }}</text>
    ```

    ## Right

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string}}
      instructions: notes.md
      models: [dev]
      output: {notes: string}
    ```

    ```markdown file=agents/notes/notes.md
    Write notes on this text: {{ task.text }}
    ```

    ## Exceptions

    A number, a boolean and one of a fixed set of words cannot hold a mark.
    """
    for prompt in each_prompt(flow):
        for slot, mark in _between_marks(prompt) if _has_marks(prompt) else ():
            if _can_hold(flow.once(Types).of(Reference(slot.root, slot.path)), mark):
                yield Finding(
                    step_span(flow, prompt, slot, -1),
                    f"`{slot}` can hold {_WORDS.get(mark, f'the mark `{mark}`')} that closes what stands around it",
                    (),
                    "leave the mark out: the runtime fences every slot with marks that no value can close",
                )


def _has_marks(prompt: AskedPrompt) -> bool:
    """Whether there can be a mark at all, since in most texts there is none."""
    return any(FENCE in text or "</" in text for text in prompt.words)


def _between_marks(prompt: AskedPrompt) -> Iterator[tuple[SlotAt, str]]:
    """The slots between two marks of the text, each with the mark that closes its own, the innermost."""
    opened: list[tuple[str, list[SlotAt]]] = []
    for segment in prompt.segments:
        if not isinstance(segment, Words):
            if opened:
                opened[-1][1].append(segment)
            continue
        for found in _MARK.finditer(segment.text):
            mark = FENCE if found[2] is None else f"</{found[2]}>"
            closes = found[1] == "/" or (mark == FENCE and any(one == FENCE for one, _ in opened))
            if not closes:
                opened.append((mark, []))
                continue
            while any(one == mark for one, _ in opened):
                ended, slots = opened.pop()
                if ended == mark:
                    yield from ((slot, mark) for slot in slots)
                    break
                # A tag that nothing closes holds what the one around it holds.
                if opened:
                    opened[-1][1].extend(slots)


def _can_hold(value: Reading, mark: str) -> bool:
    """Whether a value can have a mark in its text: JSON has no line of its own for three backticks."""
    if value.values is not None:
        return any(mark in str(one) for one in value.values)
    return "string" in value.kinds or (mark != FENCE and bool({"array", "object"} & value.kinds))
