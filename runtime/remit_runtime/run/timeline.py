"""A run drawn in time: its spans and its children's as a tree, with what each took and cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from remit_runtime.journal.family import Family
from remit_runtime.run.wording import money, one_line, when
from remit_runtime.trace import names
from remit_runtime.trace.derive import spans_of
from remit_runtime.trace.span import Span

_SAYS = (names.OUTCOME, names.REASON, names.DECIDED, names.CODE, names.REQUIREMENT, names.PEOPLE, names.RULES)
_LISTS = (names.EXCLUDED, names.CHECKS, names.UNTRUSTED_VALUES, names.REDACTIONS)


def drawn_text(family: Family) -> str:
    """The tree of a run as a person reads it: begin, time taken, money, and what it is."""
    spans = spans_of(family)
    costs = _costs(spans)
    started, first = family.started, spans[0]
    lines = [
        f"{family.run}  {started.agent} {started.version}  trace {first.trace_id}",
        f"began {when(first.start_ms)}",
        "",
        f"{'begins':>12}  {'took':>12}  {'USD':>10}",
    ]
    lines += [_line(one, first.start_ms, costs) for one in _rows(spans)]
    spent, allowed = money(costs[first.span_id]), money(started.budget.microusd)
    return "\n".join([*lines, "", f"in all {spent} of {allowed} USD"])


def drawn_json(family: Family) -> str:
    """The same spans as one JSON object, as they would be exported."""
    spans = spans_of(family)
    body = {
        "version": 1,
        "run": family.run,
        "trace_id": spans[0].trace_id,
        "spans": [
            {
                "name": one.name,
                "span_id": one.span_id,
                "parent_id": one.parent_id,
                "run": one.run,
                "seq": one.seq,
                "start_ms": one.start_ms,
                "end_ms": one.end_ms,
                "status": one.status,
                "message": one.message,
                "attributes": dict(one.attributes),
            }
            for one in spans
        ],
    }
    return json.dumps(body, sort_keys=True)


@dataclass(frozen=True)
class _Row:
    span: Span
    branches: str


def _rows(spans: Sequence[Span]) -> list[_Row]:
    """The spans depth first, each with the lines that lead to it."""
    below: dict[str | None, list[Span]] = {}
    for one in spans:
        below.setdefault(one.parent_id, []).append(one)
    rows: list[_Row] = []
    # A stack: a run of many handoffs is deeper than Python lets functions be.
    waiting = [(spans[0], "", "")]
    while waiting:
        span, before, lead = waiting.pop()
        rows.append(_Row(span, before + lead))
        onward = before + ("" if not lead else "|  " if lead == "|- " else "   ")
        children = below.get(span.span_id, [])
        for index, child in reversed(list(enumerate(children))):
            waiting.append((child, onward, "`- " if index == len(children) - 1 else "|- "))
    return rows


def _line(row: _Row, zero_ms: int, costs: Mapping[str, int]) -> str:
    span = row.span
    began = f"+{span.start_ms - zero_ms} ms"
    took = "open" if span.end_ms is None else f"{span.end_ms - span.start_ms} ms"
    cost = money(costs[span.span_id]) if costs[span.span_id] else ""
    return f"{began:>12}  {took:>12}  {cost:>10}  {row.branches}{_said(span)}".rstrip()


def _said(span: Span) -> str:
    kind = span.name.removeprefix("agent.")
    words = [kind] if kind == span.label else [kind, one_line(span.label, 80)]
    text = " ".join(words)
    told = [_text(span.attributes[name]) for name in _SAYS if name in span.attributes]
    told += [
        f"{name.rpartition('.')[2]} {_text(span.attributes[name])}"
        for name in _LISTS
        if name in span.attributes
    ]
    told = [one for one in dict.fromkeys(told) if one and one != span.label]
    return f"{text}: {', '.join(told)}" if told else text


def _text(value: str | int | bool | tuple[str, ...]) -> str:
    return one_line(", ".join(value) if isinstance(value, tuple) else str(value), 120)


def _costs(spans: Sequence[Span]) -> dict[str, int]:
    """What each span has cost with everything below it, in micro-US-dollars."""
    total = {one.span_id: one.spent_microusd for one in spans}
    # A span comes before what stands under it, so backwards every sum is complete when it is passed on.
    for one in reversed(spans):
        if one.parent_id in total:
            total[one.parent_id] += total[one.span_id]
    return total
