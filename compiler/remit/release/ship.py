"""The road from a tree to a signed release, step by step; each step gives a value and says no by its type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from remit.check import CheckResult, check
from remit.definitions import EvalSuite
from remit.evals.gate import Judgement, Verdict, verdict_of
from remit.evals.gates import judged, suites_to_run
from remit.evals.results import SuiteResult
from remit.evals.run import Progress, evaluate
from remit.evals.suite import ReadySuite, ready
from remit.git import Tree
from remit.link import Portfolio
from remit.lower import Lowered, in_environment, lower
from remit.release.build import Paths, attest, write
from remit.release.evidence import GateOutcome, SuiteOutcome, test_result
from remit.release.policy_slice import policy_slices, slice_digest
from remit.release.provenance import BuildFacts
from remit.release.seal import Sealable, SealedBundle, seal
from remit.release.staleness import Basis
from remit.release.trial import Clock, trial
from remit_runtime.canonical import Digest
from remit_runtime.errors import UsageError
from remit_runtime.trust.keys import PrivateKey
from remit_runtime.trust.statement import TestResultStatement

DEV = "dev"
_MILLION = 1_000_000


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


def sealed(tree: Tree, environment: str) -> Sealed | CheckResult:
    """The sealed bundle of a tree, or the check that found errors in it.

    Raises:
        UsageError: the tree knows no such environment, or puts no agent into it.
    """
    result = check(tree)
    if result.has_errors:
        return result
    portfolio = result.portfolio
    _known(portfolio, environment)
    return _sealed(portfolio, environment)


def _sealed(portfolio: Portfolio, environment: str) -> Sealed:
    lowered = lower(portfolio, environment)
    suites = {
        name: ready(portfolio, suite)
        for name, suite in portfolio.of(EvalSuite).items()
        if suite.spec.agent in lowered.agents
    }
    return Sealed(portfolio, lowered, _bundle(lowered), suites)


def _known(portfolio: Portfolio, environment: str) -> None:
    from remit.definitions import Environment

    known = portfolio.of(Environment)
    if environment not in known:
        raise UsageError(
            "no_such_environment", f"there is no environment `{environment}`; there are {', '.join(known)}"
        )
    if not in_environment(portfolio, environment):
        raise UsageError("empty_environment", f"no Release puts an agent into `{environment}`")


def _bundle(lowered: Lowered) -> SealedBundle:
    return seal(
        Sealable(
            lowered.organisation,
            lowered.language,
            lowered.environment,
            lowered.entries,
            lowered.policy_digest,
            lowered.source_map,
            lowered.libraries,
            lowered.objects,
        )
    )


def evaluated(
    made: Sealed, suites: Iterable[str], clock: Clock, search_path: str, progress: Progress | None = None
) -> Evaluated:
    """The results of suites over a sealed tree, and the judgement of its environment's gates.

    Suites run in `dev`, whatever environment is judged: what they show is about closures, which are the same.
    """
    portfolio, environment = made.portfolio, made.lowered.environment
    names = tuple(suites)
    in_dev = made if environment == DEV else _sealed(portfolio, DEV)
    slices = policy_slices(in_dev.lowered.policy, in_dev.lowered.agents.values())
    results: dict[str, SuiteResult] = {}
    if names:
        with trial(in_dev.bundle, clock, search_path) as bench:
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
    results = tuple(_statement(made, shown, result, runtime) for result in shown.results.values())
    return write(directory, made.bundle, attest(made.bundle, facts, results, keys, facts.finished_ms))


def _statement(made: Sealed, shown: Evaluated, result: SuiteResult, runtime: str) -> TestResultStatement:
    suite = made.suites[result.suite]
    gates = [one for one in shown.judgements if one.suite == result.suite]
    everything = all(case.passed for case in result.cases) and bool(result.cases)
    outcome = SuiteOutcome(
        basis=_basis(suite, result),
        version=result.agent_version,
        passed=verdict_of(gates) == "passed" if gates else everything,
        passed_cases=tuple(case.id for case in result.cases if case.passed),
        failed_cases=tuple(case.id for case in result.cases if not case.passed),
        gates=tuple(_gate(one) for one in gates),
    )
    return test_result(outcome, runtime)


def _basis(suite: ReadySuite, result: SuiteResult) -> Basis:
    return Basis(
        agent=result.agent,
        suite=result.suite,
        closure=Digest(result.closure),
        suite_digest=suite.suite_digest,
        dataset=suite.dataset_digest,
        graders=suite.graders_digest,
        policy_slice=Digest(result.policy_slice),
    )


def _gate(judgement: Judgement) -> GateOutcome:
    figure = judgement.figure
    return GateOutcome(
        gate=judgement.gate,
        metric=judgement.requirement.metric,
        n=judgement.n,
        k=judgement.k,
        figure_millionths=None if figure is None else int(figure * _MILLION),
        required_millionths=int(judgement.requirement.value * _MILLION),
        passed=judgement.verdict == "passed",
    )
