"""Who built a bundle, of which commit and when: SLSA provenance v1."""

from __future__ import annotations

from dataclasses import dataclass

from remit.release.seal import SealedBundle
from remit_runtime.trust.rules import bundle_subject
from remit_runtime.trust.statement import (
    BUILD_TYPE,
    BuildDefinition,
    Builder,
    BuildMetadata,
    ExternalParameters,
    Provenance,
    ProvenanceStatement,
    RunDetails,
    commit_dependency,
    library_dependency,
    timestamp,
)


@dataclass(frozen=True)
class BuildFacts:
    """What only the builder knows: none of it enters the bundle. Times in milliseconds since the epoch.

    `repository` is a URI without credentials, or `.` where the repository has none; `builder` is a URI.
    """

    repository: str
    commit: str
    builder: str
    compiler_version: str
    started_ms: int
    finished_ms: int


def provenance(sealed: SealedBundle, facts: BuildFacts) -> ProvenanceStatement:
    """The statement that a builder made this bundle of a commit and of its libraries (SLSA v1.0)."""
    manifest = sealed.manifest
    sources = (
        commit_dependency(facts.repository, facts.commit),
        *(library_dependency(library) for library in manifest.libraries),
    )
    definition = BuildDefinition(
        BUILD_TYPE, ExternalParameters(manifest.organisation, manifest.environment), sources
    )
    details = RunDetails(
        Builder(facts.builder, {"remit": facts.compiler_version}),
        BuildMetadata(timestamp(facts.started_ms), timestamp(facts.finished_ms)),
    )
    return ProvenanceStatement((bundle_subject(sealed.digest, manifest),), Provenance(definition, details))
