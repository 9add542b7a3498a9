"""The fields that the tasks of an agent declare, and where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from remit.definitions import Agent
from remit.definitions.shape import ObjectType, ShapeFile
from remit.flow.kinds import is_list, is_object
from remit.link import Unit
from remit.read import read
from remit.source import Span


class TaskField(NamedTuple):
    """A field of a task, and whether an input may lack it once defaults are filled in.

    `file` names the schema, relative to the agent's file, or is None where the shape stands in that file.
    """

    task: str
    name: str
    may_be_absent: bool
    file: str | None


def task_fields(unit: Unit[Agent]) -> Iterator[TaskField]:
    """The fields of every task of an agent; none of a task whose schema cannot be read."""
    for task, shape in unit.definition.spec.tasks.items():
        if isinstance(shape, ObjectType):
            for one in shape.fields:
                yield TaskField(task, one.name, one.optional, None)
        else:
            yield from _of_file(unit, task, shape)


def _of_file(unit: Unit[Agent], task: str, shape: ShapeFile) -> Iterator[TaskField]:
    try:
        schema: Any = unit.portfolio.json(unit.path, shape.path)
    except LookupError:
        return
    properties: Any = schema.get("properties") if is_object(schema) else None
    required: Any = schema.get("required") if is_object(schema) else None
    for name, one in properties.items() if is_object(properties) else ():
        is_certain = (is_list(required) and name in required) or (is_object(one) and "default" in one)
        yield TaskField(task, name, not is_certain, shape.path)


def span_of_field(unit: Unit[Agent], field: TaskField) -> Span:
    """The place of the name of a field: in the shape, or in the file of the schema."""
    if field.file is None:
        # One of the two is written, and a step that leads nowhere is passed over.
        return unit.span(("spec", "tasks", field.task, field.name, f"{field.name}?"), "key")
    path, text = unit.portfolio.included(unit.path, field.file)
    return read(path, text.encode()).key_span(("properties", field.name))
