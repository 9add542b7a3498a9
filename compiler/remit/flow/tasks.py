"""The fields that the tasks of an agent declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from remit.definitions import Agent
from remit.definitions.shape import ObjectType, ShapeFile
from remit.link import Unit


class TaskFields(NamedTuple):
    """The fields of one task: of each, whether it may be absent from an input once defaults are filled in.

    `is_open` where an input may have further fields.
    """

    fields: Mapping[str, bool]
    is_open: bool


def task_fields(unit: Unit[Agent]) -> Mapping[str, TaskFields]:
    """The fields of every task of an agent; a task whose schema cannot be read is left out."""
    found: dict[str, TaskFields] = {}
    for task, shape in unit.definition.spec.tasks.items():
        fields = _of_shape(shape) if isinstance(shape, ObjectType) else _of_file(unit, shape)
        if fields is not None:
            found[task] = fields
    return found


def _of_shape(shape: ObjectType) -> TaskFields:
    return TaskFields({field.name: field.optional for field in shape.fields}, is_open=False)


def _of_file(unit: Unit[Agent], shape: ShapeFile) -> TaskFields | None:
    try:
        schema: Any = unit.portfolio.json(unit.path, shape.path)
    except LookupError:
        return None
    if not isinstance(schema, dict):
        return None
    schema = cast("dict[str, Any]", schema)
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return None
    is_open = schema.get("additionalProperties") is not False or "patternProperties" in schema
    declared = cast("dict[str, Any]", properties)
    return TaskFields(
        {name: name not in required and not _has_default(one) for name, one in declared.items()}, is_open
    )


def _has_default(schema: Any) -> bool:
    return isinstance(schema, dict) and "default" in schema
