"""Spans: derived from events alone, complete, nested, and holding no more than the agent allows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from remit_runtime.journal.family import Family
from remit_runtime.trace import names
from remit_runtime.trace.attributes import MAX_CONTENT
from remit_runtime.trace.derive import spans_of
from remit_runtime.trace.span import Span, span_id, trace_id

PARENTS: dict[str, set[str | None]] = {
    names.RUN: {None, names.HANDOFF},
    names.STATE: {names.RUN},
    names.CONTEXT: {names.STATE},
    names.DECISION: {names.STATE},
    names.POLICY: {names.TOOL},
    names.APPROVAL: {names.TOOL, names.STATE},
    names.CREDENTIAL: {names.TOOL, names.DECISION},
    names.TOOL: {names.STATE},
    names.HANDOFF: {names.STATE},
    names.VERIFICATION: {names.STATE, names.RUN},
    names.OUTPUT: {names.RUN},
}
SAID = ("acme/shop", "password", "One key", "request_changes", "the key is real", "Which label")


def until(family: Family, count: int) -> Family:
    """The family as it stood after the first events of its run."""
    events = family.events[:count]
    started = {getattr(one.event, "child", None) for one in events}
    children = tuple(one for one in family.children if one.run in started)
    return Family(family.run, family.outermost, events, children)


def with_content(family: Family, content: str) -> Family:
    """The family of agents that allow other content."""
    first = family.events[0]
    event: Any = msgspec.structs.replace(first.event, content=content)
    own = (replace(first, event=event), *family.events[1:])
    return Family(
        family.run, family.outermost, own, tuple(with_content(one, content) for one in family.children)
    )


def held(spans: tuple[Span, ...]) -> str:
    """All that spans hold, as one text."""
    return "\n".join(
        f"{one.label} {one.message} {value}" for one in spans for value in one.attributes.values()
    )


def test_a_governed_run_has_all_eleven_spans(governed_run: Family) -> None:
    assert {one.name for one in spans_of(governed_run)} == set(names.SPANS)


def test_every_span_stands_under_the_right_one(governed_run: Family) -> None:
    spans = spans_of(governed_run)
    by_id = {one.span_id: one for one in spans}
    for one in spans:
        parent = None if one.parent_id is None else by_id[one.parent_id].name
        assert parent in PARENTS[one.name], (one.name, one.label)
    assert [one.run for one in spans if one.parent_id is None] == ["run_review"]


def test_a_child_shares_the_trace_and_stands_under_its_handoff(governed_run: Family) -> None:
    spans = spans_of(governed_run)
    assert {one.trace_id for one in spans} == {trace_id("run_review")}
    child = next(one for one in spans if one.name == names.RUN and one.run == "run_explain")
    handoff = next(one for one in spans if one.name == names.HANDOFF)
    assert child.parent_id == handoff.span_id


def test_ids_are_of_the_form_that_receivers_take_and_differ(governed_run: Family) -> None:
    ids = [one.span_id for one in spans_of(governed_run)]
    assert len(set(ids)) == len(ids)
    assert all(len(one) == 16 and int(one, 16) for one in ids)
    assert len(trace_id("run_review")) == 32
    assert span_id("run_a", 1, names.TOOL) != span_id("run_a", 1, names.POLICY)


@pytest.mark.parametrize("count", range(1, 48))
def test_a_span_that_is_over_stays_as_it_is(governed_run: Family, count: int) -> None:
    before = {one.span_id: one for one in spans_of(until(governed_run, count)) if one.closed is not None}
    after = {one.span_id: one for one in spans_of(governed_run)}
    changed = [one.name for id_, one in before.items() if after[id_] != one]
    assert changed == []


def test_a_run_that_has_ended_has_no_open_span(governed_run: Family) -> None:
    assert [one for one in spans_of(governed_run) if one.closed is None] == []


def test_no_span_ends_before_it_begins(governed_run: Family) -> None:
    assert all(one.end_ms is not None and one.start_ms <= one.end_ms for one in spans_of(governed_run))


def test_an_agent_that_allows_no_content_gives_none(governed_run: Family) -> None:
    text = held(spans_of(with_content(governed_run, "none")))
    assert [one for one in SAID if one in text] == []
    assert "github.pr.comment" in text


def test_content_is_cut_short_unless_all_of_it_is_allowed(governed_run: Family) -> None:
    last = governed_run.events[-1]
    event: Any = msgspec.structs.replace(last.event, output="x" * 5_000)
    events = (governed_run.events[0], replace(last, event=event))
    family = Family(governed_run.run, governed_run.run, events, ())
    short = spans_of(with_content(family, "redacted"))[-1].attributes[names.OUTPUT_TEXT]
    assert short == f"{'x' * MAX_CONTENT}... (5000 characters)"
    assert spans_of(with_content(family, "full"))[-1].attributes[names.OUTPUT_TEXT] == "x" * 5_000


def test_the_input_of_a_task_stands_only_in_spans_that_may_hold_everything(governed_run: Family) -> None:
    assert names.INPUT not in spans_of(governed_run)[0].attributes
    assert names.INPUT in spans_of(with_content(governed_run, "full"))[0].attributes


def test_a_call_that_was_not_sent_is_an_error_with_the_code_of_its_denial(governed_run: Family) -> None:
    merge = next(one for one in spans_of(governed_run) if one.label == "github.pr.merge")
    assert (merge.status, merge.message, merge.start_ms == merge.end_ms) == ("error", "tool_denied", True)


def test_names_of_attributes_are_all_pinned(governed_run: Family) -> None:
    pinned = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    assert {key for one in spans_of(governed_run) for key in one.attributes} <= pinned
