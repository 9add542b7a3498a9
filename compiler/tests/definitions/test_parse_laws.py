"""Parsing takes any value whatever, tells every mistake at its place, and never raises."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from remit.definitions import KINDS
from remit.definitions.keys import keys_of
from remit.parse import parse
from remit.read import ReadFile, read

PLACES = {
    "Agent": "agents/a/agent.yaml",
    "Graph": "agents/a/graph.yaml",
    "Tool": "tools/t.yaml",
    "McpServer": "tools/s.yaml",
    "EvalSuite": "evals/e/suite.yaml",
    "Release": "releases/r.yaml",
}
WORDS = sorted(
    {
        "type",
        "tool",
        "model",
        "next",
        "when",
        "to",
        "apiVersion",
        "text",
        "loop",
        "graph",
        "ok",
        "input",
        "schema",
        "process",
        "argv",
        "usd",
        "effect",
        "in",
    }
    | {key for model in KINDS.values() for key in keys_of(model)}
    | {key for model in KINDS.values() for key in keys_of(model.model_fields["spec"].annotation)}  # type: ignore[arg-type]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9),
    st.sampled_from(
        ["", "x", "acme.x", "${task.a}", "${", "1.0.0", "read", "tool", "end", "a.json", "string?"]
    ),
    st.text(max_size=8),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


def file_of(path: str, value: Any) -> ReadFile:
    return read(path, b"{}")._replace(value=value)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(sorted(KINDS)), spec=VALUES, metadata=VALUES)
@example(kind="Tool", spec={"implementation": {"process": {"argv": [""]}}, "type": {}}, metadata=[])
@example(
    kind="Graph", spec={"start": "a", "states": {"a": {"type": []}, "b": None, "task": 1}}, metadata=None
)
@example(kind="Agent", spec={"budget": {"usd": Decimal("Infinity")}}, metadata={"id": 1})
def test_any_value_is_a_definition_or_has_faults(kind: str, spec: Any, metadata: Any) -> None:
    path = PLACES.get(kind, "policies/p.yaml")
    value = {"apiVersion": "remit/v1", "kind": kind, "metadata": metadata, "spec": spec}

    parsed = parse(file_of(path, value))

    assert (parsed.definition is None) == bool(parsed.faults)


@settings(max_examples=60, deadline=None)
@given(value=VALUES)
def test_any_value_without_a_head_is_no_definition(value: Any) -> None:
    assert parse(file_of("policies/p.yaml", value)).definition is None


def faults(path: str, text: str) -> list[tuple[str, int, int, str, tuple[str, ...]]]:
    return [
        (fault.kind, fault.span.start.line, fault.span.start.column, fault.subject, fault.expected)
        for fault in parse(read(path, text.encode())).faults
    ]


TYPES = "`context`, `model`, `tool`, `approval`, `check`, `memory`, `handoff`, `parallel` or `end`"
ONE_TYPE = ("a list of one type",)
NOT_TASK = ("a state id that is not `task`, the root of the input",)
HEAD_OF_FILE = "apiVersion: remit/v1\nkind: Approval\n"
HEAD = HEAD_OF_FILE + "metadata: {id: a}\n"


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    found = faults("policies/a.yaml", HEAD + "spec:\n  cuont: 1\n  count: one\n  not_requester: 1\n")

    assert [(kind, line) for kind, line, *_ in found] == [
        ("missing-key", 4),
        ("wrong-type", 6),
        ("wrong-type", 7),
        ("unknown-key", 5),
    ]


def faults_at_mark(path: str, marked: str) -> list[tuple[str, str, tuple[str, ...]]]:
    """The kind, subject and expected words of the faults that begin where `^` stands in a text."""
    before, _, after = marked.partition("^")
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    found = faults(path, before + after)
    return [(kind, subject, expected) for kind, *at, subject, expected in found if tuple(at) == place]


POLICY = "policies/a.yaml"


@pytest.mark.parametrize(
    ("path", "text", "fault"),
    [
        (POLICY, "^kind: Approval\n", ("missing-key", "", ("apiVersion",))),
        (POLICY, "apiVersion: ^1\nkind: Approval\n", ("wrong-type", "an integer", ("`remit/v1`",))),
        (POLICY, "^apiVersion: remit/v1\n", ("missing-key", "", ("kind",))),
        ("releases/a.yaml", "apiVersion: remit/v1\nkind: ^Agent\n", ("unknown-value", "Agent", ("Release",))),
        (POLICY, HEAD + "spec: ^[]\n", ("wrong-type", "a list", ("a mapping",))),
        (POLICY, HEAD + "spec: {role: r, count: ^0}\n", ("wrong-type", "`0`", ("an integer of at least 1",))),
        (POLICY, HEAD + "spec: {role: r, count: ^1.5}\n", ("wrong-type", "a decimal", ("an integer",))),
        (POLICY, HEAD + "spec:\n  role: r\n  evidence: ^null\n", ("wrong-type", "nothing", ("a list",))),
        (POLICY, HEAD + "spec: {role: r, evidence: [a, ^a]}\n", ("duplicate-id", "a", ())),
        (POLICY, f"{HEAD_OF_FILE}^metadata: {{}}\nspec: {{role: r}}\n", ("missing-key", "metadata", ("id",))),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_the_place_to_edit(path: str, text: str, fault: object) -> None:
    assert fault in faults_at_mark(path, text)


GRAPH = "apiVersion: remit/v1\nkind: Graph\nspec:\n  start: a\n  states:\n    "


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("^a: {next: a}", ("missing-key", "spec.states.a", ("type",))),
        ("a: ^[]", ("wrong-type", "a list", ("a mapping with `type`",))),
        ("a: {type: ^[], next: a}", ("wrong-type", "a list", (TYPES,))),
        ("^a: {type: tool, tool: x}", ("missing-key", "spec.states.a", ("next",))),
        ("a: {type: memory, read: s, ^write: s, value: 1, next: a}", ("exclusive-keys", "write", ("read",))),
        ("a: {type: memory, read: s, ^value: 1, next: a}", ("exclusive-keys", "value", ("read",))),
        ("^a: {type: memory, next: a}", ("missing-key", "spec.states.a", ("read", "write"))),
        ("^a: {type: end, outcome: succeeded}", ("missing-key", "spec.states.a", ("output",))),
        ("a: {type: model, next: [{^to: a}, {to: a}]}", ("missing-key", "spec.states.a.next.0", ("when",))),
        ("a: {type: model, next: ^[]}", ("wrong-type", "an empty list", ("at least one entry",))),
        ("a: {type: check, values: {}, schema: {b: ^[]}, next: a}", ("wrong-type", "a list of 0", ONE_TYPE)),
        ("a: {type: model, prompt: ^1, next: a}", ("wrong-type", "an integer", ("a path, or a mapping with `text`",))),
        ("^task: {type: end, outcome: failed}", ("wrong-type", "`task`", NOT_TASK)),
    ],
)  # fmt: skip
def test_a_mistake_in_a_state_is_told_at_the_place_to_edit(state: str, fault: object) -> None:
    assert fault in faults_at_mark("agents/a/graph.yaml", GRAPH + state + "\n")


@pytest.mark.parametrize(
    ("state", "subject"),
    [
        ("a: {type: tool, tool: x, ^prompt: y, next: a}", "prompt"),
        ("a: {type: end, outcome: failed, ^next: a}", "next"),
        ("a: {type: memory, read: s, next: {ok: a, ^error: a}}", "error"),
    ],
)
def test_a_key_of_another_state_is_unknown(state: str, subject: str) -> None:
    assert [fault[:2] for fault in faults_at_mark("agents/a/graph.yaml", GRAPH + state + "\n")] == [
        ("unknown-key", subject)
    ]


def test_a_type_of_state_that_there_is_not_is_an_unknown_value() -> None:
    (found,) = faults_at_mark("agents/a/graph.yaml", GRAPH + "a: {type: ^modle, next: a}\n")

    assert found[:2] == ("unknown-value", "modle")
    assert "model" in found[2]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (HEAD + "spec: {role: r}\n^role: r\n", "spec"),
        (HEAD.replace("{id: a}", "{id: a, ^role: r}") + "spec: {role: r}\n", "spec"),
        (HEAD + "spec: {role: r, ^owner: dev}\n", "metadata"),
        (HEAD + "spec: {role: r, ^metadata: {}}\n", ""),
    ],
)
def test_a_key_one_level_off_is_misplaced(text: str, place: str) -> None:
    assert [fault[0::2] for fault in faults_at_mark(POLICY, text)] == [("misplaced-key", (place,))]


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ("usd: 0.0000001", "a number with at most 6 places"),
        ("minutes: 0.0001", "a number with at most 3 places"),
        ("usd: -1", "a number from 0 to 1000000000"),
        ("minutes: 0", "a number above 0 and up to 10000000"),
        ("usd: '1'", "a number"),
        ("usd: true", "a number"),
    ],
)
def test_an_amount_that_is_not_exact_is_refused(budget: str, expected: str) -> None:
    text = f"apiVersion: remit/v1\nkind: Tenant\nmetadata: {{id: t}}\nspec: {{budget: {{{budget}}}}}\n"
    (found,) = faults("policies/t.yaml", text)

    assert (found[0], found[4]) == ("wrong-type", (expected,))


@pytest.mark.parametrize("name", ["Acme", "acme__x", "a.", ".a", "a..b", "a b", "1a", "a" * 121, "", "acmé"])
def test_an_id_of_another_form_is_refused(name: str) -> None:
    text = f'apiVersion: remit/v1\nkind: Approval\nmetadata: {{id: "{name}"}}\nspec: {{role: r}}\n'

    assert [fault[0] for fault in faults("policies/a.yaml", text)] == ["wrong-type"]


@pytest.mark.parametrize("name", ["a", "a-", "a_b.c-d", "a_.b_", "a.1", "a" * 120])
def test_an_id_of_the_form_is_taken(name: str) -> None:
    text = f'apiVersion: remit/v1\nkind: Approval\nmetadata: {{id: "{name}"}}\nspec: {{role: r}}\n'

    assert faults("policies/a.yaml", text) == []


def test_of_a_file_that_broke_off_nothing_is_said_to_be_missing() -> None:
    parsed = parse(
        read("policies/a.yaml", b"apiVersion: remit/v1\nkind: Approval\nmetadata: {id: a}\nspec: {")
    )

    assert (parsed.definition, parsed.faults) == (None, ())
