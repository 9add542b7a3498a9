"""The command line of a process tool: one element for each declared part, never a shell."""

from __future__ import annotations

from collections.abc import Sequence

from remit_runtime.bundle.tool import ArgvPart, ProcessIR
from remit_runtime.gateway.arguments import Arguments
from remit_runtime.gateway.outcome import Denial
from remit_runtime.models.json_text import Json

MAX_ELEMENT_BYTES = 128 * 1024 - 1
MAX_TOTAL_BYTES = 1024 * 1024
"""Linux refuses an element of 128 KiB (MAX_ARG_STRLEN), and by default 2 MiB in all with the environment."""


def command_line(process: ProcessIR, arguments: Arguments) -> tuple[str, ...] | Denial:
    """The elements after the executable, or why a value may not stand on a command line.

    An absent or null argument drops its element; an array that is the whole element gives one element per item.
    """
    elements: list[str] = []
    for index, part in enumerate(process.argv):
        if part.arg is None:
            elements.append(part.before + part.after)
            continue
        value = arguments.get(part.arg)
        if value is None:
            continue
        whole = not part.before and not part.after
        values: list[Json] = value if isinstance(value, list) and whole else [value]
        guarded = bool(part.before) or _guarded(process.argv[:index])
        for item in values:
            text = _text(item)
            if text is None:
                return _denial("argument_not_scalar", part, "is an object or an array inside a text")
            if "\0" in text:
                return _denial("argument_has_nul", part, "holds a NUL character")
            if text.startswith("-") and not guarded:
                # `--upload-pack=sh` as a revision or path would be an option of the program.
                return _denial(
                    "argument_looks_like_option", part, "begins with `-` where an option could stand"
                )
            elements.append(part.before + text + part.after)
    return _within_limits(elements)


def _guarded(before: Sequence[ArgvPart]) -> bool:
    """Whether the program takes what comes next as a value: after `--` anywhere, or right after `-e`."""
    literals = [part.before + part.after if part.arg is None else None for part in before]
    return "--" in literals or literals[-1:] == ["-e"]


def _text(value: Json) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case _:
            return None


def _within_limits(elements: list[str]) -> tuple[str, ...] | Denial:
    sizes = [len(element.encode("utf-8")) + 1 for element in elements]
    if any(size > MAX_ELEMENT_BYTES for size in sizes) or sum(sizes) > MAX_TOTAL_BYTES:
        return Denial("prepare", "args_too_large", "the arguments do not fit on a command line")
    return tuple(elements)


def _denial(code: str, part: ArgvPart, what: str) -> Denial:
    return Denial("prepare", code, f"argument `{part.arg}` {what}")
