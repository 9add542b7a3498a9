"""Which keys a mapping of a definition may have, by its path: for saying what an unknown key was meant to be."""

from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel

from remit.definitions.words import KEY

Path = tuple[str | int, ...]


def keys_of(part: type[BaseModel]) -> tuple[str, ...]:
    """The keys of a part, in the order of the language."""
    return tuple(field.alias or name for name, field in part.model_fields.items())


def parts_at(model: type[BaseModel], path: Path, value: object) -> tuple[type[BaseModel], ...]:
    """The models that the mapping at `path` may be of, where `value` is the whole that was read.

    More than one only where the mapping does not say of what type it is.
    """
    here: list[Any] = [model]
    for step in path:
        here = [inner for one in here for inner in _below(one, step)]
        value = _value_below(value, step)
        here = _of_type(here, value)
    return tuple(one for one in here if _is_part(one))


def belongs_to(model: type[BaseModel], path: Path, key: str, value: object) -> Path | None:
    """Where an unknown `key` of the mapping at `path` is known: one level down, one up, or beside; None if nowhere."""
    for part in parts_at(model, path, value):
        for name in keys_of(part):
            if any(key in keys_of(inner) for inner in parts_at(model, (*path, name), value)):
                return (*path, name)
    above = path
    while above:
        above = above[:-1]
        parts = parts_at(model, above, value)
        if not parts:
            continue  # a list, or a mapping whose keys the author chooses: the mapping around it is one level up
        if any(key in keys_of(part) for part in parts):
            return above
        for name in (name for part in parts for name in keys_of(part)):
            if any(key in keys_of(inner) for inner in parts_at(model, (*above, name), value)):
                return (*above, name)
        return None
    return None


def _is_part(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _below(annotation: Any, step: str | int) -> list[Any]:
    """What may stand at one step below a type."""
    if _is_part(annotation):
        for name, field in annotation.model_fields.items():
            if step == (field.alias or name):
                return _members(field.annotation)
        return []
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is tuple and isinstance(step, int):
        return _members(inner[0])
    if origin is dict and isinstance(step, str) and step != KEY:
        return _members(inner[1])
    return []


def _members(annotation: Any) -> list[Any]:
    """The types that a type stands for: itself, or the members of a union."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [one for member in get_args(annotation) if member is not NoneType for one in _members(member)]
    return [annotation]


def _value_below(value: object, step: str | int) -> object:
    if isinstance(value, dict) and isinstance(step, str):
        return cast("dict[str, object]", value).get(step)
    if isinstance(value, list) and isinstance(step, int):
        items = cast("list[object]", value)
        return items[step] if 0 <= step < len(items) else None
    return None


def _of_type(types: list[Any], value: object) -> list[Any]:
    """Of several parts that a `type` tells apart, the one that the value names, if it names one."""
    said = _value_below(value, "type")
    named = [one for one in types if _is_part(one) and said is not None and said in _type_names(one)]
    default = [one for one in types if _is_part(one) and _has_default_type(one)]
    if named:
        return named
    return default if said is None and default else types


def _type_names(part: type[BaseModel]) -> tuple[Any, ...]:
    field = part.model_fields.get("type")
    return get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()


def _has_default_type(part: type[BaseModel]) -> bool:
    return bool(_type_names(part)) and not part.model_fields["type"].is_required()
