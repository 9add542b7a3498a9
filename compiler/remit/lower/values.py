"""Values with references become bindings; constants become canonical JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from remit.definitions.reference import Malformed, pieces
from remit.definitions.reference import Reference as Written
from remit_runtime.bundle.graph import ArrayOf, Binding, Constant, ObjectOf, Reference, Text
from remit_runtime.canonical import MAX_INTEGER, canonical_json_full
from remit_runtime.errors import NotCanonical


def binding_of(value: Any) -> Binding:
    """The binding of a YAML value in whose strings references may stand (docs/language.md section 3)."""
    if isinstance(value, str):
        return _string(value)
    if is_mapping(value):
        if not _holds_reference(value):
            return constant(value)
        return ObjectOf(tuple((key, binding_of(value[key])) for key in sorted(value)))
    if is_list(value):
        if not _holds_reference(value):
            return constant(value)
        return ArrayOf(tuple(binding_of(item) for item in value))
    return constant(value)


def mapping_of(values: Mapping[str, Any]) -> Binding:
    """The binding of a mapping of bindings, such as arguments."""
    return binding_of(dict(values))


def whole_reference(text: str) -> Reference:
    """The reference that a text of the form `${...}` is."""
    (piece,) = pieces(text)
    if not isinstance(piece, Written):
        raise RuntimeError("a text that was checked to be one reference is not")
    return Reference(piece.root, piece.steps)


def short_reference(text: str) -> Reference:
    """The reference that is written without `${}` around it."""
    root, *steps = text.split(".")
    return Reference(root, tuple(steps))


def constant(value: Any) -> Constant:
    """A value without references as canonical JSON text."""
    return Constant(json_text(value))


def json_text(value: Any) -> str:
    """The canonical JSON text of a YAML value.

    Raises:
        NotCanonical: see `json_bytes`.
    """
    return json_bytes(value).decode()


def json_bytes(value: Any) -> bytes:
    """The canonical JSON of a YAML or JSON value; an exact decimal becomes the JSON number that is equal to it.

    Raises:
        NotCanonical: `number_out_of_range` or `number_inexact`: a number that JSON readers would change.
    """
    _refuse_inexact(value)
    return canonical_json_full(plain(value))


def plain(value: Any) -> Any:
    """A YAML value in JSON's own types."""
    if isinstance(value, Decimal):
        # Beyond 2^53 a JSON reader has doubles only, and 1e999999999 as an integer would fill the memory.
        is_whole = value.adjusted() < 16 and value == value.to_integral_value()
        return int(value) if is_whole and abs(value) <= MAX_INTEGER else float(value)
    if is_mapping(value):
        return {key: plain(item) for key, item in value.items()}
    if is_list(value):
        return [plain(item) for item in value]
    return value


def is_mapping(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a YAML value is a mapping."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a YAML value is a list."""
    return isinstance(value, list)


def _refuse_inexact(value: Any) -> None:
    if isinstance(value, Decimal):
        # RFC 8785 §3.2.2.3 writes a double: digits that it cannot hold would change in the bundle without a word.
        if Decimal(str(plain(value))) != value:
            raise NotCanonical(
                "number_inexact", f"the number `{value}` has more digits than JSON readers keep"
            )
    elif is_mapping(value):
        for item in value.values():
            _refuse_inexact(item)
    elif is_list(value):
        for item in value:
            _refuse_inexact(item)


def _string(value: str) -> Binding:
    parts = [_part(piece) for piece in pieces(value)]
    if len(parts) == 1:
        return parts[0]
    return Text(tuple(parts)) if parts else constant("")


def _part(piece: str | Written | Malformed) -> Constant | Reference:
    match piece:
        case str():
            return constant(piece)
        case Written():
            return Reference(piece.root, piece.steps)
        case Malformed():
            raise RuntimeError("a malformed reference was lowered")


def _holds_reference(value: Any) -> bool:
    """Whether any string below needs more than to be copied; `$${` does, because it is written for `${`."""
    if isinstance(value, str):
        return "${" in value
    if is_mapping(value):
        return any(_holds_reference(item) for item in value.values())
    return is_list(value) and any(_holds_reference(item) for item in value)
