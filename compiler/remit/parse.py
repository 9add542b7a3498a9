"""Parsing: what was read of a file becomes a definition, or all of its faults in the words of the language."""

import re
from functools import partial
from typing import Any, NamedTuple, cast

from pydantic import BaseModel, ValidationError

from remit.definitions import API_VERSION, KINDS, Definition, Graph, Root
from remit.definitions.choice import NEITHER_FORM, NO_SUCH_TYPE
from remit.definitions.keys import belongs_to, keys_of, parts_at
from remit.definitions.places import ROOT_FILE, kinds_at
from remit.definitions.words import KEY, Wrong, found
from remit.diagnostic import Fault, only_slip
from remit.read import Path, ReadFile, Value
from remit.source import Span

LIBRARY_PREFIX = "std@1/"
"""What the paths of the shipped library begin with."""


class Identity(NamedTuple):
    """The kind and id that a file claims, whatever else is wrong with it."""

    kind: str
    id: str


class ParsedFile(NamedTuple):
    """A definition file after parsing: its definition, or why there is none.

    `pins` are the references with a version (`id@1.2.0`), as they were written.
    """

    file: ReadFile
    definition: Definition | Root | None
    identity: Identity | None
    faults: tuple[Fault, ...]
    pins: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path of the file, from the root of the repository."""
        return self.file.path


def parse(file: ReadFile) -> ParsedFile:
    """The definition of a file that was read, for any value whatever."""
    value = file.value
    if not isinstance(value, dict):
        return ParsedFile(file, None, None, ())
    model, fault = _model_of(file, value)
    identity = _identity_of(value)
    if model is None:
        return ParsedFile(file, None, identity, fault)
    pins: list[str] = []
    try:
        definition = model.model_validate(value, context=pins)
    except ValidationError as error:
        return ParsedFile(file, None, identity, faults_of(error, file, model))
    # An incomplete file may lack what would change its meaning, so it defines nothing.
    return ParsedFile(file, definition if file.complete else None, identity, (), tuple(pins))


# ---- which model


def _model_of(
    file: ReadFile, value: dict[str, Value]
) -> tuple[type[Definition] | type[Root] | None, tuple[Fault, ...]]:
    """The model that the head of a document asks for, or what is wrong with the head."""
    path = file.path.removeprefix(LIBRARY_PREFIX)
    faults = list(_version_faults(file, value))
    if path == ROOT_FILE:
        return (None if faults else Root), tuple(faults)
    kinds = kinds_at(path)
    kind = value.get("kind")
    if "kind" not in value:
        faults.extend(_missing(file, (), ("kind",)))
    elif not isinstance(kind, str):
        faults.append(
            Fault("wrong-type", file.value_span(("kind",)), found(kind), ("a kind such as `Agent`",))
        )
    elif kind not in kinds:
        faults.append(Fault("unknown-value", file.value_span(("kind",)), kind, kinds))
    if faults or not isinstance(kind, str):
        return None, tuple(faults)
    return KINDS[kind], ()


def _version_faults(file: ReadFile, value: dict[str, Value]) -> tuple[Fault, ...]:
    said = value.get("apiVersion")
    if "apiVersion" not in value:
        return _missing(file, (), ("apiVersion",))
    if said == API_VERSION:
        return ()
    kind = "unknown-api-version" if isinstance(said, str) else "wrong-type"
    subject = said if isinstance(said, str) else found(said)
    expected = API_VERSION if isinstance(said, str) else f"`{API_VERSION}`"
    return (Fault(kind, file.value_span(("apiVersion",)), subject, (expected,)),)


def _identity_of(value: dict[str, Value]) -> Identity | None:
    kind, metadata = value.get("kind"), value.get("metadata")
    name = metadata.get("id") if isinstance(metadata, dict) else None
    if isinstance(kind, str) and isinstance(name, str) and kind in KINDS and KINDS[kind] is not Graph:
        return Identity(kind, name)
    return None


# ---- from the errors of a model to faults


def faults_of(error: ValidationError, file: ReadFile, model: type[BaseModel]) -> tuple[Fault, ...]:
    """The faults behind the errors of a model that did not take what was read of `file`."""
    faults: list[Fault] = []
    for one in error.errors(include_url=False):
        steps = one["loc"]
        match one["type"]:
            case "missing":
                faults.extend(_missing(file, file.locate(steps[:-1]), (str(steps[-1]),)))
            case "extra_forbidden":
                faults.append(_unknown_key(file, file.locate(steps[:-1]), str(steps[-1]), model))
            case "refused":
                wrongs: tuple[Wrong, ...] = one.get("ctx", {})["wrongs"]
                for wrong in wrongs:
                    faults.extend(_refused(file, steps, wrong))
            case _:
                faults.extend(
                    _mistaken(file, steps, one["type"], one["msg"], one.get("ctx", {}), one["input"])
                )
    return tuple(faults)


def _unknown_key(file: ReadFile, parent: Path, key: str, model: type[BaseModel]) -> Fault:
    span = file.key_span((*parent, key))
    place = belongs_to(model, parent, key, file.value)
    if place is not None:
        return Fault("misplaced-key", span, key, (_dotted(place),), _where(file, place))
    known = dict.fromkeys(name for part in parts_at(model, parent, file.value) for name in keys_of(part))
    free = [name for name in known if name not in _mapping_at(file, parent)]
    return Fault("unknown-key", span, key, tuple(known), correction=only_slip(key, free))


def _where(file: ReadFile, place: Path) -> Span | None:
    """The place of a mapping that exists, None where it is still to be written."""
    return file.key_span(place) if place and file.locate(place) == place else None


def _missing(file: ReadFile, parent: Path, keys: tuple[str, ...]) -> tuple[Fault, ...]:
    """The fault of a mapping without a key; of a file that broke off nothing can be said to be missing."""
    if not file.complete:
        return ()
    return (Fault("missing-key", _head_span(file, parent), _dotted(parent), keys),)


def _head_span(file: ReadFile, path: Path) -> Span:
    """The smallest place that stands for a mapping: its key, else its own first key."""
    if path and isinstance(path[-1], str):
        return file.key_span(path)
    first = next(iter(_mapping_at(file, path)), None)
    return file.value_span(path) if first is None else file.key_span((*path, first))


def _mapping_at(file: ReadFile, path: Path) -> dict[str, Value]:
    """The mapping at a path, an empty one where something else stands there."""
    value = file.value
    for step in path:
        if isinstance(value, dict):
            value = value[str(step)]
        elif isinstance(value, list):
            value = value[int(step)]
    return value if isinstance(value, dict) else {}


def _refused(file: ReadFile, steps: tuple[str | int, ...], wrong: Wrong) -> tuple[Fault, ...]:
    at = (*steps, *wrong.at)
    if wrong.kind == "missing-key":
        return _missing(file, file.locate(at), wrong.expected)
    on_key = wrong.kind == "exclusive-keys" or KEY in at
    other = None
    if wrong.other_at is not None:
        other = _span(file, (*steps, *wrong.other_at), on_key)
    return (Fault(wrong.kind, _span(file, at, on_key), wrong.subject, wrong.expected, other),)


def _span(file: ReadFile, steps: tuple[str | int, ...], on_key: bool) -> Span:
    path = file.locate([step for step in steps if step != KEY])
    return file.key_span(path) if on_key else file.value_span(path)


def _mistaken(
    file: ReadFile, steps: tuple[str | int, ...], kind: str, message: str, context: dict[str, Any], value: Any
) -> tuple[Fault, ...]:
    """The faults of an error that pydantic itself found."""
    span = _span(file, steps, KEY in steps)
    wrong_type = partial(Fault, "wrong-type", span)
    match kind:
        case "literal_error":
            said = str(context["expected"])
            # Texts are quoted, `True` is not.
            values = tuple(re.findall(r"'([^']*)'", said)) or (said.lower(),)
            if isinstance(value, str):
                return (Fault("unknown-value", span, value, values),)
            return (wrong_type(found(value), (_any_of(values),)),)
        case "union_tag_not_found" | "union_tag_invalid":
            raise RuntimeError("a union has no words for what it does not take")
        case _ if kind == NO_SUCH_TYPE:
            return _no_such_type(file, steps, tuple(message.split()), value)
        case _ if kind == NEITHER_FORM:
            return (wrong_type(found(value), (message,)),)
        case "greater_than_equal" | "less_than_equal":
            bound = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
            return (wrong_type(f"`{value}`", (f"an integer of {bound}",)),)
        case "too_short" if value:
            return ()  # its entries are all wrong, and each is told
        case "too_short":
            what = "an empty list" if isinstance(value, list | tuple) else "an empty mapping"
            return (wrong_type(what, ("at least one entry",)),)
        case _:
            return (wrong_type(found(value), (_EXPECTED[kind],)),)


def _no_such_type(
    file: ReadFile, steps: tuple[str | int, ...], types: tuple[str, ...], value: Any
) -> tuple[Fault, ...]:
    path = file.locate(steps)
    if not isinstance(value, dict):
        return (Fault("wrong-type", file.value_span(path), found(value), ("a mapping with `type`",)),)
    if "type" not in value:
        return _missing(file, path, ("type",))
    said = cast("dict[str, object]", value)["type"]
    span = file.value_span((*path, "type"))
    if isinstance(said, str):
        return (Fault("unknown-value", span, said, types),)
    return (Fault("wrong-type", span, found(said), (_any_of(types),)),)


_EXPECTED = {
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "string_type": "a string",
    "int_type": "an integer",
    "bool_type": "`true` or `false`",
}


def _any_of(values: tuple[str, ...]) -> str:
    quoted = [f"`{value}`" for value in values]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
