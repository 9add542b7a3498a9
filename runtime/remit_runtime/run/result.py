"""What a run has come to, for whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from remit_runtime.bundle.graph import Budget
from remit_runtime.bundle.words import TerminalReason
from remit_runtime.canonical import Digest
from remit_runtime.journal.events import RunEnded
from remit_runtime.journal.ledger import Amount
from remit_runtime.journal.sqlite import Journal
from remit_runtime.run.artifacts import folder_of


@dataclass(frozen=True)
class ArtifactFile:
    """A file that a run left behind."""

    name: str
    path: Path
    digest: Digest
    length: int


@dataclass(frozen=True)
class RunResult:
    """A run that has ended, or that waits for a person.

    `reason` is None exactly while it waits. `detail` is a sentence; `output` is JSON text.
    """

    run: str
    agent: str
    version: str
    status: Literal["ended", "waiting"]
    reason: TerminalReason | None
    detail: str
    output: str | None
    artifacts: tuple[ArtifactFile, ...]
    spent: Amount
    budget: Budget

    @property
    def succeeded(self) -> bool:
        """Whether the run ended as succeeded."""
        return self.reason == "succeeded"


def ended_result(journal: Journal, home: Path, run: str, ended: RunEnded) -> RunResult:
    """The result of a run that has ended."""
    record = journal.read(run)
    folder = folder_of(home, run)
    return RunResult(
        run=run,
        agent=record.agent,
        version=record.version,
        status="ended",
        reason=ended.reason,
        detail=ended.detail,
        output=ended.output,
        artifacts=tuple(
            ArtifactFile(one.name, folder / one.name, one.digest, one.length) for one in ended.artifacts
        ),
        spent=record.spent,
        budget=record.budget,
    )


def waiting_result(journal: Journal, run: str, detail: str) -> RunResult:
    """The result of a run that waits."""
    record = journal.read(run)
    return RunResult(
        run, record.agent, record.version, "waiting", None, detail, None, (), record.spent, record.budget
    )
