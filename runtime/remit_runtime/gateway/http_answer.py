"""What a server answered, as a JSON value of the declared form."""

from __future__ import annotations

from collections.abc import Mapping

from remit_runtime.bundle.tool import HttpIR, Selected
from remit_runtime.gateway.output import Output, OutputInvalid, json_value
from remit_runtime.models.json_text import Json

EVERY = "*"
"""The step of a path that means each item of a list."""


def output_of_answer(data: bytes, headers: Mapping[str, str], http: HttpIR) -> Output:
    """The output of an answer. `headers` are by lower-case name.

    Raises:
        OutputInvalid: it is not of the declared form: another content type, not strict JSON, compressed.
    """
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise OutputInvalid("the answer is compressed, which was not asked for")
    kind, charset = _content_type(headers.get("content-type", ""))
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise OutputInvalid("the answer is written in another charset than UTF-8")
    if http.output == "text":
        text = data.decode("utf-8", "replace")
        return Output({"text": text}, "\ufffd" in text and text.encode("utf-8") != data)
    if not data:
        return Output({})
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise OutputInvalid("the content type of the answer is not JSON's")
    return Output(_shaped(json_value(data), http.select))


def _content_type(header: str) -> tuple[str, str]:
    """The media type and the charset of a header, in lower case (RFC 9110 §8.3)."""
    kind, *parameters = (part.strip().lower() for part in header.split(";"))
    charset = next((part[8:].strip('"') for part in parameters if part.startswith("charset=")), "")
    return kind, charset


def _shaped(value: Json, select: tuple[Selected, ...]) -> Json:
    if isinstance(value, list):
        return {"items": [_selected(item, select) for item in value]}
    return _selected(value, select)


def _selected(value: Json, select: tuple[Selected, ...]) -> Json:
    """The fields that are picked from an answer; what it lacks is left out, and is the output schema's to miss."""
    if not select:
        return value
    picked = ((one.name, _at(value, one.path)) for one in select)
    return {name: found[0] for name, found in picked if found}


def _at(value: Json, path: tuple[str, ...]) -> tuple[Json, ...]:
    """The value at a path, alone; nothing where there is none."""
    for index, step in enumerate(path):
        match value:
            case list() if step == EVERY:
                below: list[Json] = []
                for item in value:
                    below += _at(item, path[index + 1 :])
                return (below,)
            case dict() if step in value:
                value = value[step]
            case list() if step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            case _:
                return ()
    return (value,)
