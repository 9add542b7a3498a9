"""What running a suite gives: a grade per grader, a result per case, and the whole with its digests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grade:
    """One grader's judgement of one run; `detail` says in a sentence what differed."""

    grader: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case after all its epochs. A case that did not run, or lacked what a grader needs, has not passed.

    `violations` counts denied calls that the case did not expect, over all epochs. Money in micro-US-dollars,
    time in milliseconds, of the costliest epoch. `passed_graders` are those that passed in every epoch, where each
    epoch ended as the case wants.
    """

    id: str
    passed: bool
    must_pass: bool
    reason: str
    grades: tuple[Grade, ...]
    violations: int | None
    microusd: int
    milliseconds: int
    runs: tuple[str, ...]
    error: str | None
    passed_graders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """A suite's cases in their order, and the digests of all that its evidence depends on.

    The digests are of the agent's closure, the dataset (cases, fixtures and scripts), the graders, and the slice of
    the policy that can reach the agent's tools. Where `only_scripted`, a script answered for a model that the suite
    needs; `lacking` says what this machine lacks to run the suite, and then no case ran.
    """

    suite: str
    agent: str
    agent_version: str
    closure: str
    dataset: str
    graders: str
    policy_slice: str
    cases: tuple[CaseResult, ...]
    only_scripted: bool = False
    lacking: str | None = None

    @property
    def passed(self) -> int:
        """How many cases have passed."""
        return sum(case.passed for case in self.cases)
