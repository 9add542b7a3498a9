"""What a run holds that values can come from: folded from its journal, and from those of the runs it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.graph import Binding, HandoffState
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.tool import ToolIR
from remit_runtime.journal.events import (
    INTERRUPTED,
    ChildEnded,
    ChildStarted,
    ContextPacked,
    QuestionAnswered,
    RunEvent,
    RunStarted,
    ToolSettled,
)
from remit_runtime.journal.sqlite import Journal
from remit_runtime.models.json_text import trusted_json
from remit_runtime.policy.material import Material, Source, source_of, with_sources

MAX_RUNS_KEPT = 64


@dataclass(frozen=True)
class Folded:
    """The material of a run as of an event; `calls` counts the calls that have ended."""

    seq: int
    material: Material
    agent: AgentIR | None = None
    calls: int = 0


@dataclass(frozen=True)
class Materials:
    """What was folded of the runs of one gateway, so that each event is read once."""

    _kept: dict[str, Folded] = field(default_factory=dict[str, Folded], repr=False)

    def of(self, bundle: VerifiedBundle, journal: Journal, run: str) -> Material:
        """The material of a run as its journal stands.

        Raises:
            UsageError: there is no such run.
            JournalCorrupt: the journal does not hold.
            BundleRejected: a tool of the bundle cannot be read.
        """
        folded = self._kept.pop(run, Folded(0, Material(None)))
        for stored in journal.events(run, folded.seq):
            folded = _folded(bundle, journal, run, folded, stored.event, stored.seq)
        self._kept[run] = folded  # the last one asked for is the last to go
        while len(self._kept) > MAX_RUNS_KEPT:
            del self._kept[next(iter(self._kept))]
        return folded.material


def _folded(
    bundle: VerifiedBundle, journal: Journal, run: str, folded: Folded, event: RunEvent, seq: int
) -> Folded:
    match event:
        case RunStarted():
            return _begun(bundle, journal, run, event, seq)
        case ToolSettled() if event.code != INTERRUPTED:
            tool = _tool(bundle, folded.agent, event.tool)
            source = _settled(event, tool, folded.calls + 1)
            return replace(_with(folded, seq, source), calls=folded.calls + 1)
        case ContextPacked():
            packed = [one for one in event.sources if one.type != "task"]
            return _with(folded, seq, *(source_of(f"context {one.id}", one.text) for one in packed))
        case QuestionAnswered():
            return _with(folded, seq, source_of(f"question {event.question}", event.text))
        case ChildEnded(output=str() as output):
            return _with(folded, seq, source_of(f"run {event.child}", trusted_json(output)))
        case _:
            return replace(folded, seq=seq)


def _with(folded: Folded, seq: int, *sources: Source) -> Folded:
    return replace(folded, seq=seq, material=with_sources(folded.material, *sources))


def _begun(bundle: VerifiedBundle, journal: Journal, run: str, started: RunStarted, seq: int) -> Folded:
    parent, bound = (None, None) if started.parent is None else _handed(bundle, journal, run, started.parent)
    material = Material(trusted_json(started.input), frozenset(started.quoted), parent=parent, bound=bound)
    return Folded(seq, material, bundle.agent(started.agent))


def _handed(
    bundle: VerifiedBundle, journal: Journal, child: str, parent: str
) -> tuple[Material, Binding | None]:
    """The material of a parent as it was when the child began, and by what its definition binds the child's input."""
    folded = Folded(0, Material(None))
    for stored in journal.events(parent):
        event = stored.event
        if isinstance(event, ChildStarted) and event.child == child:
            states = () if folded.agent is None else folded.agent.graph.states
            node = next((one for one in states if one.id == event.state), None)
            return folded.material, node.input if isinstance(node, HandoffState) else None
        folded = _folded(bundle, journal, parent, folded, event, stored.seq)
    raise RuntimeError(f"run `{parent}` has not started the child `{child}`")


def _settled(event: ToolSettled, tool: ToolIR | None, number: int) -> Source:
    ended_well = event.outcome == "ok"
    return source_of(
        f"call {event.call}",
        None if event.output is None else trusted_json(event.output),
        tool.trusted_output if tool is not None and ended_well else (),
        number=number,
        state=event.state if ended_well else None,
        made=ended_well and tool is not None and tool.effect != "read",
    )


def _tool(bundle: VerifiedBundle, agent: AgentIR | None, tool: str) -> ToolIR | None:
    uses = () if agent is None else agent.tools
    use = next((one for one in uses if one.id == tool), None)
    return None if use is None else bundle.tool(use.object)
