"""What was shown for a verified bundle, in the words an inventory prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from remit_runtime.canonical import Digest


@dataclass(frozen=True)
class BuildRecord:
    """Who built the bundle, of which commit, and when: from its signed provenance."""

    builder: str
    organisation: str
    commit: str
    started: str
    finished: str


@dataclass(frozen=True)
class GateRecord:
    """One requirement of a gate as the suite met it: `k` of `n` cases, and the figure the gate compared.

    `k` and the figure are None where the requirement does not count cases or nothing could be measured.
    """

    id: str
    metric: str
    n: int
    k: int | None
    figure_millionths: int | None
    required_millionths: int
    passed: bool


@dataclass(frozen=True)
class SuiteRecord:
    """The signed result of one suite for one agent version, and every digest that the result is about."""

    agent: str
    closure: Digest
    suite: str
    passed: bool
    about: Mapping[str, Digest]
    gates: tuple[GateRecord, ...]


@dataclass(frozen=True)
class Evidence:
    """Everything that signatures say of one bundle in one environment. All of it was verified."""

    build: BuildRecord
    suites: tuple[SuiteRecord, ...]
    levels: tuple[str, ...]
    verifier: str
    verified_at: str
    signers: tuple[str, ...]

    def for_closure(self, closure: Digest) -> tuple[SuiteRecord, ...]:
        """The results about one agent version."""
        return tuple(record for record in self.suites if record.closure == closure)
