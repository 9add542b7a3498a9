"""The fields of a definition that mean something beyond themselves, each with its path: ids, paths, references.

The marks on the types are read once for each model. A field of a kind that is marked is therefore found by every
pass that asks, and none needs a list of its own.
"""

from collections.abc import Callable
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, cast, get_args, get_origin

from pydantic import BaseModel

from remit.definitions.words import KEY, Mark, Meaning, Word

Path = tuple[str | int, ...]


class Leaf(NamedTuple):
    """A marked field: `path` leads to it from the root of the definition, `kind` is the one an id names.

    The last step of the path is `KEY` where the leaf is a key.
    """

    path: Path
    meaning: Meaning
    kind: str
    value: Any


Visit = Callable[[Any, Path, list[Leaf]], None]


def leaves(part: BaseModel, at: Path = ()) -> list[Leaf]:
    """The marked fields of a part that stands at the path `at`, in the order of the model's fields.

    Fields that were left out are not among them.
    """
    found: list[Leaf] = []
    _visit_part(part, at, found)
    return found


def _visit_part(part: BaseModel, at: Path, found: list[Leaf]) -> None:
    given = part.model_fields_set
    for name, key, visit in _plan(type(part)):
        if name in given:
            visit(getattr(part, name), (*at, key), found)


@cache
def _plan(part: type[BaseModel]) -> tuple[tuple[str, str, Visit], ...]:
    """How the fields of a model are visited: name, key and visit of each that holds a mark anywhere."""
    plan: list[tuple[str, str, Visit]] = []
    for name, field in part.model_fields.items():
        visit = _visit_of(field.annotation, tuple(field.metadata))
        if visit is not None:
            plan.append((name, field.alias or name, visit))
    return tuple(plan)


def _visit_of(annotation: Any, metadata: tuple[Any, ...] = ()) -> Visit | None:
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = (*metadata, *more)
    marked = _marked(metadata)
    if marked is not None:
        return marked
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return _visit_union(inner)
    if origin is tuple:
        return _visit_items(_visit_of(inner[0]))
    if origin is dict:
        return _visit_entries(_visit_of(inner[0]), _visit_of(inner[1]))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _visit_part if _holds_marks(annotation) else None
    return None


@cache
def _holds_marks(part: type[BaseModel]) -> bool:
    return bool(_plan(part))


def _marked(metadata: tuple[Any, ...]) -> Visit | None:
    for mark in metadata:
        if isinstance(mark, Mark):
            return _leaf(mark.meaning, "")
        if isinstance(mark, Word) and mark.names is not None:
            return _leaf("id", mark.names)
    return None


def _leaf(meaning: Meaning, kind: str) -> Visit:
    def visit(value: Any, at: Path, found: list[Leaf]) -> None:
        if value is not None:
            found.append(Leaf(at, meaning, kind, value))

    return visit


def _visit_union(members: tuple[Any, ...]) -> Visit | None:
    visits = [_visit_of(member) for member in members if member is not NoneType]
    marked = [visit for visit in visits if visit is not None]
    plain = [visit for visit in marked if visit is not _visit_part]
    if len(plain) > 1:
        raise RuntimeError("a union has two members that are marked and no parts")
    if not marked:
        return None

    has_parts = _visit_part in marked

    def visit(value: Any, at: Path, found: list[Leaf]) -> None:
        # A mark on a whole union that may be left out, as on a text source, is on its parts too.
        if isinstance(value, BaseModel) and has_parts:
            _visit_part(value, at, found)
        elif value is not None and plain:
            plain[0](value, at, found)

    return visit


def _visit_items(item: Visit | None) -> Visit | None:
    if item is None:
        return None

    def visit(value: Any, at: Path, found: list[Leaf]) -> None:
        for index, each in enumerate(cast("tuple[Any, ...]", value)):
            item(each, (*at, index), found)

    return visit


def _visit_entries(key: Visit | None, item: Visit | None) -> Visit | None:
    if key is None and item is None:
        return None

    def visit(value: Any, at: Path, found: list[Leaf]) -> None:
        for name, each in cast("dict[str, Any]", value).items():
            if key is not None:
                key(name, (*at, name, KEY), found)
            if item is not None:
                item(each, (*at, name), found)

    return visit
