"""What a JSON Schema says of a place in the values that satisfy it: which types can stand there, and whether they do.

A reading never leaves out a value that a schema allows (docs/types.md): what is not understood is left out of the
schema, so that it only allows more. It raises for no schema, and takes a bounded number of steps for any.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import unquote

from remit.flow.kinds import KINDS, Kind, is_list, is_object, json_key, kind_of
from remit.read import Path

Presence = Literal["always", "maybe", "never"]

MAX_OPTIONS = 64
"""Alternatives of one value; where `anyOf` and `oneOf` make more they are left out."""
MAX_WORK = 2_000
"""Schemas looked at for one place."""
MAX_DEPTH = 60
"""Schemas inside each other at one place."""

_TYPES: Mapping[str, frozenset[Kind]] = {
    "null": frozenset({"null"}),
    "boolean": frozenset({"boolean"}),
    "integer": frozenset({"integer"}),
    "number": frozenset({"integer", "fraction"}),
    "string": frozenset({"string"}),
    "array": frozenset({"array"}),
    "object": frozenset({"object"}),
}


class Home(NamedTuple):
    """Where a schema document stands: below `at` in the definition at `path`, or in the `file` that it names.

    `is_shape` where it is written as a shape, so that its places are those of the shape's fields.
    """

    path: str
    at: Path = ()
    file: str | None = None
    is_shape: bool = False


@dataclass(frozen=True, eq=False)
class Document:
    """A whole JSON Schema, in which `$ref` leads, and where it stands; None of one that nobody wrote."""

    schema: Any
    home: Home | None = None


class Node(NamedTuple):
    """A schema inside a document, and the path to it."""

    schema: Mapping[str, Any]
    document: Document
    at: Path


@dataclass(frozen=True, eq=False)
class Option:
    """One way in which a value may be: it satisfies every node. Without nodes it may be anything."""

    nodes: tuple[Node, ...]
    kinds: frozenset[Kind]
    values: tuple[Any, ...] | None
    """The only values that it may be, where they are listed."""

    @cached_property
    def required(self) -> frozenset[str]:
        """The keys that it has where it is an object."""
        found: set[str] = set()
        for node in self.nodes:
            names = node.schema.get("required")
            if is_list(names):
                found.update(name for name in names if isinstance(name, str))
        return frozenset(found)


ANY = Option((), KINDS, None)


@dataclass(frozen=True, eq=False)
class Reading:
    """What stands at a place: whether something does, and in which ways that may be."""

    presence: Presence
    options: tuple[Option, ...]

    @cached_property
    def kinds(self) -> frozenset[Kind]:
        """The types that may stand there."""
        return frozenset(kind for option in self.options for kind in option.kinds)

    @cached_property
    def values(self) -> tuple[Any, ...] | None:
        """The only values that may stand there, each once; None where they are not listed."""
        found: dict[Any, Any] = {}
        for option in self.options:
            if option.values is None:
                return None
            for value in option.values:
                found.setdefault(json_key(value), value)
        return tuple(found.values())

    @property
    def fields(self) -> tuple[str, ...]:
        """The keys that schemas name here, each once and in their order."""
        names: dict[str, None] = {}
        for option in self.options:
            for node in option.nodes:
                for name, schema in _mapping(node.schema.get("properties")).items():
                    if schema is not False:
                        names[name] = None
        return tuple(names)


UNKNOWN = Reading("maybe", (ANY,))
ANYTHING = Reading("always", (ANY,))


@dataclass(frozen=True, eq=False)
class Graft:
    """A reading that stands as a schema in a document that was made from several."""

    reading: Reading


Schema: TypeAlias = Any
"""A JSON Schema (an object or a boolean), or a `Graft` in one."""


# ---- reading


def reading(document: Document, steps: Iterable[str] = ()) -> Reading:
    """What a document says of the place that the steps lead to; a schema that nothing satisfies says nothing."""
    options = _options([_Budget().alternatives(document.schema, document, ())])
    found = Reading("always", options or (ANY,))
    for one in steps:
        found = step(found, one)
    return found


def step(found: Reading, word: str) -> Reading:
    """What stands below a place, at a key or, in arrays, at a position in digits."""
    votes: list[Presence] = []
    options: list[Option] = []
    for option in found.options:
        for kind in option.kinds:
            presence, below = _below(option, kind, word)
            if presence is not None:
                votes.append(presence)
            options.extend(below)
    if not options or not votes or found.presence == "never":
        return Reading("never", ())
    is_always = found.presence == "always" and all(vote == "always" for vote in votes)
    # Alternatives past the cap are one: anything.
    kept = tuple(options) if len(options) <= MAX_OPTIONS else (ANY,)
    return Reading("always" if is_always else "maybe", kept)


def item(found: Reading) -> Reading:
    """What the first item of an array is."""
    return step(found, "0")


def declared(schema: Schema, steps: Sequence[str]) -> Mapping[str, Any] | None:
    """The schema to which plain `properties` lead along all steps, so that no reading is needed; None where none do."""
    here: Any = schema
    for one in steps:
        below: Any = here.get("properties") if is_object(here) else None
        here = below.get(one) if is_object(below) else None
    return here if is_object(here) else None


def _below(option: Option, kind: Kind, word: str) -> tuple[Presence | None, tuple[Option, ...]]:
    """Whether values of one kind have something at a step, and what; no presence where there are no such values."""
    if kind == "object":
        described = [_field(node, word) for node in option.nodes]
        must = word in option.required
    elif kind == "array" and _is_index(word):
        index = int(word)
        described = [_item(node, index) for node in option.nodes]
        must = any(_count(node.schema.get("minItems"), 0) > index for node in option.nodes)
        if any(_count(node.schema.get("maxItems"), index + 1) <= index for node in option.nodes):
            return (None if must else "never"), ()
    else:
        return "never", ()
    if option.values is not None:
        return _among(option.values, kind, word, described)
    options = _options(described)
    if not options:
        return (None if must else "never"), ()
    return ("always" if must else "maybe"), options


def _among(
    values: tuple[Any, ...], kind: Kind, word: str, described: list[_Alternatives]
) -> tuple[Presence | None, tuple[Option, ...]]:
    """The same where the values are listed."""
    here = [value for value in values if kind_of(value) == kind]
    found = [child for value in here for child in _child(value, word)]
    options = _options([*described, [(Node({"enum": found}, _NOBODYS, ()),)]]) if found else ()
    if not options:
        return "never", ()
    return ("always" if len(found) == len(here) else "maybe"), options


def _child(value: Any, word: str) -> Iterator[Any]:
    if is_object(value):
        if word in value:
            yield value[word]
    elif is_list(value) and int(word) < len(value):
        yield value[int(word)]


def _field(node: Node, word: str) -> _Alternatives:
    schema = node.schema
    properties = _mapping(schema.get("properties"))
    if word in properties:
        return _Budget().alternatives(properties[word], node.document, (*node.at, "properties", word))
    # Whether a pattern takes a key is for another engine to say.
    if schema.get("patternProperties"):
        return _ANYTHING
    return _Budget().alternatives(
        schema.get("additionalProperties", True), node.document, (*node.at, "additionalProperties")
    )


def _item(node: Node, index: int) -> _Alternatives:
    first = node.schema.get("prefixItems")
    if is_list(first) and index < len(first):
        return _Budget().alternatives(first[index], node.document, (*node.at, "prefixItems", index))
    return _Budget().alternatives(node.schema.get("items", True), node.document, (*node.at, "items"))


# ---- alternatives: a schema as the ways in which a value may satisfy it

_Alternatives: TypeAlias = list[tuple[Node, ...]]
_ANYTHING: _Alternatives = [()]
_NOBODYS = Document(True)


class _Budget:
    """Takes a schema apart, a bounded number of schemas in all. What lies beyond is left out of the schema."""

    def __init__(self) -> None:
        self.left = MAX_WORK

    def alternatives(
        self, schema: Schema, document: Document, at: Path, passed: tuple[str, ...] = ()
    ) -> _Alternatives:
        """The ways to satisfy a schema; none where nothing does. `passed` are the words that led here."""
        self.left -= 1
        if schema is False:
            return []
        if isinstance(schema, Graft):
            return [option.nodes for option in schema.reading.options]
        is_over = self.left < 0 or len(passed) > MAX_DEPTH
        if not is_object(schema) or is_over or (at and "$id" in schema):
            return _ANYTHING
        own = schema
        parts: list[_Alternatives] = [[(Node(own, document, at),)]]
        parts += self._all_of(own, document, at, passed)
        for word in ("anyOf", "oneOf"):
            if is_list(own.get(word)):
                ways = enumerate(own[word])
                parts.append(
                    [
                        way
                        for index, one in ways
                        for way in self.alternatives(one, document, (*at, word, index), (*passed, word))
                    ]
                )
        return _every(parts)

    def _all_of(
        self, schema: dict[str, Any], document: Document, at: Path, passed: tuple[str, ...]
    ) -> Iterator[_Alternatives]:
        if is_list(schema.get("allOf")):
            for index, one in enumerate(schema["allOf"]):
                yield self.alternatives(one, document, (*at, "allOf", index), (*passed, "allOf"))
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in passed:
            target = _target(document.schema, reference)
            if target is not None:
                yield self.alternatives(target[1], document, target[0], (*passed, reference))


def _every(parts: Iterable[_Alternatives]) -> _Alternatives:
    """The ways to be one of each part at once; a part that would make too many is left out."""
    found: _Alternatives = _ANYTHING
    for part in parts:
        if not part:
            return []
        if len(found) * len(part) <= MAX_OPTIONS:
            found = [(*one, *other) for one, other in product(found, part)] if found != _ANYTHING else part
    return found


def _options(parts: Iterable[_Alternatives]) -> tuple[Option, ...]:
    """The ways that are left when types and listed values are compared."""
    options = (_option(nodes) for nodes in _every(parts))
    return tuple(option for option in options if option is not None)


def _option(nodes: tuple[Node, ...]) -> Option | None:
    if not nodes:
        return ANY
    kinds = KINDS
    values: dict[Any, Any] | None = None
    for node in nodes:
        kinds &= types_of(node.schema.get("type"))
        for listed in _listed(node.schema):
            keys = {json_key(value): value for value in listed}
            values = keys if values is None else {key: values[key] for key in values if key in keys}
    if values is None:
        return Option(nodes, kinds, None) if kinds else None
    left = tuple(value for value in values.values() if kind_of(value) in kinds)
    return Option(nodes, frozenset([kind_of(value) for value in left]), left) if left else None


def types_of(written: object) -> frozenset[Kind]:
    """The types of a keyword `type`; all where it says none that is known."""
    if isinstance(written, str):
        return _TYPES.get(written, KINDS)
    if is_list(written):
        known = [_TYPES[word] for word in written if isinstance(word, str) and word in _TYPES]
        if known and len(known) == len(written):
            return frozenset[Kind]().union(*known)
    return KINDS


def _listed(schema: Mapping[str, Any]) -> Iterator[list[Any]]:
    if "const" in schema:
        yield [schema["const"]]
    if is_list(schema.get("enum")):
        yield schema["enum"]


def _target(document: Schema, reference: str) -> tuple[Path, Schema] | None:
    """The path and the schema of a reference within the document; None where it is none that is read."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    found: Any = document
    at: list[str | int] = []
    for part in reference.split("/")[1:]:
        word = unquote(part).replace("~1", "/").replace("~0", "~")
        if at and is_object(found) and "$id" in found:
            return None
        if is_object(found) and word in found:
            found = found[word]
            at.append(word)
        elif is_list(found) and _is_index(word) and int(word) < len(found):
            found = found[int(word)]
            at.append(int(word))
        else:
            return None
    return tuple(at), found


# ---- keywords


def _mapping(value: object) -> Mapping[str, Any]:
    return value if is_object(value) else {}


def _is_index(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 10


def _count(value: object, otherwise: int) -> int:
    """A number of items; what stands for none where none is written."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return otherwise
    return int(value)
