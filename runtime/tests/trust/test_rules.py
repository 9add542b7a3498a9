"""The rules of trust: what the statements beside a bundle must say, one refusal for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.bundle.container import read
from remit_runtime.bundle.manifest import Library, Manifest
from remit_runtime.canonical import Digest, canonical_json, digest_of
from remit_runtime.errors import BundleRejected, SignatureInvalid
from remit_runtime.trust.envelope import signed
from remit_runtime.trust.rules import CLOCK_SKEW_MILLISECONDS, all_passed, suites_of
from remit_runtime.trust.statement import (
    Input,
    ProvenanceStatement,
    Sha256,
    Statement,
    Subject,
    SummaryStatement,
    TestResultStatement,
    bare,
    milliseconds_of,
    statement_of,
    timestamp,
)
from remit_runtime.trust.verify import evidence, open_verified

if TYPE_CHECKING:
    from conftest import TinyBundle

_ELSEWHERE = Digest("sha256:" + "e" * 64)
_NO_EVIDENCE = ("REMIT_DEV_NO_EVIDENCE", "SLSA_BUILD_LEVEL_1")


def _refusal(tiny: TinyBundle, statements: Sequence[Statement]) -> str:
    """The code with which a bundle under these statements is refused."""
    tiny.sign(statements)
    with pytest.raises((BundleRejected, SignatureInvalid)) as refused:
        tiny.open()
    return refused.value.code


def _parts(tiny: TinyBundle) -> tuple[ProvenanceStatement, list[TestResultStatement], SummaryStatement]:
    first, *middle, last = tiny.statements()
    assert isinstance(first, ProvenanceStatement)
    assert isinstance(last, SummaryStatement)
    return first, [one for one in middle if isinstance(one, TestResultStatement)], last


def _summing(tiny: TinyBundle, others: Sequence[Statement], **changes: Any) -> list[Statement]:
    """The statements and a summary over exactly them, with something changed in it."""
    _, _, summary = _parts(tiny)
    digests = sorted(digest_of(canonical_json(one)) for one in others)
    inputs = tuple(Input("remit:attestation", Sha256(bare(one))) for one in digests)
    predicate = msgspec.structs.replace(summary.predicate, **{"input_attestations": inputs, **changes})
    return [*others, msgspec.structs.replace(summary, predicate=predicate)]


def _manifest(tiny: TinyBundle) -> Manifest:
    return read(tiny.path.read_bytes()).manifest


def test_a_good_release_is_opened_with_its_evidence(tiny_production: TinyBundle) -> None:
    shown = evidence(tiny_production.open())

    assert shown.build.commit == "ab" * 20
    assert shown.build.builder == "remit:builder/local"
    assert shown.levels == ("REMIT_EVAL_PASSED", "SLSA_BUILD_LEVEL_1")
    assert shown.signers == tuple(sorted(key.public.keyid for key in tiny_production.keys))
    assert [(one.agent, one.suite, one.passed) for one in shown.suites] == [
        ("acme.commits", "basics", True),
        ("acme.digest", "basics", True),
    ]
    (gate,) = shown.suites[0].gates
    assert (gate.id, gate.n, gate.k, gate.figure_millionths) == ("quality", 20, 20, 860_891)


def test_the_order_of_lines_does_not_matter(tiny_production: TinyBundle) -> None:
    tiny_production.sign(tiny_production.statements()[::-1])

    assert tiny_production.open().digest == tiny_production.digest


def test_dev_demands_no_evidence_and_its_summary_says_so(tiny_bundle: TinyBundle) -> None:
    provenance, _, _ = _parts(tiny_bundle)
    tiny_bundle.sign(_summing(tiny_bundle, [provenance], verified_levels=_NO_EVIDENCE))

    assert tiny_bundle.open().evidence.levels == _NO_EVIDENCE


def test_dev_may_not_claim_evals_that_did_not_run(tiny_bundle: TinyBundle) -> None:
    provenance, _, _ = _parts(tiny_bundle)

    assert _refusal(tiny_bundle, _summing(tiny_bundle, [provenance])) == "level_false"


def test_another_environment_demands_evidence_for_every_agent(tiny_production: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_production)
    tiny_production.sign(_summing(tiny_production, [provenance, results[0]], verified_levels=_NO_EVIDENCE))

    with pytest.raises(BundleRejected, match=r"agent `acme\.digest` has no test result") as refused:
        tiny_production.open()
    assert refused.value.code == "evidence_missing"
    assert _refusal(tiny_production, _summing(tiny_production, [provenance, results[0]])) == "level_false"
    everything = _summing(tiny_production, [provenance, *results], verified_levels=_NO_EVIDENCE)
    assert _refusal(tiny_production, everything) == "evidence_missing"


def test_a_failed_suite_refuses_another_environment(tiny_production: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_production)
    failed = msgspec.structs.replace(
        results[0], predicate=msgspec.structs.replace(results[0].predicate, result="FAILED")
    )
    claims = _summing(tiny_production, [provenance, failed, results[1]], verified_levels=_NO_EVIDENCE)

    assert _refusal(tiny_production, claims) == "evidence_failed"


def _demanding(tiny: TinyBundle, required: bool) -> None:
    """Makes a bundle whose own policy says whether its environment demands evidence."""
    parts = tiny.parts
    policy = tiny.open().policy()
    del parts.objects[parts.manifest.policy]
    (listed,) = policy.environments
    changed = msgspec.structs.replace(listed, require_evidence=required)
    digest = parts.put(msgspec.structs.replace(policy, environments=(changed,)))
    manifest = msgspec.structs.replace(parts.manifest, policy=digest)
    tiny.resign(type(parts)(manifest, parts.objects).sealed()[0])
    assert tiny.open().evidence.levels[0] == "REMIT_EVAL_PASSED"


def test_a_policy_may_demand_evidence_in_dev_too(tiny_bundle: TinyBundle) -> None:
    _demanding(tiny_bundle, True)
    provenance, _, _ = _parts(tiny_bundle)

    none = _summing(tiny_bundle, [provenance], verified_levels=_NO_EVIDENCE)
    assert _refusal(tiny_bundle, none) == "evidence_missing"


def test_a_bundle_cannot_excuse_itself_from_evidence(tiny_production: TinyBundle) -> None:
    _demanding(tiny_production, False)
    provenance, _, _ = _parts(tiny_production)

    none = _summing(tiny_production, [provenance], verified_levels=_NO_EVIDENCE)
    assert _refusal(tiny_production, none) == "evidence_missing"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"resource_uri": "remit:acme/staging"}, "summary_environment"),
        ({"resource_uri": "remit:other/production"}, "summary_environment"),
        ({"policy": Input("remit:policy", Sha256("e" * 64))}, "summary_policy"),
        ({"policy": Input("remit:policy", Sha256("E" * 64))}, "statement_malformed"),
        ({"input_attestations": ()}, "summary_inputs"),
        ({"verification_result": "FAILED"}, "summary_failed"),
        ({"time_verified": "2026-11-22"}, "time_malformed"),
        ({"time_verified": "2026-13-01T00:00:00Z"}, "time_malformed"),
        ({"time_verified": "2099-01-01T00:00:00Z"}, "time_in_future"),
        ({"verified_levels": ()}, "level_false"),
        ({"verified_levels": ("REMIT_EVAL_PASSED",)}, "level_false"),
        ({"verified_levels": ("REMIT_EVAL_PASSED", *_NO_EVIDENCE)}, "level_false"),
        ({"verified_levels": ("SLSA_BUILD_LEVEL_4",)}, "level_unknown"),
        ({"verified_levels": ("SLSA_BUILD_LEVEL_1", "SLSA_BUILD_LEVEL_1")}, "level_unknown"),
    ],
)
def test_a_summary_that_says_something_else_is_refused(
    tiny_production: TinyBundle, changes: dict[str, Any], code: str
) -> None:
    provenance, results, _ = _parts(tiny_production)

    assert _refusal(tiny_production, _summing(tiny_production, [provenance, *results], **changes)) == code


def test_a_summary_of_other_things_is_refused(tiny_production: TinyBundle) -> None:
    *others, summary = tiny_production.statements()
    bundle, first, second = summary.subject
    for subject in (
        (bundle, first),
        (bundle, second, first),
        (bundle, first, second, Subject("acme.more@1.0.0", Sha256("e" * 64))),
        (bundle, first, Subject(second.name, Sha256("e" * 64))),
        (Subject(bundle.name, Sha256("e" * 64)), first, second),
        (),
    ):
        assert (
            _refusal(tiny_production, [*others, msgspec.structs.replace(summary, subject=subject)])
            == "summary_subject"
        )


def test_a_provenance_of_another_bundle_is_refused(tiny_production: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_production)
    for subject in ((Subject("acme", Sha256("e" * 64)),), (*provenance.subject, *provenance.subject), ()):
        other = msgspec.structs.replace(provenance, subject=subject)
        assert _refusal(tiny_production, _summing(tiny_production, [other, *results])) == "provenance_subject"


def test_a_provenance_of_other_sources_is_refused(tiny_production: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_production)
    definition = provenance.predicate.build_definition
    commit, library = definition.resolved_dependencies
    parameters = definition.external_parameters
    for change in (
        {"external_parameters": msgspec.structs.replace(parameters, organisation="other")},
        {"external_parameters": msgspec.structs.replace(parameters, environment="dev")},
        {"resolved_dependencies": ()},
        {"resolved_dependencies": (commit,)},
        {"resolved_dependencies": (library, commit)},
        {"resolved_dependencies": (library, library)},
        {"resolved_dependencies": (commit, commit, library)},
        {"resolved_dependencies": (commit, library, library)},
    ):
        changed = msgspec.structs.replace(
            provenance.predicate, build_definition=msgspec.structs.replace(definition, **change)
        )
        other = msgspec.structs.replace(provenance, predicate=changed)
        assert (
            _refusal(tiny_production, _summing(tiny_production, [other, *results])) == "provenance_mismatch"
        )


def test_a_build_that_ended_before_it_began_is_refused(tiny_production: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_production)
    details = provenance.predicate.run_details
    turned = msgspec.structs.replace(details.metadata, finished_on="2026-11-17T23:59:59Z")
    changed = msgspec.structs.replace(
        provenance.predicate, run_details=msgspec.structs.replace(details, metadata=turned)
    )
    other = msgspec.structs.replace(provenance, predicate=changed)

    assert _refusal(tiny_production, _summing(tiny_production, [other, *results])) == "time_malformed"


def test_dev_takes_a_failed_result_for_what_it_is(tiny_bundle: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_bundle)
    changes: dict[str, Any] = {"result": "FAILED", "passed_tests": (), "failed_tests": ("c1", "c2")}
    failed = msgspec.structs.replace(
        results[0], predicate=msgspec.structs.replace(results[0].predicate, **changes)
    )

    assert _refusal(tiny_bundle, _summing(tiny_bundle, [provenance, failed])) == "level_false"
    tiny_bundle.sign(_summing(tiny_bundle, [provenance, failed], verified_levels=_NO_EVIDENCE))
    assert [record.passed for record in tiny_bundle.open().evidence.suites] == [False]


def test_a_missing_or_repeated_statement_is_refused(tiny_production: TinyBundle) -> None:
    provenance, results, summary = _parts(tiny_production)

    assert _refusal(tiny_production, []) == "attestations_missing"
    assert _refusal(tiny_production, _summing(tiny_production, results)) == "provenance_missing"
    assert _refusal(tiny_production, [provenance, *results]) == "summary_missing"
    assert _refusal(tiny_production, [provenance, *results, results[0], summary]) == "attestation_repeated"
    second = msgspec.structs.replace(
        provenance.predicate.run_details,
        builder=msgspec.structs.replace(provenance.predicate.run_details.builder, id="x"),
    )
    twin = msgspec.structs.replace(
        provenance, predicate=msgspec.structs.replace(provenance.predicate, run_details=second)
    )
    assert (
        _refusal(tiny_production, _summing(tiny_production, [provenance, twin, *results]))
        == "provenance_repeated"
    )
    other = msgspec.structs.replace(
        summary, predicate=msgspec.structs.replace(summary.predicate, time_verified="2026-11-17T00:00:00Z")
    )
    assert _refusal(tiny_production, [provenance, *results, summary, other]) == "summary_repeated"


def test_a_statement_left_out_after_signing_is_refused(tiny_production: TinyBundle) -> None:
    lines = tiny_production.attestations.read_bytes().splitlines(keepends=True)
    for left_out in range(len(lines)):
        tiny_production.attestations.write_bytes(b"".join(lines[:left_out] + lines[left_out + 1 :]))
        with pytest.raises(BundleRejected) as refused:
            tiny_production.open()
        assert refused.value.code in {"provenance_missing", "summary_inputs", "summary_missing"}


def test_a_result_about_another_version_is_refused(tiny_production: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_production)
    (subject,) = results[0].subject
    for other in (
        Subject(subject.name, Sha256(bare(_ELSEWHERE))),
        Subject("acme.commits@0.0.9", subject.digest),
        Subject("acme.digest@0.1.0", subject.digest),
    ):
        foreign = msgspec.structs.replace(results[0], subject=(other,))
        assert (
            _refusal(tiny_production, _summing(tiny_production, [provenance, foreign, results[1]]))
            == "evidence_foreign"
        )


def test_a_result_about_two_versions_or_none_is_refused(tiny_production: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_production)
    for subjects in ((), (*results[0].subject, *results[1].subject)):
        shared = msgspec.structs.replace(results[0], subject=subjects)
        claims = _summing(tiny_production, [provenance, shared, results[1]])
        assert _refusal(tiny_production, claims) == "evidence_foreign"


def test_two_results_of_one_suite_are_refused(tiny_production: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_production)
    again = msgspec.structs.replace(
        results[0], predicate=msgspec.structs.replace(results[0].predicate, passed_tests=("c1",))
    )

    claims = _summing(tiny_production, [provenance, *results, again])
    assert _refusal(tiny_production, claims) == "evidence_repeated"


def test_a_result_that_contradicts_itself_is_refused(tiny_production: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_production)
    predicate = results[0].predicate
    nameless = msgspec.structs.replace(predicate.configuration[0], uri=msgspec.UNSET)
    without_gate = tuple(one for one in predicate.configuration if one.name != "quality")
    for change, code in (
        ({"configuration": predicate.configuration[1:]}, "evidence_malformed"),
        ({"configuration": (predicate.configuration[0], *predicate.configuration[2:])}, "evidence_malformed"),
        ({"configuration": (nameless, *predicate.configuration[1:])}, "evidence_malformed"),
        ({"configuration": (predicate.configuration[0], *predicate.configuration)}, "evidence_malformed"),
        ({"configuration": without_gate, "failed_tests": ("c3",)}, "evidence_false"),
        ({"passed_tests": ()}, "evidence_false"),
    ):
        other = msgspec.structs.replace(results[0], predicate=msgspec.structs.replace(predicate, **change))
        assert _refusal(tiny_production, _summing(tiny_production, [provenance, other, results[1]])) == code


def test_a_failed_gate_inside_a_passed_result_is_refused(tiny_production: TinyBundle) -> None:
    provenance, results, _ = _parts(tiny_production)
    *others, gate = results[0].predicate.configuration
    assert not isinstance(gate.annotations, msgspec.UnsetType)
    failed = msgspec.structs.replace(
        gate, annotations=msgspec.structs.replace(gate.annotations, passed=False)
    )
    changed = msgspec.structs.replace(results[0].predicate, configuration=(*others, failed))
    lying = msgspec.structs.replace(results[0], predicate=changed)

    claims = _summing(tiny_production, [provenance, lying, results[1]])
    assert _refusal(tiny_production, claims) == "evidence_false"


def test_a_bundle_of_another_environment_is_refused(
    tiny_bundle: TinyBundle, tiny_production: TinyBundle
) -> None:
    # Both fixtures share the folder and the home: the second wrote its files over the first's.
    with pytest.raises(BundleRejected) as refused:
        open_verified(
            tiny_production.path, None, tiny_production.home, "dev", milliseconds_of("2027-01-01T00:00:00Z")
        )

    assert refused.value.code == "environment_mismatch"


def test_a_clock_a_little_behind_is_forgiven_and_no_more(tiny_production: TinyBundle) -> None:
    verified = milliseconds_of("2026-11-18T00:00:00Z")

    def opened_at(now_ms: int) -> object:
        return open_verified(tiny_production.path, None, tiny_production.home, "production", now_ms)

    assert opened_at(verified - CLOCK_SKEW_MILLISECONDS)
    with pytest.raises(BundleRejected):
        opened_at(verified - CLOCK_SKEW_MILLISECONDS - 1000)


def test_a_claim_of_an_unknown_kind_is_refused(tiny_bundle: TinyBundle) -> None:
    for payload, code in (
        (b'{"predicateType":"https://example.test/other/v1"}', "predicate_unknown"),
        (b'{"predicateType":"https://slsa.dev/provenance/v1"}', "statement_malformed"),
        (b"[]", "statement_malformed"),
        (b"", "statement_malformed"),
        (b"[" * 100_000, "statement_malformed"),
    ):
        tiny_bundle.attestations.write_bytes(signed(payload, tiny_bundle.keys) + b"\n")
        with pytest.raises(BundleRejected) as refused:
            tiny_bundle.open()
        assert refused.value.code == code


def test_a_statement_with_something_unknown_in_it_is_refused(tiny_bundle: TinyBundle) -> None:
    for statement in tiny_bundle.statements():
        good = canonical_json(statement)
        assert statement_of(good) == statement
        for bad in (
            good.replace(b'"_type"', b'"AAA":1,"_type"', 1),
            good.replace(
                b'"_type":"https://in-toto.io/Statement/v1"', b'"_type":"https://in-toto.io/Statement/v9"'
            ),
            good.replace(b'"_type"', b'"_type":"https://in-toto.io/Statement/v1","_type"', 1),
            good.replace(b'{"_type"', b'{ "_type"', 1),
        ):
            assert bad != good
            with pytest.raises(BundleRejected) as refused:
                statement_of(bad)
            assert refused.value.code == "statement_malformed"


def test_a_library_that_the_manifest_has_not_is_refused(tiny_production: TinyBundle) -> None:
    manifest = msgspec.structs.replace(
        tiny_production.parts.manifest, libraries=(Library("std@2", _ELSEWHERE),)
    )
    statements = tiny_production.statements()
    changed = type(tiny_production.parts)(manifest, tiny_production.parts.objects)
    tiny_production.path.write_bytes(changed.sealed()[0])

    assert _refusal(tiny_production, statements) in {"provenance_subject", "provenance_mismatch"}


def test_evidence_counts_only_when_every_agent_has_it(tiny_production: TinyBundle) -> None:
    manifest = _manifest(tiny_production)
    records = suites_of(tiny_production.statements(), manifest)

    assert all_passed(records, manifest)
    assert not all_passed(records[:1], manifest)
    assert not all_passed((), manifest)


@given(st.integers(min_value=0, max_value=253_402_300_799))
def test_a_time_reads_back_to_itself(seconds: int) -> None:
    assert milliseconds_of(timestamp(seconds * 1000)) == seconds * 1000
