"""Whether a constant of a definition satisfies the schemas of a place, by the engine that asks at run time too."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn

from remit.flow.kinds import is_list, is_object, kind_of
from remit.flow.reading import Node, Option, types_of
from remit.read import Path

_SILENT = frozenset({"type", "title", "description", "default", "examples", "$comment", "deprecated"})
_DOCUMENT = "urn:remit:document"


class Refused(NamedTuple):
    """What a schema has against a constant: the path in the constant, and a sentence."""

    at: Path
    message: str


def refused(value: Any, option: Option) -> Refused | None:
    """What the schemas of a place have against a constant; None where they take it, or cannot be asked."""
    for node in option.nodes:
        if not surely_takes(node.schema, value):
            found = _asked(node, value)
            if found is not None:
                return found
    return None


def surely_takes(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a schema that says little takes a constant; false where more has to be asked."""
    if kind_of(value) not in types_of(schema.get("type")):
        return False
    left = schema.keys() - _SILENT
    if isinstance(value, str) and left <= {"minLength", "maxLength"}:
        return _within(len(value), schema.get("minLength"), schema.get("maxLength"))
    if kind_of(value) == "integer" and left <= {"minimum", "maximum"}:
        return _within(value, schema.get("minimum"), schema.get("maximum"))
    if is_list(value) and left <= {"items", "maxItems"}:
        items = schema.get("items", {})
        is_short = _within(len(value), None, schema.get("maxItems"))
        return is_short and is_object(items) and all(surely_takes(items, one) for one in value)
    return not left and not isinstance(value, list | dict)


def _within(number: Any, low: Any, high: Any) -> bool:
    bounds = [one for one in (low, high) if one is not None]
    if not all(isinstance(one, int | Decimal) for one in bounds):
        return False
    return (low is None or low <= number) and (high is None or number <= high)


def _asked(node: Node, value: Any) -> Refused | None:
    import jsonschema_rs  # a check without constants to ask about does without it

    document = node.document.schema
    whole = {**document, "$id": _DOCUMENT} if is_object(document) else {"$id": _DOCUMENT}
    pointer = "".join(f"/{_escaped(step)}" for step in node.at)
    schema = {"$ref": f"{_DOCUMENT}#{pointer}", "$defs": {"document": whole}}
    try:
        validator = jsonschema_rs.Draft202012Validator(
            plain(schema), retriever=_refuse, validate_formats=True
        )
        error = next(iter(validator.iter_errors(plain(value))), None)
    except (ValueError, RecursionError, jsonschema_rs.ReferencingError):
        return None  # then the schema is at fault, or nothing can be said
    if error is None:
        return None
    message = error.message.partition("\n")[0].rstrip(".")
    return Refused(tuple(error.instance_path), message if len(message) <= 200 else f"{message[:197]}...")


def _escaped(step: str | int) -> str:
    from urllib.parse import quote

    return quote(str(step).replace("~", "~0").replace("/", "~1"), safe="~")


def _refuse(address: str) -> NoReturn:
    raise ValueError(f"nothing is fetched, and `{address}` stands elsewhere")


def plain(value: Any) -> Any:
    """A value in the types of JSON libraries: exact decimals become integers where they are whole, else floats."""
    if isinstance(value, Decimal):
        return int(value) if value == value // 1 else float(value)
    if is_object(value):
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if is_list(value) else value
