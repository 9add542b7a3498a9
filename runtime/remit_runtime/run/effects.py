"""What a run may do next, as data. `step` chooses it, `drive` performs it, and neither does the other's work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from remit_runtime.bundle.graph import ApprovalState, ContextState, DecideState, HandoffState
from remit_runtime.bundle.words import TerminalReason
from remit_runtime.canonical import Digest
from remit_runtime.journal.events import OutputAccepted, StateEntered, ToolDecided, ToolSettled
from remit_runtime.run.asked import NOTHING_WANTED, Asked, Wanted

Branch = tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """Moves that need nothing from outside: to be written down, and that is all."""

    events: tuple[StateEntered | OutputAccepted, ...]


@dataclass(frozen=True)
class AskModel:
    """One decision of a model. `attempt` counts the models asked at this visit, from 1."""

    state: DecideState
    branch: Branch
    visit: int
    attempt: int


@dataclass(frozen=True)
class CallTool:
    """One tool call. `arguments` is JSON text; `offered` are the tools of the state, `approved` what people gave it."""

    state: str
    branch: Branch
    tool: str
    arguments: str
    offered: frozenset[str]
    approved: Wanted = NOTHING_WANTED


@dataclass(frozen=True)
class PackContext:
    """Make the packet of a context state. `calls` are what came of the reads of its tools, by source."""

    state: ContextState
    branch: Branch
    calls: tuple[tuple[str, ToolDecided | ToolSettled], ...]


@dataclass(frozen=True)
class RecoverModel:
    """A model was asked and nobody saw its answer: settle the question, then ask again."""

    state: str
    call: str


@dataclass(frozen=True)
class RecoverTool:
    """A tool call was begun and nobody saw its outcome: the tool's `recovery` says what to do."""

    state: str
    tool: str
    call: str
    recovery: Literal["idempotent", "probe", "manual"]


@dataclass(frozen=True)
class Validate:
    """A value against a schema of the bundle: one effect if it holds, another if not."""

    schema: Digest
    value: str
    passed: Record | Finish
    failed: Record | Finish


@dataclass(frozen=True)
class Verify:
    """What the run is about to give back: to be held to its schema and the agent's guardrails, and that recorded.

    `output` and the values of `artifacts` are JSON texts; `min_evidence` is 0 where no evidence is asked for.
    """

    state: str
    schema: Digest
    output: str
    artifacts: tuple[tuple[str, str], ...]
    min_evidence: int


@dataclass(frozen=True)
class RequestApproval:
    """Ask for an approval. `shown` is the JSON text of what the person is to see."""

    state: ApprovalState
    branch: Branch
    shown: str


@dataclass(frozen=True)
class RequestCallApprovals:
    """Ask for the approvals that policy wants for a call."""

    state: str
    call: ToolDecided
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class RefuseCall:
    """Deny a call that people did not approve."""

    state: str
    call: ToolDecided
    code: str
    reason: str


@dataclass(frozen=True)
class Confirm:
    """An approval that was given, judged once more: one move if it holds, others if it does not or is too old."""

    asked: Asked
    passed: Record
    failed: Record
    expired: Record


@dataclass(frozen=True)
class AskPeople:
    """Ask people what a model wants to know."""

    state: str
    text: str


@dataclass(frozen=True)
class StartChild:
    """Start a child run with an input, JSON text."""

    state: HandoffState
    branch: Branch
    input: str


@dataclass(frozen=True)
class FollowChild:
    """A child run has begun: drive it to its end and hear how it ended."""

    state: HandoffState
    child: str


@dataclass(frozen=True)
class Wait:
    """A person must act before this branch goes on. `approval` and `until_ms` are set for approvals.

    Of several they are those of the first to expire.
    """

    state: str
    why: Literal["approval", "question", "unknown_outcome", "halted", "child"]
    detail: str
    approval: str | None = None
    until_ms: int | None = None


@dataclass(frozen=True)
class Finish:
    """End the run. `output` and the values of `artifacts` are JSON texts."""

    reason: TerminalReason
    detail: str
    output: str | None = None
    artifacts: tuple[tuple[str, str], ...] = ()


Effect = (
    Record
    | AskModel
    | CallTool
    | PackContext
    | RecoverModel
    | RecoverTool
    | Validate
    | Verify
    | RequestApproval
    | RequestCallApprovals
    | RefuseCall
    | Confirm
    | AskPeople
    | StartChild
    | FollowChild
    | Wait
    | Finish
)
