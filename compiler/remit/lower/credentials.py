"""Credentials become objects that the tools and models which lease them pin: where a secret is, never the secret."""

from __future__ import annotations

from remit.definitions import Credential
from remit_runtime.bundle.tool import CredentialIR


def credential_ir(credential: Credential) -> CredentialIR:
    """The credential of the bundle."""
    spec = credential.spec
    return CredentialIR(
        id=credential.metadata.id,
        env=spec.source.env,
        file=spec.source.file,
        hosts=tuple(sorted(spec.hosts)),
        scopes=tuple(sorted(spec.scopes)),
        max_ttl_seconds=spec.max_ttl_seconds,
    )
