"""Shapes: what a JSON object looks like, as a short mapping or as a file with a JSON Schema."""

from typing import Annotated, Any, Literal, TypeAlias, cast, get_args

import msgspec
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from remit.definitions.words import KEY, JsonSchemaValue, Mark, Wrong, found, refuse, short_reference_word

ScalarName = Literal["string", "integer", "number", "boolean", "object"]
SCALAR_NAMES: tuple[ScalarName, ...] = get_args(ScalarName)


class ScalarType(msgspec.Struct, frozen=True):
    """A named type; `object` is an object with any fields."""

    name: ScalarName


class ArrayType(msgspec.Struct, frozen=True):
    """An array of any length."""

    item: "FieldType"


class ShapeField(msgspec.Struct, frozen=True):
    """A field of an object."""

    name: str
    type: "FieldType"
    optional: bool


class ObjectType(msgspec.Struct, frozen=True):
    """An object of these fields, in the order they were written, and no others."""

    fields: tuple[ShapeField, ...]


class ShapeFile(msgspec.Struct, frozen=True):
    """A JSON Schema in a file, relative to the definition that names it."""

    path: str


FieldType: TypeAlias = ScalarType | ArrayType | ObjectType


def shape_schema(shape: ObjectType) -> dict[str, Any]:
    """The JSON Schema 2020-12 of a shape that is written as a mapping."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": sorted(field.name for field in shape.fields if not field.optional),
        "properties": {field.name: _schema(field.type) for field in shape.fields},
    }


def _schema(kind: FieldType) -> dict[str, Any]:
    match kind:
        case ScalarType(name):
            return {"type": name}
        case ArrayType(item):
            return {"type": "array", "items": _schema(item)}
        case ObjectType():
            return shape_schema(kind)


class _ShapeForm:
    """Makes a shape of what was read."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_shape)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        scalars = {"enum": [f"{name}{mark}" for name in SCALAR_NAMES for mark in ("", "?")]}
        # Two levels are written out; deeper ones an editor takes as they are.
        some: JsonSchemaValue = {"type": ["array", "object"]}
        listed = {"type": "array", "minItems": 1, "maxItems": 1, "items": {"anyOf": [scalars, some]}}
        fields = {"type": "object", "additionalProperties": {"anyOf": [scalars, listed, {"type": "object"}]}}
        return {"anyOf": [{"type": "string", "pattern": r"\.json$"}, fields]}


Shape: TypeAlias = Annotated[ShapeFile | ObjectType, _ShapeForm(), Mark("shape")]

_FIELD = short_reference_word()
_TYPES = "`string`, `integer`, `number`, `boolean`, `object`, a list of one type, or a mapping"


def _shape(value: object) -> ShapeFile | ObjectType:
    if isinstance(value, str):
        if value.endswith(".json") and len(value) > len(".json"):
            return ShapeFile(value)
        refuse(
            Wrong(
                "wrong-type",
                (),
                found(value),
                ("a mapping from field to type, or the path of a `.json` file",),
            )
        )
    if not isinstance(value, dict):
        refuse(
            Wrong(
                "wrong-type",
                (),
                found(value),
                ("a mapping from field to type, or the path of a `.json` file",),
            )
        )
    wrongs: list[Wrong] = []
    shape = _object(cast("dict[str, object]", value), (), wrongs)
    if wrongs:
        refuse(*wrongs)
    return shape


def _object(value: dict[str, object], at: tuple[str | int, ...], wrongs: list[Wrong]) -> ObjectType:
    fields: dict[str, ShapeField] = {}
    for key, written in value.items():
        here = (*at, key)
        name, optional = key.removesuffix("?"), key.endswith("?")
        if not _FIELD.form.fullmatch(name) or "." in name:
            wrongs.append(Wrong("wrong-type", (*here, KEY), f"`{key}`", ("a field name such as `base`",)))
        if name in fields:
            wrongs.append(Wrong("duplicate-id", (*here, KEY), name, (), (*at, name, KEY)))
        if optional and isinstance(written, str):
            wrongs.append(
                Wrong("wrong-type", (*here, KEY), f"`{key}`", (f"`{name}` with `?` behind its type",))
            )
        if isinstance(written, str) and written.endswith("?"):
            written, optional = written[:-1], True
        fields[name] = ShapeField(name, _field_type(written, here, wrongs), optional)
    return ObjectType(tuple(fields.values()))


def _field_type(written: object, at: tuple[str | int, ...], wrongs: list[Wrong]) -> FieldType:
    if isinstance(written, dict):
        return _object(cast("dict[str, object]", written), at, wrongs)
    if isinstance(written, list):
        items = cast("list[object]", written)
        if len(items) == 1:
            return ArrayType(_field_type(items[0], (*at, 0), wrongs))
        wrongs.append(Wrong("wrong-type", at, f"a list of {len(items)}", ("a list of one type",)))
    elif written in SCALAR_NAMES:
        return ScalarType(written)
    elif isinstance(written, str):
        wrongs.append(Wrong("unknown-value", at, written, SCALAR_NAMES))
    else:
        wrongs.append(Wrong("wrong-type", at, found(written), (_TYPES,)))
    return ScalarType("object")
