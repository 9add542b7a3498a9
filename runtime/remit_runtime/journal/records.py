"""What goes into the journal besides events, and what comes back from it: frozen values, no behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from remit_runtime.bundle.graph import Budget
from remit_runtime.bundle.words import TerminalReason
from remit_runtime.canonical import Digest
from remit_runtime.journal.events import RunEvent
from remit_runtime.journal.ledger import Amount

Refusal = Literal[
    "fenced",  # another worker has claimed the run, or has appended since this lease was read
    "leased",  # another worker holds the run and its lease has not run out
    "ended",
    "killed",
    "cancelled",
    "halted",
    "deadline",
    "over_budget",
    "approval_spent",  # not approved, expired, for another subject, or used before
    "settled",  # the call has its outcome already
    "key_conflict",  # the run id or invocation key belongs to a different invocation
]
RunStatus = Literal["running", "waiting", "ended"]
EffectKind = Literal["model", "tool", "child"]
EffectStatus = Literal["intent", "done", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run to create: its id (`run_` and 26 base-32 characters), who drives it, and for how long without a sign.

    `invocation_key` makes creation idempotent within a tenant and agent: the same key gives the same run.
    """

    run: str
    owner: str
    ttl_ms: int = 30_000
    invocation_key: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to append to a run: valid while no later epoch was claimed. `seq` is the run's last event."""

    run: str
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Existing:
    """What `create` gives when the same invocation was created before: the run that serves it."""

    run: str


@dataclass(frozen=True, slots=True)
class Appended:
    """Everything asked for is durable; the next append takes this lease."""

    lease: Lease


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing asked for was written, with one exception: `late` says that an outcome was kept as a late one.

    `limit` names what refused: the limit of the budget, the scope of a kill or halt, the approval, the call.
    """

    reason: Refusal
    limit: str | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class ApprovalUse:
    """Approvals to use up with an intent: each approved, unexpired, about this subject and not used before."""

    approvals: tuple[str, ...]
    subject: Digest


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it stands in the journal; `hash` chains it to all before it, in hex."""

    run: str
    seq: int
    at_ms: int
    event: RunEvent
    hash: str


@dataclass(frozen=True, slots=True)
class Reservation:
    """An effect that has begun and has no outcome yet: what a worker that resumes must look at first."""

    call: str
    seq: int
    kind: EffectKind
    name: str
    arguments_digest: Digest
    recovery: Literal["idempotent", "probe", "manual"]
    attempts: int
    reserved: Amount


@dataclass(frozen=True, slots=True)
class ActiveLease:
    """Who drives a run now, and until when without a sign of life."""

    owner: str
    epoch: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as it stands. `reason` and `ended_ms` are set when it has ended, `lease` while somebody drives it.

    `waits_ms` is since when it waits for nobody but people; `deadline_ms` stands still meanwhile, and moves by that
    time when the run is taken up.
    """

    run: str
    agent: str
    version: str
    bundle: Digest
    environment: str
    task: str
    user: str
    asserted_user: bool
    tenant: str | None
    parent: str | None
    created_ms: int
    deadline_ms: int
    status: RunStatus
    reason: TerminalReason | None
    ended_ms: int | None
    seq: int
    budget: Budget
    spent: Amount
    reserved: Amount
    overrun: Amount
    cancel_requested: bool
    killed: bool
    wake_at_ms: int | None
    lease: ActiveLease | None
    waits_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list; None does not narrow."""

    agent: str | None = None
    status: RunStatus | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class LateOutcome:
    """An outcome that came after a takeover, after another outcome, or after the run's end."""

    run: str
    call: str
    epoch: int
    at_ms: int
    event: RunEvent


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A run's folded state after event `seq`; its body is the run's own format."""

    run: str
    seq: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that reached a run from outside, once for each id."""

    run: str
    id: str
    at_ms: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Scope:
    """What a kill or halt covers. `id` is empty for everything."""

    kind: Literal["run", "agent", "tool", "bundle", "everything"]
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind


@dataclass(frozen=True, slots=True)
class Switch:
    """A kill or halt in force."""

    mode: Literal["kill", "halt"]
    scope: Scope
    by: str
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Verified:
    """A chain that holds: how many rows, and the hash of the last, in hex."""

    rows: int
    head: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row that is not what was written."""

    table: str
    run: str | None
    seq: int
    why: str


def next_call(lease: Lease) -> str:
    """The wire key of a call whose decision or intent is the first event of the next append under this lease."""
    return f"{lease.run}:{lease.seq + 1}"
