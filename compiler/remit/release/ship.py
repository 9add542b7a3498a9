"""The road from a tree to a signed release, step by step; each step gives a value and says no by its type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from remit.check import CheckResult, check_to_build
from remit.definitions import EvalSuite
from remit.evals.gate import Judgement, Verdict, verdict_of
from remit.evals.gates import judged, suites_to_run
from remit.evals.results import SuiteResult
from remit.evals.run import Progress, evaluate
from remit.evals.suite import ReadySuite, ready
from remit.git import Tree
from remit.link import Portfolio
from remit.lower.portfolio import Lowered, in_environment, lower
from remit.release.build import Paths, attest, write
from remit.release.evidence import outcome_of, test_result
from remit.release.policy_slice import policy_slices, slice_digest
from remit.release.provenance import BuildFacts
from remit.release.seal import SealedBundle, seal, sealable
from remit.release.trial import Clock, trial
from remit_runtime.errors import UsageError
from remit_runtime.trust.keys import PrivateKey
from remit_runtime.trust.statement import TestResultStatement

DEV = "dev"


@dataclass(frozen=True)
class Sealed:
    """A checked tree, what it lowers to for one environment, the sealed bundle, and its agents' suites, read whole.

    Nothing in it needs the tree any more.
    """

    portfolio: Portfolio
    lowered: Lowered
    bundle: SealedBundle
    suites: Mapping[str, ReadySuite]


@dataclass(frozen=True)
class Evaluated:
    """The suites that ran, and what every gate of the environment says of them."""

    results: Mapping[str, SuiteResult]
    judgements: tuple[Judgement, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict of all gates together."""
        return verdict_of(self.judgements)

    def in_the_way_of(self, environment: str) -> Verdict:
        """The verdict of the gates that a ship has to pass.

        `dev` demands no evidence: a suite that this machine lacks a program or walls for leaves its gates not proven,
        and that alone stops nothing there.
        """
        return verdict_of(
            one
            for one in self.judgements
            if environment != DEV or one.suite not in self.results or self.results[one.suite].lacking is None
        )


def sealed(tree: Tree, environment: str, today: date | None = None) -> Sealed | CheckResult:
    """The sealed bundle of a tree, or the check that found errors in it; without `today`, suppressions hide nothing.

    Raises:
        UsageError: the tree knows no such environment, or puts no agent into it.
    """
    result = check_to_build(tree, today=today)
    if result.has_errors:
        return result
    portfolio = result.portfolio
    _known(portfolio, environment)
    lowered = lower(portfolio, environment)
    suites = {
        name: ready(portfolio, suite)
        for name, suite in portfolio.of(EvalSuite).items()
        if suite.spec.agent in lowered.agents
    }
    return Sealed(portfolio, lowered, seal(sealable(lowered)), suites)


def _known(portfolio: Portfolio, environment: str) -> None:
    from remit.definitions import Environment

    known = portfolio.of(Environment)
    if environment not in known:
        raise UsageError(
            "no_such_environment", f"there is no environment `{environment}`; there are {', '.join(known)}"
        )
    if not in_environment(portfolio, environment):
        raise UsageError("empty_environment", f"no Release puts an agent into `{environment}`")


def evaluated(
    made: Sealed, suites: Iterable[str], clock: Clock, search_path: str, progress: Progress | None = None
) -> Evaluated:
    """The results of suites over a sealed tree, and the judgement of its environment's gates.

    Suites run in `dev`, whatever environment is judged: what they show is about closures, which are the same.
    """
    portfolio, environment = made.portfolio, made.lowered.environment
    names = tuple(suites)
    in_dev = made.lowered if environment == DEV else lower(portfolio, DEV)
    slices = policy_slices(in_dev.policy, in_dev.agents.values())
    results: dict[str, SuiteResult] = {}
    if names:
        bundle = made.bundle if environment == DEV else seal(sealable(in_dev))
        with trial(bundle, clock, search_path) as bench:
            for name in names:
                suite = made.suites[name]
                part = slice_digest(slices[suite.definition.spec.agent])
                results[name] = evaluate(bench, suite, part, progress)
    agents = made.lowered.agents
    return Evaluated(results, judged(portfolio, environment, agents, results))


def suites_of(made: Sealed) -> tuple[str, ...]:
    """The suites that stand before a sealed tree's agents in its environment."""
    return suites_to_run(made.portfolio, made.lowered.environment, made.lowered.agents)


def released(
    made: Sealed,
    shown: Evaluated,
    facts: BuildFacts,
    keys: tuple[PrivateKey, ...],
    directory: Path,
    runtime: str,
) -> Paths:
    """The files of a release: the bundle, and beside it provenance, test results and summary, signed.

    Raises:
        BundleRejected: the evidence contradicts itself.
        UsageError: the directory cannot take the files.
    """
    # A suite that this machine lacks something for has shown nothing, good or bad.
    ran = (result for result in shown.results.values() if result.lacking is None)
    results = tuple(_statement(made, shown, result, runtime) for result in ran)
    return write(directory, made.bundle, attest(made.bundle, facts, results, keys, facts.finished_ms))


def _statement(made: Sealed, shown: Evaluated, result: SuiteResult, runtime: str) -> TestResultStatement:
    judgements = [one for one in shown.judgements if one.suite == result.suite]
    return test_result(outcome_of(result, judgements, made.suites[result.suite].suite_digest), runtime)
