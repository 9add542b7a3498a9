"""What is shown for a bundle: a test result per agent version and suite, and the summary that signers stand by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from remit.evals.gate import Judgement
from remit.evals.results import SuiteResult
from remit.release.seal import SealedBundle
from remit.release.staleness import Basis
from remit_runtime.canonical import Digest, canonical_json, digest_of
from remit_runtime.trust.roots import DEV
from remit_runtime.trust.rules import all_passed, subjects_of, suites_of
from remit_runtime.trust.statement import (
    Configuration,
    GateNumbers,
    Input,
    Sha256,
    Statement,
    Summary,
    SummaryStatement,
    TestResult,
    TestResultStatement,
    Verifier,
    agent_name,
    bare,
    resource_uri,
    subject_of,
    timestamp,
)


@dataclass(frozen=True)
class GateOutcome:
    """One requirement of a gate: `k` of `n` cases, and the figure it compared, in millionths.

    `k` and the figure are None where the requirement does not count cases or nothing could be measured.
    """

    gate: str
    metric: str
    n: int
    k: int | None
    figure_millionths: int | None
    required_millionths: int
    passed: bool


@dataclass(frozen=True)
class SuiteOutcome:
    """How an agent version did in a suite. `passed` is the gates' verdict, or that every case passed without one."""

    basis: Basis
    version: str
    passed: bool
    passed_cases: tuple[str, ...]
    failed_cases: tuple[str, ...]
    gates: tuple[GateOutcome, ...]


def outcome_of(
    result: SuiteResult,
    judgements: Sequence[Judgement],
    suite: Digest,
    model: Digest | None = None,
    cassette: Digest | None = None,
) -> SuiteOutcome:
    """The outcome of a suite that ran, under the gates that judged it.

    `suite` is the digest of how the suite runs, `model` that of the concrete model and `cassette` that of recorded
    answers, where there were any. Without a gate it has passed when it has cases and every case passed, and it needed
    no model that a script stood for.
    """
    passed = tuple(case.id for case in result.cases if case.passed)
    failed = tuple(case.id for case in result.cases if not case.passed)
    judged = tuple(_judged(one) for one in judgements)
    basis = Basis(
        agent=result.agent,
        suite=result.suite,
        closure=Digest(result.closure),
        suite_digest=suite,
        dataset=Digest(result.dataset),
        graders=Digest(result.graders),
        policy_slice=Digest(result.policy_slice),
        model=model,
        cassette=cassette,
    )
    good = all(gate.passed for gate in judged) if judged else not failed and not result.only_scripted
    return SuiteOutcome(basis, result.agent_version, good and bool(passed), passed, failed, judged)


def test_result(outcome: SuiteOutcome, runtime: str) -> TestResultStatement:
    """The statement of a suite's outcome about one closure (in-toto test-result v0.1). It names no bundle.

    `runtime` is the version of the runtime that ran the cases.
    """
    basis = outcome.basis
    digests = {
        "suite": basis.suite_digest,
        "dataset": basis.dataset,
        "graders": basis.graders,
        "policy_slice": basis.policy_slice,
        "model": basis.model,
        "cassette": basis.cassette,
    }
    configuration = (
        *(_about(name, digest, basis.suite) for name, digest in digests.items() if digest is not None),
        Configuration("runtime", uri=f"remit:runtime/{runtime}"),
        *(_gate(gate) for gate in outcome.gates),
    )
    predicate = TestResult(
        "PASSED" if outcome.passed else "FAILED",
        configuration,
        tuple(sorted(outcome.passed_cases)),
        (),
        tuple(sorted(outcome.failed_cases)),
    )
    return TestResultStatement(
        (subject_of(agent_name(basis.agent, outcome.version), basis.closure),), predicate
    )


def summary(
    sealed: SealedBundle, others: Sequence[Statement], verifier: str, verified_ms: int
) -> SummaryStatement:
    """The verification summary (SLSA VSA v1) of a bundle over the statements that stand beside it.

    It claims passed evals only where `others` show them for every agent. Without them it says PASSED in `dev` alone,
    and that no evidence was demanded; elsewhere it says FAILED. `verifier` is a URI, `verified_ms` milliseconds since
    the epoch.

    Raises:
        BundleRejected: the statements contradict each other or are about another bundle.
    """
    manifest = sealed.manifest
    shown = all_passed(suites_of(others, manifest), manifest)
    inputs = sorted((digest_of(canonical_json(one)), _uri(one)) for one in others)
    predicate = Summary(
        Verifier(verifier),
        timestamp(verified_ms),
        resource_uri(manifest.organisation, manifest.environment),
        Input("remit:policy", _sha256(manifest.policy)),
        tuple(Input(uri, _sha256(digest)) for digest, uri in inputs),
        "PASSED" if shown or manifest.environment == DEV else "FAILED",
        ("REMIT_EVAL_PASSED" if shown else "REMIT_DEV_NO_EVIDENCE", "SLSA_BUILD_LEVEL_1"),
    )
    return SummaryStatement(subjects_of(sealed.digest, manifest), predicate)


def unproven(sealed: SealedBundle, others: Iterable[Statement]) -> tuple[str, ...]:
    """The agents of a bundle for which no passed test result stands among the statements."""
    shown = {record.closure for record in suites_of(others, sealed.manifest) if record.passed}
    return tuple(entry.id for entry in sealed.manifest.agents if entry.closure not in shown)


def _judged(one: Judgement) -> GateOutcome:
    # A bound is rounded against itself: a floor down, a ceiling up.
    rounding = ROUND_FLOOR if one.requirement.op.startswith(">") else ROUND_CEILING

    def millionths(figure: Decimal) -> int:
        return int((figure * 1_000_000).to_integral_value(rounding))

    figure = None if one.figure is None else millionths(one.figure)
    required = millionths(one.requirement.value)
    passed = one.verdict == "passed"
    return GateOutcome(one.gate, one.requirement.measured, one.n, one.k, figure, required, passed)


def _about(name: str, digest: Digest, suite: str) -> Configuration:
    if name == "suite":
        return Configuration(name, uri=f"remit:suite/{suite}", digest=_sha256(digest))
    return Configuration(name, digest=_sha256(digest))


def _gate(outcome: GateOutcome) -> Configuration:
    numbers = GateNumbers(
        outcome.metric,
        outcome.n,
        outcome.k,
        outcome.figure_millionths,
        outcome.required_millionths,
        outcome.passed,
    )
    return Configuration(outcome.gate, uri=f"remit:gate/{outcome.gate}", annotations=numbers)


def _uri(statement: Statement) -> str:
    return "remit:test-result" if isinstance(statement, TestResultStatement) else "remit:provenance"


def _sha256(digest: Digest) -> Sha256:
    return Sha256(bare(digest))
