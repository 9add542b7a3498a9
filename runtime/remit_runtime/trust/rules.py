"""Every rule of trust, and no I/O: from bytes, keys and a manifest to `Evidence`, or a refusal.

What must hold before a bundle may run in an environment:

1. every line of the attestations is a canonical envelope, signed by enough distinct keys of the environment and by
   no other key; one line for one payload;
2. exactly one provenance, and it is about this bundle, organisation, environment and these libraries;
3. every test result is about one agent version of this bundle, once for a suite, and its verdict is what its tests
   and gates say;
4. exactly one verification summary, not from the future, that names exactly this bundle and its agent versions, this
   environment, this policy set, and every other attestation of the file, and says PASSED;
5. where evidence is demanded, every agent has a test result and none failed; the summary claims exactly that.

INVARIANT: no rule asks the bundle, an environment variable or a flag whether it applies. What a bundle says of
itself can only demand more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec import UNSET

from remit_runtime.bundle.evidence import BuildRecord, Evidence, GateRecord, SuiteRecord
from remit_runtime.bundle.manifest import Manifest
from remit_runtime.canonical import Digest, digest_of
from remit_runtime.errors import BundleRejected
from remit_runtime.trust.envelope import verified
from remit_runtime.trust.keys import KeyId
from remit_runtime.trust.roots import Roots
from remit_runtime.trust.statement import (
    LEVELS,
    ProvenanceStatement,
    Statement,
    Subject,
    SummaryStatement,
    TestResultStatement,
    agent_name,
    digest_from,
    library_dependency,
    milliseconds_of,
    resource_uri,
    statement_of,
    subject_of,
)

CLOCK_SKEW_MILLISECONDS = 300_000

_Kind = TypeVar("_Kind", ProvenanceStatement, SummaryStatement)


@dataclass(frozen=True)
class Claimed:
    """A statement whose signatures hold, the digest of its payload, and who signed it."""

    statement: Statement
    payload: Digest
    signers: frozenset[KeyId]


def evidence_for(
    attestations: bytes, bundle: Digest, manifest: Manifest, roots: Roots, *, demanded: bool, now_ms: int
) -> Evidence:
    """What the attestations show for a bundle in the environment of `roots`, once every rule holds.

    `demanded` says whether every agent needs a passed eval. `now_ms` is the caller's clock, read once.

    Raises:
        BundleRejected: a rule does not hold; `code` says which.
        SignatureInvalid: a line is not signed as the environment asks.
    """
    if manifest.environment != roots.environment:
        raise BundleRejected("environment_mismatch", f"the bundle was made for `{manifest.environment}`")
    claims = _claims(attestations, roots)
    provenance = _only(claims, ProvenanceStatement, "provenance")
    summary = _only(claims, SummaryStatement, "summary")
    build = _provenance_holds(provenance, bundle, manifest)
    suites = suites_of((claim.statement for claim in claims), manifest)
    _summary_holds(summary, claims, bundle, manifest, now_ms)
    _levels_hold(summary, suites, manifest, demanded=demanded)
    signers = next(claim.signers for claim in claims if claim.statement is summary)
    predicate = summary.predicate
    return Evidence(
        build,
        suites,
        predicate.verified_levels,
        predicate.verifier.id,
        predicate.time_verified,
        tuple(sorted(signers)),
    )


def subjects_of(bundle: Digest, manifest: Manifest) -> tuple[Subject, ...]:
    """The subjects a summary names: the bundle, then every agent version in the order of the manifest."""
    agents = (subject_of(agent_name(entry.id, entry.version), entry.closure) for entry in manifest.agents)
    return (bundle_subject(bundle, manifest), *agents)


def bundle_subject(bundle: Digest, manifest: Manifest) -> Subject:
    """How a statement names the bundle itself."""
    return subject_of(manifest.organisation, bundle)


def suites_of(statements: Iterable[Statement], manifest: Manifest) -> tuple[SuiteRecord, ...]:
    """The test results among the statements, sorted by agent and suite.

    Raises:
        BundleRejected: `evidence_foreign`, `evidence_repeated`, `evidence_malformed` or `evidence_false`.
    """
    names = {
        subject_of(agent_name(entry.id, entry.version), entry.closure): entry.id for entry in manifest.agents
    }
    records: list[SuiteRecord] = []
    for statement in statements:
        if not isinstance(statement, TestResultStatement):
            continue
        if len(statement.subject) != 1 or statement.subject[0] not in names:
            raise BundleRejected("evidence_foreign", "a test result is about no agent version of the bundle")
        records.append(_suite(statement, names[statement.subject[0]]))
    if len({(record.closure, record.suite) for record in records}) != len(records):
        raise BundleRejected("evidence_repeated", "one agent version has two results of one suite")
    return tuple(sorted(records, key=lambda record: (record.agent, record.suite)))


def all_passed(suites: Iterable[SuiteRecord], manifest: Manifest) -> bool:
    """Whether every agent of the bundle has a test result, and no test result failed."""
    records = tuple(suites)
    shown = {record.closure for record in records if record.passed}
    return all(record.passed for record in records) and all(
        entry.closure in shown for entry in manifest.agents
    )


def _claims(attestations: bytes, roots: Roots) -> tuple[Claimed, ...]:
    if not attestations:
        raise BundleRejected("attestations_missing", "the bundle stands without attestations")
    if not attestations.endswith(b"\n"):
        raise BundleRejected("attestations_malformed", "the attestations do not end with a whole line")
    claims: list[Claimed] = []
    for line in attestations[:-1].split(b"\n"):
        payload, signers = verified(line, roots)
        claims.append(Claimed(statement_of(payload), digest_of(payload), signers))
    if len({claim.payload for claim in claims}) != len(claims):
        raise BundleRejected("attestation_repeated", "one attestation stands in the file twice")
    return tuple(claims)


def _only(claims: Sequence[Claimed], kind: type[_Kind], word: str) -> _Kind:
    found = [claim.statement for claim in claims if isinstance(claim.statement, kind)]
    if not found:
        raise BundleRejected(f"{word}_missing", f"the attestations hold no {word}")
    if len(found) > 1:
        raise BundleRejected(f"{word}_repeated", f"the attestations hold more than one {word}")
    return found[0]


def _provenance_holds(statement: ProvenanceStatement, bundle: Digest, manifest: Manifest) -> BuildRecord:
    if statement.subject != (bundle_subject(bundle, manifest),):
        raise BundleRejected("provenance_subject", "the provenance is about another bundle")
    definition, details = statement.predicate.build_definition, statement.predicate.run_details
    parameters = definition.external_parameters
    if (parameters.organisation, parameters.environment) != (manifest.organisation, manifest.environment):
        raise BundleRejected(
            "provenance_mismatch", "the provenance is of another organisation or environment"
        )
    sources = definition.resolved_dependencies
    libraries = tuple(library_dependency(one) for one in manifest.libraries)
    if not sources or sources[0].digest.keys() != {"gitCommit"} or sources[1:] != libraries:
        raise BundleRejected("provenance_mismatch", "the provenance names other sources than the bundle")
    commit = sources[0].digest["gitCommit"]
    started, finished = details.metadata.started_on, details.metadata.finished_on
    if milliseconds_of(started) > milliseconds_of(finished):
        raise BundleRejected("time_malformed", "the provenance says that the build ended before it began")
    return BuildRecord(details.builder.id, parameters.organisation, commit, started, finished)


def _suite(statement: TestResultStatement, agent: str) -> SuiteRecord:
    predicate = statement.predicate
    about = {
        one.name: digest_from(one.digest)
        for one in predicate.configuration
        if one.digest is not UNSET and one.annotations is UNSET
    }
    gates = tuple(
        GateRecord(
            one.name,
            one.annotations.metric,
            one.annotations.n,
            one.annotations.k,
            one.annotations.figure_millionths,
            one.annotations.required_millionths,
            one.annotations.passed,
        )
        for one in predicate.configuration
        if one.annotations is not UNSET
    )
    suites = [one.uri for one in predicate.configuration if one.name == "suite"]
    passed = predicate.result == "PASSED"
    missing = {"suite", "dataset", "graders", "policy_slice"} - about.keys()
    if len(suites) != 1 or suites[0] is UNSET or missing:
        raise BundleRejected(
            "evidence_malformed", "a test result does not say which suite, data and policy it is about"
        )
    # Gates decide, not single tests: a gate may pass with a failed test in it, never the other way round.
    if passed and not (gates and all(gate.passed for gate in gates) and predicate.passed_tests):
        raise BundleRejected(
            "evidence_false", "a test result says PASSED and shows no passed gate and test for it"
        )
    return SuiteRecord(
        agent,
        digest_from(statement.subject[0].digest),
        suites[0].removeprefix("remit:suite/"),
        passed,
        about,
        gates,
    )


def _summary_holds(
    statement: SummaryStatement, claims: Sequence[Claimed], bundle: Digest, manifest: Manifest, now_ms: int
) -> None:
    predicate = statement.predicate
    if statement.subject != subjects_of(bundle, manifest):
        raise BundleRejected("summary_subject", "the summary is about another bundle or other agent versions")
    if predicate.resource_uri != resource_uri(manifest.organisation, manifest.environment):
        raise BundleRejected("summary_environment", "the summary is for another organisation or environment")
    if digest_from(predicate.policy.digest) != manifest.policy:
        raise BundleRejected("summary_policy", "the summary is about another policy set")
    others = sorted(claim.payload for claim in claims if claim.statement is not statement)
    if [digest_from(one.digest) for one in predicate.input_attestations] != others:
        raise BundleRejected("summary_inputs", "the summary names other attestations than stand beside it")
    if predicate.verification_result != "PASSED":
        raise BundleRejected("summary_failed", "the summary says that verification failed")
    if milliseconds_of(predicate.time_verified) > now_ms + CLOCK_SKEW_MILLISECONDS:
        raise BundleRejected("time_in_future", "the summary is from the future of this machine's clock")


def _levels_hold(
    statement: SummaryStatement, suites: Sequence[SuiteRecord], manifest: Manifest, *, demanded: bool
) -> None:
    levels = statement.predicate.verified_levels
    unknown = [level for level in levels if level not in LEVELS]
    if unknown or len(set(levels)) != len(levels):
        raise BundleRejected("level_unknown", "the summary claims a level that this runtime does not know")
    shown = all_passed(suites, manifest)
    if "SLSA_BUILD_LEVEL_1" not in levels or ("REMIT_EVAL_PASSED" in levels) == (
        "REMIT_DEV_NO_EVIDENCE" in levels
    ):
        raise BundleRejected("level_false", "the summary does not say which of the levels it verified")
    if "REMIT_EVAL_PASSED" in levels and not shown:
        raise BundleRejected(
            "level_false", "the summary claims passed evals that the attestations do not show"
        )
    if demanded:
        _evidence_there(suites, manifest)
        if "REMIT_EVAL_PASSED" not in levels:
            raise BundleRejected("evidence_missing", "the summary does not claim that the evals passed")


def _evidence_there(suites: Sequence[SuiteRecord], manifest: Manifest) -> None:
    for record in suites:
        if not record.passed:
            raise BundleRejected("evidence_failed", f"agent `{record.agent}` failed suite `{record.suite}`")
    shown = {record.closure for record in suites}
    for entry in manifest.agents:
        if entry.closure not in shown:
            raise BundleRejected("evidence_missing", f"agent `{entry.id}` has no test result for its version")
