"""What a definition binds, held against the schema of the place it is bound to: what can never be right there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from remit.definitions.reference import Reference, pieces, reference_of
from remit.flow.constants import refused, surely_takes
from remit.flow.fits import misfit
from remit.flow.kinds import Kind, is_list, is_object, words_of
from remit.flow.reading import ANYTHING, Document, Option, Reading, declared, reading, step
from remit.flow.types import Types, defaulted
from remit.read import Path

SCALARS: frozenset[Kind] = frozenset({"boolean", "integer", "fraction", "string"})
"""What may stand inside a text (docs/language.md, section 3)."""
_COMBINED = frozenset({"allOf", "anyOf", "oneOf", "$ref", "enum", "const"})


class Unfit(NamedTuple):
    """A part of a binding that is never right where it is bound.

    `at` is its path in the binding, `reason` the end of a sentence about what is given, `reference` what gives it, and
    `wanted` the ways in which it would be right. `is_key` where the key is at fault, not its value.
    """

    at: Path
    reason: str
    reference: Reference | None = None
    wanted: tuple[Option, ...] = ()
    is_key: bool = False


def unfits(
    types: Types | None, binding: Any, wanted: Document, *, is_filled: bool = False
) -> tuple[Unfit, ...]:
    """What of a binding can never satisfy a schema; without `types` nothing is known of references.

    With `is_filled` the defaults at the top of the schema are filled in first.
    """
    if _surely(types, binding, wanted):
        return ()
    filled = defaulted(wanted) if is_filled else ()
    return tuple(_unfits(types, binding, reading(wanted), (), filled))


def texts(types: Types, binding: Any, at: Path = ()) -> Iterator[Unfit]:
    """The references inside texts of a binding that give what cannot stand inside a text."""
    if isinstance(binding, str):
        if "${" in binding and _whole(binding) is None:
            yield from _in_text(types, binding, at)
    elif is_object(binding):
        for name, one in binding.items():
            yield from texts(types, one, (*at, name))
    elif is_list(binding):
        for index, one in enumerate(binding):
            yield from texts(types, one, (*at, index))


def _in_text(types: Types, text: str, at: Path) -> Iterator[Unfit]:
    found = pieces(text)
    for piece in found if len(found) > 1 else ():
        if isinstance(piece, Reference):
            given = types.of(piece)
            if given.presence != "never" and not given.kinds & SCALARS:
                yield Unfit(at, words_of(given.kinds), piece)


# ---- the quick answer, which is the right one nearly always


def _surely(types: Types | None, binding: Any, wanted: Document) -> bool:
    """Whether everything plainly fits: a mapping of what has the plain type that is wanted, and nothing is missing."""
    schema = wanted.schema
    if isinstance(binding, str):
        reference = _whole(binding)
        return reference is not None and types is not None and _is_same(types, reference, wanted)
    if not is_object(schema) or not is_object(binding) or _is_combined(schema):
        return False
    required = schema.get("required", [])
    if not is_list(required) or any(name not in binding for name in required):
        return False
    return all(_plainly(types, one, declared(schema, (name,))) for name, one in binding.items())


def _is_same(types: Types, reference: Reference, wanted: Document) -> bool:
    documents = types.documents(reference.root)
    if reference.steps or len(documents) != 1:
        return False
    home = documents[0].home
    return documents[0].schema is wanted.schema or (home is not None and home == wanted.home)


def _plainly(types: Types | None, binding: Any, wanted: Mapping[str, Any] | None) -> bool:
    if wanted is None:
        return False
    if not isinstance(binding, str) or "${" not in binding:
        return surely_takes(wanted, binding)
    reference = _whole(binding)
    if reference is None:
        return wanted.get("type") == "string" and not _is_combined(wanted)
    if types is None:
        return False
    given = types.plain(reference)
    return given is not None and _same_type(given, wanted)


def _same_type(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    if _is_combined(given) or _is_combined(wanted):
        return False
    kind = given.get("type")
    if kind != wanted.get("type") or not isinstance(kind, str) or kind == "object":
        return False
    if kind != "array":
        return True
    ours, theirs = given.get("items"), wanted.get("items")
    return is_object(ours) and is_object(theirs) and _same_type(ours, theirs)


def _is_combined(schema: Mapping[str, Any]) -> bool:
    """Whether more than plain keywords say what a value is."""
    return not _COMBINED.isdisjoint(schema)


def _whole(text: str) -> Reference | None:
    """The reference that a text is and nothing else."""
    return reference_of(text[2:-1]) if text[:2] == "${" and text[-1:] == "}" else None


# ---- the whole answer


def _unfits(
    types: Types | None, binding: Any, wanted: Reading, at: Path, filled: Collection[str] = ()
) -> Iterator[Unfit]:
    if isinstance(binding, str):
        yield from _of_text(types, binding, wanted, at)
        return
    kind: Kind | None = "object" if is_object(binding) else "array" if is_list(binding) else None
    if kind is None:
        yield from _of_constant(binding, wanted, at)
        return
    options = [option for option in wanted.options if kind in option.kinds]
    if not options:
        yield Unfit(at, _instead(kind, wanted), None, wanted.options)
        return
    ways = [list(_of_parts(types, binding, option, at, filled)) for option in options]
    best = min(ways, key=len)
    if best or not _is_constant(binding):
        yield from best
    else:
        yield from _of_constant(_meant(binding), Reading("always", tuple(options)), at)


def _of_parts(
    types: Types | None, binding: Any, option: Option, at: Path, filled: Collection[str]
) -> Iterator[Unfit]:
    """What does not fit in a mapping or a list, in one of the ways in which it may be right."""
    here = Reading("always", (option,))
    if is_object(binding):
        for name in sorted(option.required):
            if name not in binding and name not in filled:
                yield Unfit(at, f"no `{name}`, which is wanted there", None, (option,))
    elif step(here, str(len(binding))).presence == "always":
        yield Unfit(at, "fewer items than are wanted there", None, (option,))
    for key, one in _parts(binding):
        below = step(here, str(key))
        if below.presence != "never":
            yield from _unfits(types, one, below, (*at, key))
        elif isinstance(key, str):
            yield Unfit((*at, key), f"`{key}`, which is not allowed there", None, (option,), is_key=True)
        else:
            yield Unfit((*at, key), "more items than are allowed there", None, (option,))


def _parts(binding: Any) -> Sequence[tuple[str | int, Any]]:
    """The keys and values of a mapping, or the positions and items of a list."""
    if is_object(binding):
        return list(binding.items())
    return list(enumerate(binding if is_list(binding) else []))


def _of_text(types: Types | None, text: str, wanted: Reading, at: Path) -> Iterator[Unfit]:
    found = pieces(text)
    if all(isinstance(piece, str) for piece in found):
        yield from _of_constant(_meant(text), wanted, at)
    elif len(found) == 1 and isinstance(found[0], Reference):
        given = ANYTHING if types is None else types.of(found[0])
        # What is never there is told as that.
        reason = None if given.presence == "never" else misfit(given, wanted)
        if reason is not None:
            yield Unfit(at, reason, found[0], wanted.options)
    elif "string" not in wanted.kinds:
        yield Unfit(at, _instead("string", wanted), None, wanted.options)


def _of_constant(value: Any, wanted: Reading, at: Path) -> Iterator[Unfit]:
    reason = misfit(reading(Document({"const": value})), wanted)
    if reason is not None:
        yield Unfit(at, reason, None, wanted.options)
        return
    against = [refused(value, option) for option in wanted.options]
    first = next((one for one in against if one is not None), None)
    if first is not None and None not in against:
        yield Unfit((*at, *first.at), f"what it refuses: {first.message}", None, wanted.options)


def _instead(kind: Kind, wanted: Reading) -> str:
    return f"{words_of(frozenset({kind}))} where {words_of(wanted.kinds)} is wanted"


def _is_constant(binding: Any) -> bool:
    if isinstance(binding, str):
        return all(isinstance(piece, str) for piece in pieces(binding))
    if is_object(binding):
        return all(_is_constant(one) for one in binding.values())
    return not is_list(binding) or all(_is_constant(one) for one in binding)


def _meant(binding: Any) -> Any:
    """The value of a binding without references: `$${` is written for `${`."""
    if isinstance(binding, str):
        return "".join(piece for piece in pieces(binding) if isinstance(piece, str))
    if is_object(binding):
        return {name: _meant(one) for name, one in binding.items()}
    return [_meant(one) for one in binding] if is_list(binding) else binding
