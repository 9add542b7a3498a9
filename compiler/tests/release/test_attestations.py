"""What stands beside a bundle: statements that the standards' own library reads, and that claim only what is shown."""

from __future__ import annotations

import importlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from remit.evals.gate import Requirement, judge
from remit.evals.results import CaseResult, SuiteResult
from remit.release import evidence
from remit.release.provenance import BuildFacts, provenance
from remit.release.seal import seal
from remit.release.staleness import basis_of
from remit_runtime.canonical import canonical_json, digest_of
from remit_runtime.errors import BundleRejected
from remit_runtime.trust.rules import suites_of
from remit_runtime.trust.statement import Statement, TestResultStatement

if TYPE_CHECKING:
    from tests.release.conftest import MakeOutcome, MakeParts


def _results(parts_of: MakeParts, outcome_of: MakeOutcome, environment: str) -> list[TestResultStatement]:
    parts = parts_of(environment)
    return [evidence.test_result(outcome_of(parts, one.id), "0.1.0") for one in parts.agents]


def _library(module: str) -> Any:
    """A module of the standard's own library, which has no types."""
    return importlib.import_module(module)


def _read_by_in_toto(statement: Statement) -> dict[str, object]:
    """The predicate, once the library of the standard has accepted the statement around it."""
    messages = _library("in_toto_attestation.v1.statement_pb2")
    parsed = _library("google.protobuf.json_format").Parse(canonical_json(statement), messages.Statement())
    _library("in_toto_attestation.v1.statement").Statement.copy_from_pb(parsed).validate()
    predicate: dict[str, object] = json.loads(canonical_json(statement))["predicate"]
    return predicate


def test_the_standards_library_reads_the_provenance(make_parts: MakeParts, facts: BuildFacts) -> None:
    predicate = _read_by_in_toto(provenance(seal(make_parts()), facts))
    shape = _library("in_toto_attestation.predicates.provenance.v1.provenance_pb2").Provenance()
    parsed = _library("google.protobuf.json_format").ParseDict(predicate, shape)

    assert parsed.build_definition.resolved_dependencies[0].digest["gitCommit"] == "ab" * 20
    assert parsed.build_definition.external_parameters["organisation"] == "acme"
    assert parsed.run_details.builder.id == "remit:builder/local"
    assert parsed.run_details.metadata.started_on.seconds == facts.started_ms // 1000


def test_the_standards_library_reads_a_test_result(make_parts: MakeParts, make_outcome: MakeOutcome) -> None:
    predicate = _read_by_in_toto(_results(make_parts, make_outcome, "dev")[0])
    shape = _library("in_toto_attestation.predicates.test_result.v0.test_result_pb2").TestResult()
    parsed = _library("google.protobuf.json_format").ParseDict(predicate, shape)

    assert parsed.result == "PASSED"
    assert list(parsed.passed_tests) == ["c1", "c2"]
    assert [one.name for one in parsed.configuration] == [
        "suite", "dataset", "graders", "policy_slice", "model", "runtime", "quality",
    ]  # fmt: skip
    assert parsed.configuration[-1].annotations["k"] == 20


def test_the_standards_library_reads_the_summarys_statement(make_parts: MakeParts, facts: BuildFacts) -> None:
    sealed = seal(make_parts())
    others = [provenance(sealed, facts)]

    # Its type for the predicate holds one level where the standard says a list, so only the statement is read by it.
    predicate = _read_by_in_toto(evidence.summary(sealed, others, "remit:builder/local", facts.finished_ms))

    assert predicate["verifiedLevels"] == ["REMIT_DEV_NO_EVIDENCE", "SLSA_BUILD_LEVEL_1"]
    assert predicate["resourceUri"] == "remit:acme/dev"


def test_only_a_result_names_no_bundle(make_parts: MakeParts, make_outcome: MakeOutcome) -> None:
    sealed = seal(make_parts())

    for result in _results(make_parts, make_outcome, "dev"):
        assert sealed.digest.removeprefix("sha256:").encode() not in canonical_json(result)


def test_a_summary_claims_evals_only_when_every_agent_passed(
    make_parts: MakeParts, make_outcome: MakeOutcome, facts: BuildFacts
) -> None:
    sealed = seal(make_parts("production"))
    results = _results(make_parts, make_outcome, "production")

    def claimed(shown: list[TestResultStatement]) -> tuple[str, str]:
        statement = evidence.summary(sealed, [provenance(sealed, facts), *shown], "remit:builder/local", 0)
        return statement.predicate.verification_result, statement.predicate.verified_levels[0]

    assert claimed(results) == ("PASSED", "REMIT_EVAL_PASSED")
    assert claimed(results[:1]) == ("FAILED", "REMIT_DEV_NO_EVIDENCE")
    assert claimed([]) == ("FAILED", "REMIT_DEV_NO_EVIDENCE")
    failed = evidence.test_result(make_outcome(make_parts("production"), passed=False), "0.1.0")
    assert claimed([failed, results[1]]) == ("FAILED", "REMIT_DEV_NO_EVIDENCE")


def test_the_agents_without_evidence_are_named(make_parts: MakeParts, make_outcome: MakeOutcome) -> None:
    results = _results(make_parts, make_outcome, "production")

    assert evidence.unproven(seal(make_parts("production")), results[:1]) == ("acme.mapper",)
    assert evidence.unproven(seal(make_parts("production")), results) == ()


def test_a_result_of_another_version_is_refused(make_parts: MakeParts, make_outcome: MakeOutcome) -> None:
    foreign = evidence.test_result(make_outcome(make_parts(steps=10)), "0.1.0")

    with pytest.raises(BundleRejected) as refused:
        evidence.summary(seal(make_parts()), [foreign], "remit:builder/local", 0)

    assert refused.value.code == "evidence_foreign"


def test_a_basis_comes_back_out_of_its_result(make_parts: MakeParts, make_outcome: MakeOutcome) -> None:
    outcome = make_outcome(make_parts())
    (record,) = suites_of([evidence.test_result(outcome, "0.1.0")], seal(make_parts()).manifest)

    assert basis_of(record) == outcome.basis


def _result(parts_of: MakeParts, passed: int, failed: int) -> SuiteResult:
    entry = parts_of().agents[0]
    digest = "sha256:" + "5" * 64
    cases = tuple(
        CaseResult(f"c{n:02}", n < passed, False, "", (), 0, 0, 0, (), None) for n in range(passed + failed)
    )
    return SuiteResult("basics", entry.id, entry.version, entry.closure, digest, digest, digest, cases)


def test_a_gate_decides_over_its_cases(make_parts: MakeParts) -> None:
    result = _result(make_parts, 29, 1)
    lenient = Requirement("task_success_rate", ">=", Decimal("0.80"), "bound", Decimal("0.95"), 1)
    strict = Requirement("task_success_rate", ">=", Decimal("0.90"), "bound", Decimal("0.95"), 1)

    outcome = evidence.outcome_of(result, [judge("quality", lenient, result)], digest_of(b"suite"))
    both = evidence.outcome_of(
        result, [judge("quality", lenient, result), judge("quality", strict, result)], digest_of(b"suite")
    )

    assert outcome.passed
    assert (outcome.gates[0].n, outcome.gates[0].k, outcome.gates[0].required_millionths) == (30, 29, 800_000)
    assert outcome.gates[0].figure_millionths == 851_403  # one-sided Clopper-Pearson, rounded down
    assert outcome.failed_cases == ("c29",)
    assert not both.passed
    assert [gate.passed for gate in both.gates] == [True, False]


def test_without_a_gate_every_case_decides(make_parts: MakeParts) -> None:
    assert evidence.outcome_of(_result(make_parts, 3, 0), [], digest_of(b"suite")).passed
    assert not evidence.outcome_of(_result(make_parts, 3, 1), [], digest_of(b"suite")).passed
    assert not evidence.outcome_of(_result(make_parts, 0, 0), [], digest_of(b"suite")).passed
