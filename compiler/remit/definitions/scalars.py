"""Scalars that a pattern wants of a value: text, integers, exact decimals and truth values."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeAlias, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from remit.definitions.words import JsonSchemaValue, Wrong, found, refuse

Scalar: TypeAlias = str | int | bool | Decimal
_SCALAR: JsonSchemaValue = {"type": ["string", "number", "boolean"]}


@dataclass(frozen=True)
class _Scalars:
    """One scalar, or where `many` a list of some, made a tuple."""

    many: bool

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._tuple if self.many else _scalar)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        some = {"type": "array", "minItems": 1, "items": _SCALAR}
        return {"anyOf": [_SCALAR, some]} if self.many else _SCALAR

    def _tuple(self, value: object) -> tuple[Scalar, ...]:
        if not isinstance(value, list):
            return (_scalar(value, "a scalar or a list of scalars"),)
        if not value:
            refuse(Wrong("wrong-type", (), "an empty list", ("at least one scalar",)))
        items = cast("list[object]", value)
        wrong = [
            Wrong("wrong-type", (i,), found(item), ("a scalar",))
            for i, item in enumerate(items)
            if not isinstance(item, Scalar)
        ]
        if wrong:
            refuse(*wrong)
        return tuple(item for item in items if isinstance(item, Scalar))


def _scalar(value: object, expected: str = "a scalar") -> Scalar:
    if not isinstance(value, Scalar):
        refuse(Wrong("wrong-type", (), found(value), (expected,)))
    return value


OneScalar = Annotated[Scalar, _Scalars(many=False)]
Scalars = Annotated[tuple[Scalar, ...], _Scalars(many=True)]
"""One scalar or a list of some, as a tuple: any of them is wanted."""
