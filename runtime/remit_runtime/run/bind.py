"""A binding and the values of a run give a JSON value, or say which reference has none."""

from __future__ import annotations

from dataclasses import dataclass

from remit_runtime.bundle.graph import ArrayOf, Binding, Constant, ObjectOf, Reference, Text
from remit_runtime.models.json_text import Json, json_text, trusted_json
from remit_runtime.run.state import RunState

TASK = "task"


@dataclass(frozen=True)
class Bound:
    """The value that a binding has now."""

    value: Json

    @property
    def text(self) -> str:
        """The value as JSON text."""
        return json_text(self.value)


@dataclass(frozen=True)
class Unresolved:
    """A reference without a value, or one that may not stand inside a text, and a sentence that says so."""

    reference: str
    message: str


def bind(binding: Binding, state: RunState) -> Bound | Unresolved:
    """The value of a binding: a reference that is the whole scalar keeps its type, an embedded one takes scalars."""
    match binding:
        case Constant(text):
            return Bound(trusted_json(text))
        case Reference():
            return resolve(binding, state)
        case Text(parts):
            return _bind_text(parts, state)
        case ObjectOf(fields):
            return _bind_object(fields, state)
        case ArrayOf(items):
            return _bind_array(items, state)


def resolve(reference: Reference, state: RunState) -> Bound | Unresolved:
    """The value that a reference names now."""
    text = _root(reference.root, state)
    if text is None:
        return Unresolved(written(reference), f"`{written(reference)}` has no value yet")
    value = trusted_json(text)
    for step in reference.path:
        match value:
            case dict() if step in value:
                value = value[step]
            case list() if step.isascii() and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            case _:
                return Unresolved(written(reference), f"`{written(reference)}` has no value: no `{step}`")
    return Bound(value)


def written(reference: Reference) -> str:
    """A reference as its author wrote it."""
    return "${" + ".".join((reference.root, *reference.path)) + "}"


def scalar_text(value: Json) -> str | None:
    """The text of a scalar inside a longer text, or None for null, arrays and objects."""
    match value:
        case str():
            return value
        case bool() | int() | float():
            return json_text(value)
        case _:
            return None


def _root(root: str, state: RunState) -> str | None:
    if root == TASK:
        return None if state.started is None else state.started.input
    return state.outputs.get(root)


def _bind_text(parts: tuple[Constant | Reference, ...], state: RunState) -> Bound | Unresolved:
    texts: list[str] = []
    for part in parts:
        bound = bind(part, state)
        if isinstance(bound, Unresolved):
            return bound
        text = scalar_text(bound.value)
        if text is None:
            place = written(part) if isinstance(part, Reference) else part.json
            return Unresolved(place, f"`{place}` is no scalar and cannot stand inside a text")
        texts.append(text)
    return Bound("".join(texts))


def _bind_object(fields: tuple[tuple[str, Binding], ...], state: RunState) -> Bound | Unresolved:
    values: dict[str, Json] = {}
    for name, binding in fields:
        bound = bind(binding, state)
        if isinstance(bound, Unresolved):
            return bound
        values[name] = bound.value
    return Bound(values)


def _bind_array(items: tuple[Binding, ...], state: RunState) -> Bound | Unresolved:
    values: list[Json] = []
    for item in items:
        bound = bind(item, state)
        if isinstance(bound, Unresolved):
            return bound
        values.append(bound.value)
    return Bound(values)
