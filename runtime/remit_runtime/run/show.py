"""A run in full, for a person and for a program: every state, decision, call and audit row.

What came from outside (arguments, outputs, reasons, names) is untrusted: hidden and control characters stand escaped.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from remit_runtime.bundle.manifest import SourceMap
from remit_runtime.journal.audit import AuditRow
from remit_runtime.journal.events import RunResumed, RunStarted
from remit_runtime.journal.records import RunRecord, StoredEvent
from remit_runtime.journal.sqlite import Journal
from remit_runtime.run.tell import told
from remit_runtime.run.wording import money, one_json, one_line, when


def shown_of(journal: Journal, run: str, places: SourceMap | None) -> str:
    """A run as a person reads it: what it is, what happened in order, and its audit.

    Raises:
        UsageError: there is no such run.
        JournalCorrupt: the journal does not hold.
    """
    record, events = journal.read(run), journal.events(run)
    where = places_of(places)
    children = [journal.read(one) for one in journal.children(run)]
    lines = [*_head(record, events)]
    lines += [f"  handed to   {one.agent}, run {one.run}: {one.reason or one.status}" for one in children]
    lines += ["", "what happened"]
    for stored in events:
        lines += (line.rstrip() for line in told(stored, where))
    lines += ["", "audit", *(audit_line(row) for row in journal.audit_rows(run))]
    return "\n".join(lines)


def shown_json_of(journal: Journal, run: str, places: SourceMap | None) -> str:
    """The same as one JSON object, with ASCII only.

    Raises:
        UsageError: there is no such run.
        JournalCorrupt: the journal does not hold.
    """
    record, events = journal.read(run), journal.events(run)
    body: dict[str, Any] = {
        "version": 1,
        "run": {**asdict(record), "budget": msgspec.to_builtins(record.budget)},
        "events": [
            {"seq": one.seq, "at_ms": one.at_ms, "hash": one.hash, "event": msgspec.to_builtins(one.event)}
            for one in events
        ],
        "audit": [msgspec.to_builtins(row) for row in journal.audit_rows(run)],
        "places": places_of(places),
    }
    return json.dumps(body, sort_keys=True)


def audit_line(row: AuditRow) -> str:
    """An audit row on one line."""
    parts = [
        f"{row.seq:>6}",
        when(row.at_ms),
        row.event,
        row.outcome,
        row.principal,
        row.tool,
        None if row.resource is None else f"{row.resource_type} {row.resource}",
        row.code,
        *row.rules,
        row.detail,
    ]
    return "  ".join(one_line(part) for part in parts if part)


def _head(record: RunRecord, events: Sequence[StoredEvent]) -> list[str]:
    started = next((one.event for one in events if isinstance(one.event, RunStarted)), None)
    spent, budget = record.spent, record.budget
    lines = [
        f"{record.run}  {record.agent} {record.version}  {record.reason or record.status}",
        f"  bundle      {record.bundle} in {record.environment}",
        f"  task        {record.task}, asked by {one_line(record.user)}{' (asserted)' if record.asserted_user else ''}",
        f"  started     {when(record.created_ms)}",
    ]
    lines.append(f"  deadline    {when(record.deadline_ms)}{_waited(record, events)}")
    if record.ended_ms is not None:
        lines.append(f"  ended       {when(record.ended_ms)}, after {record.ended_ms - record.created_ms} ms")
    if record.parent is not None:
        lines.append(f"  child of    {record.parent}")
    if started is not None:
        lines += [f"  workspace   {name} at {commit}" for name, commit in started.workspaces]
        lines.append(f"  model       {started.model_adapter}")
        lines.append(f"  input       {one_json(started.input)}")
    lines.append(
        f"  budget      steps {spent.steps} of {budget.steps},"
        f" model calls {spent.model_calls} of {budget.model_calls},"
        f" tool calls {spent.tool_calls} of {budget.tool_calls},"
        f" {money(spent.microusd)} of {money(budget.microusd)} USD,"
        f" {budget.milliseconds / 1000:g} s"
    )
    return lines


def _waited(record: RunRecord, events: Iterable[StoredEvent]) -> str:
    """How long the run has waited for people, which its deadline does not count."""
    waited = sum(one.event.waited_ms for one in events if isinstance(one.event, RunResumed))
    parts = [] if waited == 0 else [f"after {waited} ms for which it waited for people"]
    if record.waits_ms is not None:
        parts.append(f"standing still since {when(record.waits_ms)}")
    return "".join(f", {part}" for part in parts)


def places_of(places: SourceMap | None) -> Mapping[str, str]:
    """The file, line and column of each rule, grant and state by its id; none where the map is not at hand."""
    if places is None:
        return {}
    return {place.id: f"{place.path}:{place.line}:{place.column}" for place in places.places}
