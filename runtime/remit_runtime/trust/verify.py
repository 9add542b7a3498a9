"""The one way from files to a bundle that may run."""

from __future__ import annotations

import os
from pathlib import Path

from remit_runtime.bundle.container import Contents, read
from remit_runtime.bundle.evidence import Evidence
from remit_runtime.bundle.limits import MAX_ATTESTATIONS_BYTES, MAX_FILE_BYTES
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.bundle.sealed import read_file, sealed_copy
from remit_runtime.errors import BundleRejected
from remit_runtime.trust.roots import DEV, roots_of
from remit_runtime.trust.rules import evidence_for

SUFFIX = ".remit"
ATTESTATIONS_SUFFIX = ".attestations.jsonl"


def open_verified(
    bundle: Path, attestations: Path | None, home: Path, environment: str, now_ms: int
) -> VerifiedBundle:
    """The bundle of a file, verified for an environment. There is no way to leave a check out.

    The file is copied into memory that nothing can change, and everything after that looks at the copy.
    `attestations` is the file beside the bundle when None. `home` holds `trust.toml` and the key of `dev`. `now_ms`
    is the caller's clock.

    Raises:
        BundleRejected: the bytes or the evidence do not hold.
        SignatureInvalid: an attestation is not signed as the environment asks.
        TrustInvalid: this machine does not say whom the environment trusts, or contradicts itself.
    """
    roots = roots_of(home, environment)
    sealed = sealed_copy(bundle, MAX_FILE_BYTES)
    contents = read(sealed.view)
    evidence = evidence_for(
        _attestations(attestations or attestations_beside(bundle)),
        sealed.digest,
        contents.manifest,
        roots,
        demanded=_demanded(contents, environment),
        now_ms=now_ms,
    )
    return VerifiedBundle(sealed.digest, environment, evidence, contents, sealed.by_kernel)


def evidence(bundle: VerifiedBundle) -> Evidence:
    """What was shown for a verified bundle: provenance, test results and summary."""
    return bundle.evidence


def attestations_beside(bundle: Path) -> Path:
    """Where the attestations of a bundle file stand: `x.remit` has `x.attestations.jsonl`."""
    return bundle.with_name(bundle.name.removesuffix(SUFFIX) + ATTESTATIONS_SUFFIX)


def _attestations(path: Path) -> bytes:
    if not os.path.lexists(path):
        raise BundleRejected("attestations_missing", f"there are no attestations in `{path}`")
    return read_file(path, MAX_ATTESTATIONS_BYTES)


def _demanded(contents: Contents, environment: str) -> bool:
    """Whether evals must have passed: everywhere but in `dev`, and in `dev` when the organisation's policy says so."""
    if environment != DEV:
        return True
    policy = contents.objects.typed(contents.manifest.policy, PolicySet)
    return any(one.id == environment and one.require_evidence for one in policy.environments)
