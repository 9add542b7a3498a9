"""What a tool wrote, as a JSON value."""

from __future__ import annotations

from dataclasses import dataclass

from remit_runtime.bundle.tool import ProcessIR
from remit_runtime.models.json_text import MAX_DEPTH, Json, strict_json

REPLACED = "invalid_utf8_replaced"
"""The code of an `ok` outcome in which bytes that are not UTF-8 stand as U+FFFD."""


@dataclass(frozen=True, slots=True)
class Output:
    """The value of an output, and whether some of its bytes had to be replaced."""

    value: Json
    replaced: bool = False


class OutputInvalid(ValueError):
    """What the tool wrote is not of the declared form."""


def output_of(data: bytes, form: ProcessIR) -> Output:
    """The output of a process: `text`, `lines` and `nul` as objects, `json` as it stands.

    Raises:
        OutputInvalid: JSON was declared and this is not JSON (RFC 8259), names a key twice or is nested too deeply.
    """
    if form.output == "json":
        return Output(json_value(data))
    text = data.decode("utf-8", "replace")
    replaced = "\ufffd" in text and text.encode("utf-8") != data
    match form.output:
        case "text":
            return Output({"text": text}, replaced)
        case "lines":
            return Output({"lines": _split(text, "\n")}, replaced)
        case "nul":
            return Output({"items": _split(text, "\0")}, replaced)


def _split(text: str, mark: str) -> list[Json]:
    """The parts that each end in the mark; the last may lack it."""
    parts: list[Json] = [*text.split(mark)]
    return parts[:-1] if parts[-1] == "" else parts


def json_value(data: bytes) -> Json:
    """The value of strict JSON.

    Raises:
        OutputInvalid: this is not JSON (RFC 8259), names a key twice or is nested too deeply.
    """
    try:
        return strict_json(data.decode("utf-8"))
    except ValueError as error:
        raise OutputInvalid(f"the tool's output is not strict JSON of at most {MAX_DEPTH} levels") from error
