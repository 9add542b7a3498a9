"""References and expressions that a model writes in place of values, evaluated over what the run has recorded.

An object with exactly one key of `FORMS` stands for a value. What it stands for is computed here, exactly, and kept
with its operands, so that its origin is known. Pure; everything that is not of the form is a fault with a code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from remit_runtime.policy.material import TASK, Material, Path, value_at
from remit_runtime.policy.normalise import plain

FORMS = ("$ref", "$first", "$max_by", "$sum", "$difference", "$literal")
MAX_EXPRESSIONS = 64
MAX_OPERANDS = 10_000
MAX_DEPTH = 16
MAX_INTEGER = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the run's material: the number of a call, or None for the task's input, and the path there."""

    call: int | None
    path: Path

    @property
    def text(self) -> str:
        """The place as a reference writes it."""
        return ".".join((TASK if self.call is None else f"call.{self.call}", *self.path))


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A value that the gateway found or computed. `places` are its operands; `loose` are numbers of the model's own.

    `compared` are operands that were only compared, of whatever type. A value that was only referred to has one
    place and is not `computed`.
    """

    value: Any
    text: str
    places: tuple[Place, ...]
    loose: tuple[str, ...] = ()
    computed: bool = False
    compared: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Faulty:
    """Why an expression has no value: a stable code and a sentence."""

    code: str
    reason: str


@dataclass(slots=True)
class _Work:
    material: Material
    found: dict[Path, Evaluated] = field(default_factory=dict[Path, Evaluated])
    operands: int = 0


class _Refused(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.fault = Faulty(code, reason)


@dataclass(frozen=True, slots=True)
class Written:
    """Arguments in which every expression has its value, and the expressions by their place."""

    arguments: dict[str, Any]
    expressions: Mapping[Path, Evaluated]


def evaluated(arguments: Mapping[str, Any], material: Material) -> Written | Faulty:
    """The arguments with the value of each reference and expression in them, or why one has none."""
    work = _Work(material)
    try:
        return Written(
            {name: _walked(work, value, (name,), 0) for name, value in arguments.items()}, work.found
        )
    except _Refused as refused:
        return refused.fault


def _walked(work: _Work, value: Any, path: Path, depth: int) -> Any:
    if depth > 128:
        raise _Refused("reference_malformed", "the arguments are nested too deep")
    if isinstance(value, dict):
        fields: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType] -- any JSON
        form = next((name for name in fields if name in FORMS), None)
        if form is None:
            return {name: _walked(work, item, (*path, name), depth + 1) for name, item in fields.items()}
        if len(fields) != 1:
            raise _Refused("reference_malformed", f"`{form}` stands beside other keys")
        if form == "$literal":
            return fields[form]
        if len(work.found) >= MAX_EXPRESSIONS:
            raise _Refused("expression_too_large", f"a call holds more than {MAX_EXPRESSIONS} expressions")
        work.found[path] = _value(work, fields, 0)
        return work.found[path].value
    if isinstance(value, list):
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType] -- any JSON
        return [_walked(work, item, (*path, str(index)), depth + 1) for index, item in enumerate(items)]
    return value


def _value(work: _Work, expression: Any, depth: int) -> Evaluated:
    """The value of an expression, or of a number that stands in its place."""
    if depth > MAX_DEPTH:
        raise _Refused("expression_too_large", "an expression is nested too deep")
    if isinstance(expression, (int, float)) and not isinstance(expression, bool):
        return Evaluated(expression, _text(expression), (), (_text(expression),), computed=True)
    if not isinstance(expression, dict) or len(expression) != 1:  # pyright: ignore[reportUnknownArgumentType] -- any JSON
        raise _Refused("reference_malformed", "an operand is a number, a reference or an expression")
    fields: dict[str, Any] = expression  # pyright: ignore[reportUnknownVariableType] -- any JSON
    [(form, body)] = fields.items()
    text = _text(expression)
    if form == "$ref" and isinstance(body, str):
        place = _place(body)
        return Evaluated(_read(work, place), text, (place,))
    if form == "$difference" and isinstance(body, list) and len(body) == 2:  # pyright: ignore[reportUnknownArgumentType] -- any JSON
        return _difference(work, text, body, depth)  # pyright: ignore[reportUnknownArgumentType] -- any JSON
    if form == "$sum" and isinstance(body, list) and body:
        items: list[Any] = body  # pyright: ignore[reportUnknownVariableType] -- any JSON
        parts = [_value(work, item, depth + 1) for item in items]
        return _computed(text, parts, _numbers(parts))
    if isinstance(body, dict):
        named: dict[str, Any] = body  # pyright: ignore[reportUnknownVariableType] -- any JSON
        return _over_items(work, text, form, named)
    raise _Refused("reference_malformed", f"`{form[:50]}` is not of its form")


def _difference(work: _Work, text: str, body: list[Any], depth: int) -> Evaluated:
    parts = [_value(work, item, depth + 1) for item in body]
    first, second = _numbers(parts)
    return _computed(text, parts, [first, -second])


_KEYS = {
    "$first": ({"of"}, {"of", "take"}),
    "$max_by": ({"of", "by"}, {"of", "by", "take"}),
    "$sum": ({"of", "take"},) * 2,
}


def _over_items(work: _Work, text: str, form: str, named: dict[str, Any]) -> Evaluated:
    """The value of a form over the items of a list."""
    needed, known = _KEYS.get(form, (set[str](), set[str]()))
    if not (needed and needed <= set(named) <= known and all(isinstance(one, str) for one in named.values())):
        raise _Refused("reference_malformed", f"`{form[:50]}` is not of its form")
    of = named["of"]
    take = _steps(named["take"]) if "take" in named else ()
    items = _items(work, of)
    if form == "$max_by":
        return _largest(work, text, of, named["by"], take)
    if form == "$first":
        place = _place(of, "0", *take)
        return Evaluated(_read(work, place), text, (place,))
    places = [_place(of, str(index), *take) for index in range(len(items))]
    parts = [Evaluated(_read(work, place), place.text, (place,)) for place in places]
    return _computed(text, parts, _numbers(parts))


def _largest(work: _Work, text: str, of: str, by: str, take: Path) -> Evaluated:
    count = len(_items(work, of))
    if count == 0:
        raise _Refused("reference_unresolved", f"`{of}` holds no items")
    compared = [_place(of, str(index), *_steps(by)) for index in range(count)]
    parts = [Evaluated(_read(work, place), place.text, (place,)) for place in compared]
    numbers = _numbers(parts)
    largest = max(numbers)
    if numbers.count(largest) > 1:
        raise _Refused("expression_ambiguous", f"two items of `{of}` have the largest `{by}`")
    taken = _place(of, str(numbers.index(largest)), *take)
    value = _read(work, taken)
    return Evaluated(value, text, (taken,), computed=True, compared=tuple(compared))


def _computed(text: str, parts: list[Evaluated], numbers: list[Decimal]) -> Evaluated:
    total = sum(numbers, Decimal(0))
    whole = total == total.to_integral_value()
    value: int | float = int(total) if whole else float(total)
    if abs(total) > MAX_INTEGER or (not whole and Decimal(repr(value)) != total):
        raise _Refused(
            "expression_not_numbers", f"the result {plain(total)[:40]} is no number that JSON keeps exactly"
        )
    places = tuple(dict.fromkeys(place for part in parts for place in part.places))
    return Evaluated(value, text, places, tuple(one for part in parts for one in part.loose), computed=True)


def _numbers(parts: list[Evaluated]) -> list[Decimal]:
    numbers: list[Decimal] = []
    for part in parts:
        value = part.value
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) <= MAX_INTEGER:
            raise _Refused("expression_not_numbers", f"`{part.text[:200]}` is not a number")
        numbers.append(Decimal(repr(value)))
    return numbers


def _place(text: str, *more: str) -> Place:
    root, *steps = (*_steps(text), *more)
    if root == TASK:
        return Place(None, tuple(steps))
    if root == "call" and steps and steps[0].isascii() and steps[0].isdigit() and len(steps[0]) <= 6:
        return Place(int(steps[0]), tuple(steps[1:]))
    raise _Refused("reference_malformed", f"`{text[:200]}` begins with neither `task` nor `call.N`")


def _steps(text: str) -> Path:
    steps = tuple(text.split("."))
    if not all(steps) or len(text) > 1000:
        raise _Refused("reference_malformed", f"`{text[:200]}` is no path of keys with dots between them")
    return steps


def _items(work: _Work, of: str) -> list[Any]:
    value = _read(work, _place(of))
    if not isinstance(value, list):
        raise _Refused("reference_unresolved", f"`{of[:200]}` is no list")
    return value  # pyright: ignore[reportUnknownVariableType] -- any JSON


def _read(work: _Work, place: Place) -> Any:
    work.operands += 1
    if work.operands > MAX_OPERANDS:
        raise _Refused("expression_too_large", f"a call refers to more than {MAX_OPERANDS} values")
    source = None if place.call is None else work.material.call(place.call)
    if place.call is not None and source is None:
        raise _Refused("reference_unresolved", f"no call {place.call} of this run has ended")
    there, value = value_at(work.material.input if source is None else source.value, place.path)
    if not there:
        raise _Refused("reference_unresolved", f"`{place.text[:200]}` has no value")
    return value


def _text(expression: Any) -> str:
    return json.dumps(expression, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
