"""Routes that are right at first sight: most states route by one field, whose schema says plainly what it may be.

This only spares work: what it does not see through is looked at in full (`routes`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from remit.definitions.route import Route
from remit.definitions.scalars import Scalar
from remit.definitions.shape import ObjectType, ScalarType, ShapeFile
from remit.definitions.work import ModelWork
from remit.flow.kinds import is_list, is_object, json_key
from remit.flow.plain import is_plain_object
from remit.flow.states import Flow, FlowState

_ENUM = frozenset({"enum", "title", "description"})
_TEXT = frozenset({"type", "title", "description"})


class _Field(NamedTuple):
    """A field as it is declared: the values it may be, None of any text, and whether it is always there."""

    values: frozenset[Any] | None
    is_required: bool


def is_right_at_sight(flow: Flow, state: FlowState, work: ModelWork, routes: tuple[Route, ...]) -> bool:
    """Whether the routes of a state plainly are neither dead nor too few; no where it takes more than a look."""
    named = _named(routes)
    if named is None:
        return False
    name, values = named
    field = _declared(flow, state, work, name)
    keys = frozenset([json_key(value) for value in values])
    if field is None or len(keys) < len(values):
        return False
    has_default = routes[-1].when is None
    if field.values is None:
        return has_default and all(isinstance(value, str) for value in values)
    if has_default:
        return keys <= field.values and (keys != field.values or not field.is_required)
    return keys == field.values and field.is_required


def _named(routes: tuple[Route, ...]) -> tuple[str, list[Scalar]] | None:
    """The one field that all routes but a default speak of, and the values that they name; None where there are two."""
    name: str | None = None
    values: list[Scalar] = []
    for route in routes:
        for spoken, wanted in () if route.when is None else route.when.items():
            if name not in (None, spoken) or "." in spoken:
                return None
            name = spoken
            values += wanted
    return None if name is None else (name, values)


def _declared(flow: Flow, state: FlowState, work: ModelWork, name: str) -> _Field | None:
    """The field of the decision, where its schema is no more than a list of fields."""
    shape = flow.agent.spec.output if work.decides is None else work.decides
    if isinstance(shape, ObjectType):
        return _of_shape(shape, name)
    return _of_file(flow, flow.unit.path if work.decides is None else state.path, shape, name)


def _of_shape(shape: ObjectType, name: str) -> _Field | None:
    for field in shape.fields:
        if field.name == name and isinstance(field.type, ScalarType):
            if field.type.name == "string":
                return _Field(None, not field.optional)
            if field.type.name == "boolean":
                return _Field(frozenset((json_key(False), json_key(True))), not field.optional)
    return None


def _of_file(flow: Flow, base: str, shape: ShapeFile, name: str) -> _Field | None:
    try:
        schema = flow.unit.portfolio.json(base, shape.path)
    except LookupError:
        return None
    if not is_plain_object(schema) or not is_object(schema["properties"].get(name)):
        return None
    field, is_required = schema["properties"][name], name in schema.get("required", ())
    if field.keys() <= _ENUM and is_list(field.get("enum")):
        return _Field(frozenset(json_key(value) for value in field["enum"]), is_required)
    if field.keys() <= _TEXT and field.get("type") == "string":
        return _Field(None, is_required)
    return None
