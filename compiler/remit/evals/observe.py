"""What a finished run shows to graders, read from its journal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from remit.evals.graders.observed import Call, Observed, Request
from remit.evals.services import READS, Sent
from remit_runtime.gateway.schemas import Schemas
from remit_runtime.invoke import Runtime
from remit_runtime.journal.events import ChildStarted, ToolDecided
from remit_runtime.journal.sqlite import Journal
from remit_runtime.run.result import ArtifactFile, RunResult


def observed(
    runtime: Runtime, result: RunResult, schemas: Schemas, output: Any, sent: Sequence[Sent] = ()
) -> Observed:
    """The observation of a run that has ended. `output` is the digest of the agent's output schema.

    `sent` is what the services of its case received.
    """
    events = runtime.journal.events(result.run)
    decided = tuple(_decided(runtime.journal, result.run))
    value = None if result.output is None else json.loads(result.output)
    valid = None if result.output is None else not schemas.schema(output).faults(value)
    return Observed(
        reason=result.reason or "waiting",
        output=value,
        artifacts={artifact.name: _content(artifact) for artifact in result.artifacts},
        calls=tuple(
            Call(event.tool, json.loads(event.arguments)) for event in decided if event.outcome == "allow"
        ),
        denied=tuple(event.tool for event in decided if event.outcome == "deny"),
        output_valid=valid,
        microusd=result.spent.microusd,
        milliseconds=max(0, events[-1].at_ms - events[0].at_ms),
        writes=tuple(
            Request(one.method, one.path, one.host, one.body) for one in sent if one.method not in READS
        ),
    )


def _decided(journal: Journal, run: str) -> Iterator[ToolDecided]:
    """What was decided of calls in a run, and where it handed work on, in its children."""
    for stored in journal.events(run):
        match stored.event:
            case ToolDecided() as decided:
                yield decided
            case ChildStarted(child=child) if journal.exists(child):
                yield from _decided(journal, child)
            case _:
                pass


def _content(artifact: ArtifactFile) -> Any:
    text = artifact.path.read_bytes().decode("utf-8")
    if not artifact.name.endswith(".json"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        # A string is written as it is whatever the name says; graders then see that string.
        return text
