"""The routes of a model state, held against what its decision may be (docs/graphs.md, "Which routes are taken")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from remit.definitions.reference import Reference
from remit.definitions.route import Route
from remit.definitions.state import ModelState
from remit.flow.kinds import json_key, kind_of
from remit.flow.plain import plain_at
from remit.flow.sight import is_right_at_sight
from remit.flow.states import Flow
from remit.flow.types import Types
from remit.graph.choices import Choices, Pattern, Taken, choices, combinations, cubes, taken
from remit.source import Span

MOST_MISSING = 3
"""Decisions that are told of one state when they find no route; one more in `Routing.missing` stands for the rest."""


@dataclass(frozen=True)
class Field:
    """What a field of a decision may be: its `values`, and `other` in words where it may be none of them.

    `is_possible` says whether a decision may have it at all, `is_exact` whether each of this can be decided.
    """

    name: str
    values: Mapping[Any, Any]
    other: str | None
    is_possible: bool
    is_exact: bool

    @property
    def count(self) -> int:
        """How many values it has, with that which stands for all others."""
        return len(self.values) + (self.other is not None)

    def text(self, index: int) -> str:
        """A value in words."""
        if index == len(self.values):
            return self.other or ""
        return f"`{self.name}: {written(list(self.values.values())[index])}`"


class Dead(NamedTuple):
    """A route, or one value of its pattern, that no decision takes.

    `field` is set where the pattern speaks of it in vain: it has no such `value`, or where that is None, it is never
    there; `nth` is its place in a list. `before` are the routes that take all of it.
    """

    route: int
    field: str | None = None
    value: Any = None
    nth: int | None = None
    before: tuple[int, ...] = ()


@dataclass(frozen=True)
class Routing:
    """What is found of the routes of a state: those that are dead, and in words the decisions that find none.

    `known` are the fields that the schema of the decision names. An empty text is of decisions whatever they hold.
    """

    state: str
    fields: Mapping[str, Field]
    known: tuple[str, ...]
    dead: tuple[Dead, ...]
    missing: tuple[str, ...]


def decided_at(flow: Flow, state: str) -> Span:
    """Where it is written what a model state decides: its own shape, or the output of the agent."""
    work = flow.states[state].work
    if isinstance(work, ModelState) and work.decides is not None:
        return flow.span_in(state, "decides")
    return flow.unit.span(("spec", "output"))


def routings(flow: Flow) -> tuple[Routing, ...]:
    """What is found of each state that chooses between routes, which a run can reach and which need a closer look."""
    return flow.once(_routings)


def _routings(flow: Flow) -> tuple[Routing, ...]:
    states = [
        (name, state.work.next)
        for name, state in flow.states.items()
        if isinstance(state.work, ModelState)
        and state.work.next[0].when is not None
        and not is_right_at_sight(flow, state, state.work, state.work.next)
    ]
    if not states:
        return ()
    types = flow.once(Types)
    return tuple(routing(types, name, routes) for name, routes in states if name in flow.reached)


def routing(types: Types, state: str, routes: tuple[Route, ...]) -> Routing:
    """What is found of the routes of a state."""
    wanted: dict[str, dict[Any, Any]] = {}
    for route in routes:
        for name, values in (route.when or {}).items():
            wanted.setdefault(name, {}).update({json_key(value): value for value in values})
    fields = {name: _field(types, state, name, values) for name, values in wanted.items()}
    known = types.root(state).fields
    impossible = tuple(
        dead for index, route in enumerate(routes) for dead in _impossible(fields, index, route)
    )
    of = choices({name: field.count for name, field in fields.items()})
    if of is None:
        return Routing(state, fields, known, impossible, ())
    patterns = [_pattern(fields, route) for route in routes]
    result = taken(of, patterns)
    told = {dead.route for dead in impossible}
    shadowed = [
        dead
        for index, route in enumerate(routes)
        if combinations(of, patterns[index]) or index not in told
        for dead in _shadowed(fields, of, patterns, result, index, route)
    ]
    missing: tuple[str, ...] = ()
    if result.left and all(field.is_exact for field in fields.values()):
        found = islice(cubes(of, result.left), MOST_MISSING + 1)
        missing = tuple(
            " and ".join(fields[name].text(value) for name, value in cube.items()) for cube in found
        )
    return Routing(
        state, fields, known, tuple(sorted((*impossible, *shadowed), key=lambda dead: dead.route)), missing
    )


def _field(types: Types, state: str, name: str, wanted: Mapping[Any, Any]) -> Field:
    """What a field may be, as far as the values that are wanted of it tell the difference."""
    steps = tuple(name.split("."))
    found = types.of(Reference(state, steps))
    documents = types.documents(state)
    plain = plain_at(documents[0].schema, steps) if documents else None
    listed = found.values
    if listed is None and plain is not None:
        listed = plain.integers
    if listed is None and all(kind == "boolean" for kind in found.kinds):
        listed = (False, True)
    if listed is None:
        known = {key: value for key, value in wanted.items() if kind_of(value) in found.kinds}
        is_open = True
    else:
        known = {
            json_key(value): value for value in listed if kind_of(value) not in ("null", "array", "object")
        }
        is_open = len(known) < len(listed)
    other = f"any other `{name}`" if is_open else None if found.presence == "always" else f"no `{name}`"
    return Field(name, known, other, found.presence != "never", plain is not None)


def _pattern(fields: Mapping[str, Field], route: Route) -> Pattern:
    numbers = {
        name: {key: index for index, key in enumerate(fields[name].values)} for name in route.when or {}
    }
    return {
        name: [numbers[name][json_key(value)] for value in values if json_key(value) in numbers[name]]
        for name, values in (route.when or {}).items()
    }


def _impossible(fields: Mapping[str, Field], index: int, route: Route) -> Iterator[Dead]:
    """What a pattern wants and no decision has."""
    for name, values in (route.when or {}).items():
        if not fields[name].is_possible:
            yield Dead(index, name)
            continue
        for at, value in enumerate(values):
            if json_key(value) not in fields[name].values:
                yield Dead(index, name, value, at)


def _shadowed(
    fields: Mapping[str, Field],
    of: Choices,
    patterns: list[Pattern],
    result: Taken,
    index: int,
    route: Route,
) -> Iterator[Dead]:
    """What earlier routes leave nothing of: the route, or of a pattern with several values one of them."""
    mine = result.routes[index]
    if not mine:
        yield Dead(index, before=_before(of, patterns, result, index, combinations(of, patterns[index])))
        return
    for name, values in (route.when or {}).items():
        for at, value in enumerate(values):
            key = json_key(value)
            if len(values) == 1 or key not in fields[name].values:
                continue
            only = {**patterns[index], name: (list(fields[name].values).index(key),)}
            own = combinations(of, only)
            if own and not own & mine:
                yield Dead(index, name, value, at, _before(of, patterns, result, index, own))


def _before(of: Choices, patterns: list[Pattern], result: Taken, index: int, some: int) -> tuple[int, ...]:
    """The earlier routes that take some combinations: the one that could take all, or each that takes part."""
    earlier = range(index)
    whole = next((number for number in earlier if not some & ~combinations(of, patterns[number])), None)
    parts = (number for number in earlier if result.routes[number] & some)
    return tuple(parts) if whole is None else (whole,)


def written(value: Any) -> str:
    """A scalar as a definition holds it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    # A text that would be read as another scalar stands in quotes, as it has to in a definition.
    is_word = not isinstance(value, str) or not re.fullmatch(r"true|false|[-+]?[.]?[0-9][-+.0-9eE]*", value)
    return str(value) if is_word else f'"{value}"'
