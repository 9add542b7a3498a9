"""Bindings and the values of a run: what each gives, and which reference has no value."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remit_runtime.bundle.graph import ArrayOf, Binding, Constant, ObjectOf, Reference, Text
from remit_runtime.journal.events import RunStarted
from remit_runtime.models.json_text import Json
from remit_runtime.run.bind import Bound, Unresolved, bind
from remit_runtime.run.state import EMPTY, RunState, fold

GIVEN = '{"pr": 7, "ready": true, "title": "x", "paths": ["a", "b"], "none": null, "share": 0.5}'


@pytest.fixture
def state(make_started: Callable[..., RunStarted]) -> RunState:
    return fold(EMPTY, make_started(GIVEN))


def task(*path: str) -> Reference:
    return Reference("task", path)


@pytest.mark.parametrize(
    ("binding", "value"),
    [
        (Constant('{"a":[1,null]}'), {"a": [1, None]}),
        (task("pr"), 7),
        (task("ready"), True),
        (task("paths"), ["a", "b"]),
        (task("paths", "1"), "b"),
        (task("none"), None),
        (Text((Constant('"PR "'), task("pr"), Constant('": "'), task("title"))), "PR 7: x"),
        (Text((task("ready"), Constant('" "'), task("share"))), "true 0.5"),
        (ObjectOf((("a", task("pr")), ("b", ArrayOf((task("title"),))))), {"a": 7, "b": ["x"]}),
    ],
)
def test_a_binding_gives_a_value_of_the_references_type(
    state: RunState, binding: Binding, value: Json
) -> None:
    assert bind(binding, state) == Bound(value)


@pytest.mark.parametrize(
    ("binding", "message"),
    [
        (task("missing"), "`${task.missing}` has no value: no `missing`"),
        (task("paths", "2"), "`${task.paths.2}` has no value: no `2`"),
        (task("paths", "-1"), "`${task.paths.-1}` has no value: no `-1`"),
        (task("pr", "x"), "`${task.pr.x}` has no value: no `x`"),
        (Reference("files", ()), "`${files}` has no value yet"),
        (Text((task("paths"),)), "`${task.paths}` is no scalar and cannot stand inside a text"),
        (Text((task("none"),)), "`${task.none}` is no scalar and cannot stand inside a text"),
        (ObjectOf((("a", ArrayOf((task("no"),))),)), "`${task.no}` has no value: no `no`"),
    ],
)
def test_a_reference_without_a_value_says_which_and_why(
    state: RunState, binding: Binding, message: str
) -> None:
    bound = bind(binding, state)
    assert isinstance(bound, Unresolved)
    assert bound.message == message
