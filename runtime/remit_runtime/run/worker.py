"""Who drives a run and with what: the fixed surroundings of one worker, and one run in its hands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from remit_runtime.gateway.load import Gateway
from remit_runtime.gateway.workspace import Workspace
from remit_runtime.journal.events import RunEvent, RunStarted
from remit_runtime.journal.records import Appended, Lease, Refused
from remit_runtime.journal.sqlite import Journal
from remit_runtime.models.port import ModelPort
from remit_runtime.policy.request import EvalStatus
from remit_runtime.run.owner import is_gone
from remit_runtime.run.plan import Plan
from remit_runtime.run.state import RunState, fold_all

LEASE_MS = 30_000


@dataclass(frozen=True)
class Worker:
    """What drives runs of one bundle on this machine. `owner` names this process to the journal."""

    gateway: Gateway
    model: ModelPort | None
    home: Path
    owner: str
    new_run: Callable[[], str]

    @property
    def journal(self) -> Journal:
        """The one store."""
        return self.gateway.journal

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return self.gateway.clock()


@dataclass(frozen=True)
class Driven:
    """A run in a worker's hands: its plan, its checkouts, the lease, and its state as of that lease.

    `answers_outside` counts the model answers of its tree outside this run and its children, for scripts.
    """

    plan: Plan
    workspaces: Mapping[str, Workspace]
    lease: Lease
    state: RunState
    answers_outside: int = 0

    @property
    def run(self) -> str:
        """The id of the run."""
        return self.lease.run

    @property
    def started(self) -> RunStarted:
        """The first event of the run."""
        if self.state.started is None:
            raise RuntimeError("a run is driven before it has started")
        return self.state.started


@dataclass(frozen=True)
class Halted:
    """An effect that did not happen, or not to its end, because the journal refused it."""

    driven: Driven
    refused: Refused


def claimed(journal: Journal, run: str, owner: str) -> Lease | Refused:
    """The lease of a run that nobody drives, or whose worker was a process of this machine that is gone."""
    lease = journal.claim(run, owner, LEASE_MS)
    if isinstance(lease, Refused) and lease.reason == "leased" and is_gone(lease.limit or ""):
        # Claiming in the name of the dead fences whatever it left behind.
        return journal.claim(run, lease.limit or "", LEASE_MS)
    return lease


def appended(
    worker: Worker, driven: Driven, events: Sequence[RunEvent], *, then_waits: bool = False
) -> Driven | Refused:
    """The run after events are durable, or what refused them. `then_waits`: it waits for nobody but people then."""
    done = worker.journal.append(driven.lease, events, then_waits=then_waits)
    if not isinstance(done, Appended):
        return done
    return replace(driven, lease=done.lease, state=fold_all(driven.state, list(events)))


def taken_up(worker: Worker, driven: Driven) -> Driven | Refused:
    """The run as it goes on: the time for which it waited for people, if it did, is given back to it."""
    lease = worker.journal.take_up(driven.lease)
    return lease if isinstance(lease, Refused) else caught_up(worker, driven, lease)


def caught_up(worker: Worker, driven: Driven, lease: Lease) -> Driven:
    """The run after the events that the gateway has appended for it."""
    stored = worker.journal.events(driven.run, driven.lease.seq)
    return replace(driven, lease=lease, state=fold_all(driven.state, [one.event for one in stored]))


def eval_status(worker: Worker, started: RunStarted) -> EvalStatus:
    """What the bundle's verified evidence says of the agent: proven, or not, or that nobody demands it."""
    bundle = worker.gateway.bundle
    suites = bundle.evidence.for_closure(started.closure)
    if suites and all(suite.passed for suite in suites):
        return "proven"
    demanded = any(
        one.id == bundle.environment and one.require_evidence
        for one in worker.gateway.policy_set.environments
    )
    return "not_proven" if demanded or bundle.environment != "dev" else "not_required"
