"""JSON Schemas of tools and shapes: valid 2020-12, an object at the root, and nothing fetched from elsewhere."""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, NamedTuple, NoReturn, cast

from remit.definitions.leaves import Leaf
from remit.definitions.shape import ObjectType, ShapeFile
from remit.definitions.words import found
from remit.diagnostic import Fault
from remit.link.named_files import named_json, named_source
from remit.link.work import Work
from remit.parse import LIBRARY_PREFIX
from remit.read import Path, ReadFile, read
from remit.source import Span

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Flaw(NamedTuple):
    """What is wrong with a schema, as the end of a sentence, and the path in it."""

    at: Path
    reason: str


def link_schema(work: Work, base: str, leaf: Leaf) -> None:
    """Reads and checks the schema that a tool or a shape names or holds."""
    written: object = leaf.value
    if isinstance(written, ObjectType):
        return
    if isinstance(written, dict):
        if not base.startswith(LIBRARY_PREFIX):  # what ships with the compiler was checked when it was built
            file = work.file(base).file
            _record(work, cast("Any", written), lambda at: file.value_span(file.locate((*leaf.path, *at))))
        return
    name = written.path if isinstance(written, ShapeFile) else str(written)
    named = named_json(work, base, leaf.path, name)
    if named is None:
        return
    path, value = named
    _record(work, value, lambda at: _span_in_json(read(path, named_source(work, base, path)), at))


def schema_at(work: Work, base: str, source: object) -> dict[str, Any] | None:
    """The JSON object that stands inline or in a file that was read; None where there is none."""
    value: object = source.path if isinstance(source, ShapeFile) else source
    if isinstance(value, str):
        try:
            value = work.portfolio.json(base, value)
        except LookupError:
            return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def declared_fields(work: Work, base: str, source: object) -> tuple[str, ...] | None:
    """The top-level fields that a schema or shape names, be it open or not; None where it cannot be read."""
    if isinstance(source, ObjectType):
        return tuple(field.name for field in source.fields)
    schema = schema_at(work, base, source)
    properties: object = None if schema is None else schema.get("properties", {})
    return tuple(cast("dict[str, Any]", properties)) if isinstance(properties, dict) else None


def field_names(work: Work, base: str, source: object) -> tuple[str, ...] | None:
    """The top-level fields that an object may have and no others; None where that is open or unknown."""
    schema = schema_at(work, base, source)
    if schema is not None and (
        schema.get("additionalProperties") is not False or "patternProperties" in schema
    ):
        return None
    return declared_fields(work, base, source)


def _span_in_json(file: ReadFile, at: Path) -> Span:
    return file.value_span(file.locate(at))


def _record(work: Work, schema: Any, span: Callable[[Path], Span]) -> None:
    for at, reason in _flaws(schema):
        work.faults.append(Fault("invalid-json-schema", span(at), reason))


def _flaws(schema: Any) -> list[_Flaw]:
    """What is wrong with a schema; the first thing, but for references, of which all are told."""
    if not isinstance(schema, dict):
        return [_Flaw((), f"a JSON Schema with `type: object` is wanted here, and this is {found(schema)}")]
    root = cast("dict[str, Any]", schema)
    if root.get("$schema", DIALECT) != DIALECT:
        return [_Flaw(("$schema",), f"only the dialect `{DIALECT}` is read")]
    if root.get("type") != "object":
        at: Path = ("type",) if "type" in root else ()
        return [_Flaw(at, "the root of the schema needs `type: object`")]
    outside = list(_outside_references(root))
    return outside or _invalid(root)


def _outside_references(schema: dict[str, Any]) -> Iterator[_Flaw]:
    """The references that lead out of the document; nothing is fetched, now or when the bundle runs."""
    waiting: list[tuple[Path, object]] = [((), schema)]
    while waiting:
        at, value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(((*at, i), item) for i, item in enumerate(cast("list[object]", value)))
        elif isinstance(value, dict):
            for key, item in cast("dict[str, object]", value).items():
                if key in ("$ref", "$dynamicRef") and isinstance(item, str):
                    if not item.startswith("#"):
                        yield _Flaw((*at, key), f"`{item}` leads out of the document")
                else:
                    waiting.append(((*at, key), item))


def _invalid(schema: dict[str, Any]) -> list[_Flaw]:
    import jsonschema_rs  # a check without schemas of its own does without it

    try:
        jsonschema_rs.Draft202012Validator(schema, retriever=_refuse)
    except jsonschema_rs.ValidationError as error:
        return [_explained(schema, error.message, tuple(error.instance_path))]
    except ValueError as error:  # a number or a depth that it cannot hold
        return [_Flaw((), f"the schema cannot be used: {_plain(str(error))}")]
    return []


def _refuse(address: str) -> NoReturn:
    raise ValueError(f"nothing is fetched, and `{address}` stands elsewhere")


def _explained(schema: dict[str, Any], message: str, at: Path) -> _Flaw:
    """The flaw in better words than the fast validator's: those of the deepest error that fits."""
    # The library leaves the types of its errors to the reader; only a schema that is wrong pays for it.
    jsonschema: Any = import_module("jsonschema")
    meta = jsonschema.Draft202012Validator(jsonschema.Draft202012Validator.META_SCHEMA)
    error: Any = jsonschema.exceptions.best_match(meta.iter_errors(schema))
    if error is None:
        return _Flaw(at, _plain(message))
    # A type is one of some words, or a list of them; the words say more than "neither".
    error = next((one for one in error.context or () if one.validator == "enum"), error)
    return _Flaw(tuple(error.absolute_path), _in_words(error))


def _in_words(error: Any) -> str:
    match error.validator:
        case "enum":
            wanted = ", ".join(f"`{one}`" for one in error.validator_value)
            return f"expected one of {wanted}, found {found(error.instance)}"
        case "type":
            types: list[str] | str = error.validator_value
            wanted = types if isinstance(types, str) else " or ".join(types)
            return f"expected {wanted}, found {found(error.instance)}"
        case _:
            return _plain(str(error.message))


def _plain(message: str) -> str:
    line = message.partition("\n")[0].rstrip(".")
    return (line[:1].lower() + line[1:]).replace("'", "`")
