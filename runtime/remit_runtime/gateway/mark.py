"""The mark of a call: what a request leaves behind, so that whoever lost its answer finds out whether it was done."""

from __future__ import annotations

import re

from remit_runtime.bundle.tool import Recovery
from remit_runtime.gateway.arguments import Arguments
from remit_runtime.models.json_text import Json

_MARK = re.compile(r"\n\n<!-- remit:[a-z0-9_]+:[0-9]+ -->\Z")


def mark_of(call: str) -> str:
    """The mark of a call's key: a comment of HTML and Markdown, which people are not shown."""
    return f"<!-- remit:{call} -->"


def marked(recovery: Recovery, arguments: Arguments, call: str) -> Arguments:
    """The arguments as they are sent: with the mark behind the text that bears it, where there is one."""
    name = recovery.probe_mark
    text = None if name is None else arguments.get(name)
    if name is None or not isinstance(text, str):
        return arguments
    return {**arguments, name: f"{text}\n\n{mark_of(call)}"}


def unmarked(value: Json) -> Json:
    """A body as its call wrote it, without the mark that the gateway put behind one of its texts."""
    match value:
        case str():
            return _MARK.sub("", value)
        case dict():
            return {name: unmarked(item) for name, item in value.items()}
        case _:
            return value


def bearer_of(output: Json, field: str, call: str) -> Json:
    """The item of a list whose field bears the mark of a call; None where there is none."""
    items = output.get("items") if isinstance(output, dict) else None
    for item in items if isinstance(items, list) else ():
        text = item.get(field) if isinstance(item, dict) else None
        if isinstance(text, str) and mark_of(call) in text:
            return item
    return None
