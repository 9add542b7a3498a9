"""The three statements that stand beside a bundle, as in-toto Statement v1 writes them.

SLSA provenance v1 names the bundle, in-toto test-result v0.1 names an agent's closure, and the SLSA verification
summary v1 (VSA) names both. Each is a closed struct: a field that we do not write is refused, not ignored.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal, get_args

import msgspec
from msgspec import UNSET, UnsetType

from remit_runtime.bundle.manifest import Library
from remit_runtime.bundle.words import Struct
from remit_runtime.canonical import Digest, decode_strict
from remit_runtime.errors import BundleRejected, NotCanonical

_StatementType = Literal["https://in-toto.io/Statement/v1"]
STATEMENT: _StatementType = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
SUMMARY = "https://slsa.dev/verification_summary/v1"
_BuildType = Literal["remit:build/v0"]
BUILD_TYPE: _BuildType = "remit:build/v0"

Level = Literal["REMIT_EVAL_PASSED", "REMIT_DEV_NO_EVIDENCE", "SLSA_BUILD_LEVEL_1"]
LEVELS: tuple[str, ...] = get_args(Level)

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HEX = re.compile(r"[0-9a-f]{64}")


class Sha256(Struct, frozen=True):
    """The digest set of in-toto with the one algorithm we write: 64 hex digits, no prefix."""

    sha256: str


class Subject(Struct, frozen=True):
    """What a statement is about."""

    name: str
    digest: Sha256


class ExternalParameters(Struct, frozen=True):
    """What the builder was asked for."""

    organisation: str
    environment: str


class Dependency(Struct, frozen=True, rename="camel"):
    """What went into a build: the commit (`gitCommit`) or a library (`sha256`)."""

    uri: str
    digest: dict[str, str]


class BuildDefinition(Struct, frozen=True, rename="camel"):
    """SLSA provenance v1, `buildDefinition`."""

    build_type: _BuildType
    external_parameters: ExternalParameters
    resolved_dependencies: tuple[Dependency, ...]


class Builder(Struct, frozen=True):
    """Who built."""

    id: str
    version: dict[str, str]


class BuildMetadata(Struct, frozen=True, rename="camel"):
    """When a build ran (RFC 3339, UTC, whole seconds)."""

    started_on: str
    finished_on: str


class RunDetails(Struct, frozen=True):
    """SLSA provenance v1, `runDetails`."""

    builder: Builder
    metadata: BuildMetadata


class Provenance(Struct, frozen=True, rename="camel"):
    """The predicate of SLSA provenance v1."""

    build_definition: BuildDefinition
    run_details: RunDetails


class GateNumbers(Struct, frozen=True):
    """The numbers of one gate requirement, in an annotation. Millionths, because canonical JSON holds no fractions."""

    metric: str
    n: int
    k: int | None
    figure_millionths: int | None
    required_millionths: int
    passed: bool


class Configuration(Struct, frozen=True):
    """One thing a test result depends on: a digest, a name (`uri`), or the numbers of a gate."""

    name: str
    uri: str | UnsetType = UNSET
    digest: Sha256 | UnsetType = UNSET
    annotations: GateNumbers | UnsetType = UNSET


class TestResult(Struct, frozen=True, rename="camel"):
    """The predicate of in-toto test-result v0.1."""

    __test__ = False  # the name is in-toto's, not pytest's

    result: Literal["PASSED", "FAILED"]
    configuration: tuple[Configuration, ...]
    passed_tests: tuple[str, ...]
    warned_tests: tuple[str, ...]
    failed_tests: tuple[str, ...]


class Verifier(Struct, frozen=True):
    """Who verified."""

    id: str


class Input(Struct, frozen=True):
    """A thing a verification looked at."""

    uri: str
    digest: Sha256


class Summary(Struct, frozen=True, rename="camel"):
    """The predicate of the SLSA verification summary v1."""

    verifier: Verifier
    time_verified: str
    resource_uri: str
    policy: Input
    input_attestations: tuple[Input, ...]
    verification_result: Literal["PASSED", "FAILED"]
    verified_levels: tuple[str, ...]


class ProvenanceStatement(Struct, frozen=True, tag_field="predicateType", tag=PROVENANCE):
    """Who built these bytes of what."""

    subject: tuple[Subject, ...]
    predicate: Provenance
    type_: _StatementType = msgspec.field(name="_type", default=STATEMENT)


class TestResultStatement(Struct, frozen=True, tag_field="predicateType", tag=TEST_RESULT):
    """How an agent version did in one suite."""

    __test__ = False

    subject: tuple[Subject, ...]
    predicate: TestResult
    type_: _StatementType = msgspec.field(name="_type", default=STATEMENT)


class SummaryStatement(Struct, frozen=True, tag_field="predicateType", tag=SUMMARY):
    """That these bytes and agents may run in one environment."""

    subject: tuple[Subject, ...]
    predicate: Summary
    type_: _StatementType = msgspec.field(name="_type", default=STATEMENT)


Statement = ProvenanceStatement | TestResultStatement | SummaryStatement


class _Peek(msgspec.Struct, rename="camel"):
    predicate_type: str


def statement_of(payload: bytes) -> Statement:
    """The statement of a payload.

    Raises:
        BundleRejected: `predicate_unknown`, or `statement_malformed`.
    """
    try:
        # A union of structs is no `type` to the checker, and msgspec takes it.
        return decode_strict(payload, Statement)  # type: ignore[arg-type]
    except NotCanonical as error:
        if _predicate_type(payload) not in (PROVENANCE, TEST_RESULT, SUMMARY):
            raise BundleRejected(
                "predicate_unknown", "an attestation makes a claim of an unknown kind"
            ) from error
        raise BundleRejected(
            "statement_malformed", "an attestation is not canonical or has another shape"
        ) from error


def _predicate_type(payload: bytes) -> str:
    try:
        return msgspec.json.decode(payload, type=_Peek).predicate_type
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return PROVENANCE  # not even a statement: malformed


def subject_of(name: str, digest: Digest) -> Subject:
    """A subject by name and digest."""
    return Subject(name, Sha256(bare(digest)))


def bare(digest: Digest) -> str:
    """The hex digits of a digest, as in-toto writes it."""
    return digest.removeprefix("sha256:")


def digest_from(found: Sha256) -> Digest:
    """The digest of an in-toto digest set.

    Raises:
        BundleRejected: `statement_malformed`.
    """
    if not _HEX.fullmatch(found.sha256):
        raise BundleRejected("statement_malformed", "an attestation holds a digest that is not 64 hex digits")
    return Digest("sha256:" + found.sha256)


def commit_dependency(repository: str, commit: str) -> Dependency:
    """The commit a bundle was built from. `repository` is a URI that names it, or `.`."""
    return Dependency(f"git+{repository}", {"gitCommit": commit})


def library_dependency(library: Library) -> Dependency:
    """A used library, as a provenance names it."""
    return Dependency(f"remit:library/{library.id}", {"sha256": bare(library.digest)})


def agent_name(agent: str, version: str) -> str:
    """How a subject names an agent version."""
    return f"{agent}@{version}"


def resource_uri(organisation: str, environment: str) -> str:
    """How a summary names an environment."""
    return f"remit:{organisation}/{environment}"


def timestamp(milliseconds: int) -> str:
    """RFC 3339 in UTC and whole seconds, from milliseconds since the epoch."""
    return datetime.fromtimestamp(milliseconds // 1000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds_of(text: str) -> int:
    """Milliseconds since the epoch, from the one form that `timestamp` writes.

    Raises:
        BundleRejected: `time_malformed`.
    """
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise BundleRejected(
            "time_malformed", "an attestation holds a time that is not RFC 3339 in UTC"
        ) from error
    return int((moment - _EPOCH).total_seconds()) * 1000
