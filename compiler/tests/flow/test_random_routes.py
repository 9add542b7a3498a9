"""Routes over random schemas: what is said of them is what trying every decision shows."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema_rs
from hypothesis import given, settings
from hypothesis import strategies as st

from remit.check import check
from remit.definitions import Agent
from remit.definitions.state import ModelState
from remit.flow import Flow, flow_of
from remit.flow.routes import Routing, routing
from remit.flow.sight import is_right_at_sight
from remit.flow.types import Types
from remit.git import folder_tree
from remit.link import Unit

AGENT = """\
apiVersion: remit/v1
kind: Agent
metadata: {id: acme.sorter, version: 0.1.0, owner: dev}
spec:
  purpose: Sort.
  tasks: {sort: {text: string}}
  instructions: {text: Sort it.}
  models: [dev]
  orchestration: {graph: graph.yaml}
  output: out.json
"""
WORDS = ("a", "b", 1, 2, True, False)
TRIED: tuple[Any, ...] = (*WORDS, "z", 7, None, {}, 1.5, ...)
"""Values that are tried of each field: those that are spoken of, one more of each type, and at last none at all."""
Json = Mapping[str, Any]

words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique_by=repr)
leaves = st.one_of(
    words.map(lambda some: {"enum": some}),
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "string", "maxLength": 1},
            {"type": "boolean"},
            {"type": "integer", "minimum": 1, "maximum": 2},
            {"type": "integer"},
            {"type": ["boolean", "null"]},
            {"type": ["string", "integer"]},
            {"const": "a"},
            {"$ref": "#/$defs/one"},
            {"type": "string", "pattern": "^[ab]$"},
            {"anyOf": [{"const": "a"}, {"type": "boolean"}]},
            {"type": "object"},
            True,
            {},
        ]
    ),
)


@st.composite
def schemas(draw: st.DrawFn) -> dict[str, Any]:
    fields = draw(st.dictionaries(st.sampled_from("vw"), leaves, max_size=2))
    schema: dict[str, Any] = {
        "type": "object",
        "required": draw(st.lists(st.sampled_from("vw"), unique=True)),
        "properties": fields,
        "$defs": {"one": {"enum": ["a", 1]}},
    }
    if draw(st.booleans()):
        schema["additionalProperties"] = False
    if draw(st.booleans()):
        schema["if"] = {"properties": {"v": {"const": "a"}}, "required": ["v"]}
        schema["then"] = {"properties": {"w": {"enum": ["a", "b"]}}}
    return schema


@st.composite
def routes(draw: st.DrawFn) -> list[dict[str, Any]]:
    patterns = st.dictionaries(st.sampled_from("vw"), words, min_size=1, max_size=2)
    found = [{"when": when, "to": "done"} for when in draw(st.lists(patterns, min_size=1, max_size=4))]
    return [*found, {"to": "done"}] if draw(st.booleans()) else found


def flow_over(schema: Json, chosen: list[dict[str, Any]]) -> Flow:
    """An agent whose one model state decides by a schema and chooses between routes."""
    states = {"sort": {"type": "model", "next": chosen}, "done": {"type": "end", "outcome": "failed"}}
    graph = {"apiVersion": "remit/v1", "kind": "Graph", "spec": {"start": "sort", "states": states}}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "agents").mkdir()
        (root / "remit.yaml").write_text("apiVersion: remit/v1\norganisation: acme\nuse: [std@1]\n")
        (root / "agents" / "agent.yaml").write_text(AGENT)
        (root / "agents" / "graph.yaml").write_text(json.dumps(graph))
        (root / "agents" / "out.json").write_text(json.dumps(schema))
        portfolio = check(folder_tree(root)).portfolio
    agent = portfolio.of(Agent)["acme.sorter"]
    flow = flow_of(Unit(portfolio.path_of(agent), agent, portfolio))
    assert flow is not None
    return flow


def work_of(flow: Flow) -> ModelState:
    work = flow.states["sort"].work
    assert isinstance(work, ModelState)
    return work


def found_of(schema: Json, chosen: list[dict[str, Any]]) -> Routing:
    flow = flow_over(schema, chosen)
    return routing(Types(flow), "sort", work_of(flow).next)


def decisions(schema: Json) -> Iterator[Json]:
    """Every decision of the values that are tried, or without a field, which the schema takes."""
    takes = jsonschema_rs.validator_for(dict(schema))
    for v, w in product(TRIED, repeat=2):
        decision: dict[str, Any] = {name: value for name, value in (("v", v), ("w", w)) if value is not ...}
        if takes.is_valid(decision):
            yield decision


def is_same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def holds(when: Json, decision: Json) -> bool:
    return all(
        name in decision and any(is_same(decision[name], value) for value in values)
        for name, values in when.items()
    )


def taker(chosen: list[dict[str, Any]], decision: Json) -> int | None:
    found = (index for index, route in enumerate(chosen) if holds(route.get("when", {}), decision))
    return next(found, None)


@given(schemas(), routes())
@settings(max_examples=40, deadline=None)
def test_a_dead_route_is_taken_by_no_decision_that_the_schema_takes(
    schema: Json, chosen: list[dict[str, Any]]
) -> None:
    dead = found_of(schema, chosen).dead

    for decision in decisions(schema):
        index = taker(chosen, decision)
        for one in (one for one in dead if one.route == index):
            # Only a value among several is dead, and it is none that this decision has.
            assert one.field is not None
            assert one.nth is not None
            assert not is_same(decision[one.field], one.value)


@given(schemas(), routes())
@settings(max_examples=40, deadline=None)
def test_what_is_missing_can_be_decided_and_plain_schemas_miss_nothing(
    schema: Json, chosen: list[dict[str, Any]]
) -> None:
    found = found_of(schema, chosen)

    lost = [decision for decision in decisions(schema) if taker(chosen, decision) is None]
    is_plain = all(field.is_exact for field in found.fields.values())
    assert bool(found.missing) == (bool(lost) and is_plain)


@given(schemas(), routes())
@settings(max_examples=40, deadline=None)
def test_where_a_schema_is_plain_every_route_that_no_decision_takes_is_dead(
    schema: Json, chosen: list[dict[str, Any]]
) -> None:
    found = found_of(schema, chosen)

    if all(field.is_exact for field in found.fields.values()):
        takers = {taker(chosen, decision) for decision in decisions(schema)}
        assert set(range(len(chosen))) - takers <= {one.route for one in found.dead}


@given(schemas(), routes())
@settings(max_examples=40, deadline=None)
def test_what_is_right_at_first_sight_is_right(schema: Json, chosen: list[dict[str, Any]]) -> None:
    flow = flow_over(schema, chosen)
    work = work_of(flow)

    if is_right_at_sight(flow, flow.states["sort"], work, work.next):
        found = routing(Types(flow), "sort", work.next)
        assert (found.dead, found.missing) == ((), ())


def test_most_states_are_right_at_first_sight() -> None:
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": ["v", "w"],
        "properties": {"v": {"enum": ["a", "b"]}, "w": {"type": "string"}},
    }
    default: dict[str, Any] = {"to": "done"}
    for chosen in (
        [{"when": {"v": "a"}, **default}, {"when": {"v": ["b"]}, **default}],
        [{"when": {"v": "a"}, **default}, default],
        [{"when": {"w": ["a", "b"]}, **default}, default],
    ):
        flow = flow_over(schema, chosen)
        work = work_of(flow)
        assert is_right_at_sight(flow, flow.states["sort"], work, work.next)
