"""The files of a release, put where they belong whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from remit.release.evidence import summary
from remit.release.provenance import BuildFacts, provenance
from remit.release.seal import SealedBundle
from remit.release.sign import sign
from remit_runtime.errors import UsageError
from remit_runtime.trust.keys import PrivateKey
from remit_runtime.trust.statement import Statement, TestResultStatement, bare
from remit_runtime.trust.verify import ATTESTATIONS_SUFFIX, SUFFIX


@dataclass(frozen=True)
class Paths:
    """Where a release stands."""

    bundle: Path
    attestations: Path


def attest(
    sealed: SealedBundle,
    facts: BuildFacts,
    results: Sequence[TestResultStatement],
    keys: Sequence[PrivateKey],
    verified_ms: int,
) -> bytes:
    """The attestations of a bundle: provenance, test results and a summary by the builder, signed by every key.

    Raises:
        BundleRejected: the results contradict each other or are about another bundle.
    """
    others: tuple[Statement, ...] = (provenance(sealed, facts), *results)
    return sign((*others, summary(sealed, others, facts.builder, verified_ms)), keys)


def write(directory: Path, sealed: SealedBundle, attestations: bytes) -> Paths:
    """Writes a release into a directory, as `<organisation>-<first 12 of digest>`. The directory is made if need be.

    Raises:
        UsageError: `output_unwritable`.
    """
    stem = f"{sealed.manifest.organisation}-{bare(sealed.digest)[:12]}"
    paths = Paths(directory / (stem + SUFFIX), directory / (stem + ATTESTATIONS_SUFFIX))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # The bundle last: whoever sees it finds its attestations.
        _put(paths.attestations, attestations)
        _put(paths.bundle, sealed.data)
    except OSError as error:
        reason = (error.strerror or "it cannot be written").lower()
        raise UsageError("output_unwritable", f"`{directory}` cannot take the release: {reason}") from error
    return paths


def _put(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
