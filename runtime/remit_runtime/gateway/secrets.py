"""The secrets of a gateway's runs: leased here for one call, and cut out of everything from then on."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.tool import CredentialIR
from remit_runtime.canonical import Digest
from remit_runtime.credentials.lease import Leased, LeaseRefused, known_forms, lease


@dataclass(frozen=True)
class Vault:
    """Where secrets are leased from, and the forms of those that are known. Safe to share between threads.

    What is known only grows: a secret that was leased once stays cut out after its file has changed.
    """

    home: Path
    environ: Mapping[str, str] = field(repr=False)
    _known: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def values(self) -> tuple[tuple[str, str], ...]:
        """Every known form of every secret, each with the id under which it is cut out."""
        with self._lock:
            return tuple(
                (f"credential.{name}", form) for name, forms in self._known.items() for form in forms
            )

    def remember(self, name: str, forms: Collection[str]) -> None:
        """Adds forms of a credential to those that are known."""
        with self._lock:
            before = self._known.get(name, ())
            self._known[name] = (*before, *(form for form in forms if form not in before))

    def lease(
        self,
        credential: CredentialIR,
        *,
        call: str,
        host: str,
        scopes: Collection[str],
        ttl_seconds: int,
        now_ms: int,
    ) -> Leased | LeaseRefused:
        """The secret of a credential for one call, from now on cut out of everything; or why it is not given."""
        leased = lease(
            credential,
            call=call,
            host=host,
            scopes=scopes,
            ttl_seconds=ttl_seconds,
            home=self.home,
            environ=self.environ,
            now_ms=now_ms,
        )
        if isinstance(leased, Leased):
            self.remember(leased.credential, leased.forms())
        return leased


def open_vault(bundle: VerifiedBundle, home: Path, environ: Mapping[str, str]) -> Vault:
    """The vault of a bundle: it knows the forms of every secret that the bundle's tools and models may lease.

    Raises:
        BundleRejected: a credential of the bundle does not decode.
    """
    vault = Vault(home, environ)
    for name, forms in known_forms(_credentials(bundle), home, environ):
        vault.remember(name, forms)
    return vault


def _credentials(bundle: VerifiedBundle) -> list[CredentialIR]:
    tools = {use.object for entry in bundle.agents() for use in bundle.agent(entry.id).tools}
    models = {use.object for entry in bundle.agents() for use in bundle.agent(entry.id).models}
    uses = (bundle.tool(digest).credential for digest in tools)
    pins: set[Digest | None] = {use.object for use in uses if use is not None}
    pins |= {bundle.model(digest).credential_object for digest in models}
    return [bundle.credential(pin) for pin in sorted(pin for pin in pins if pin is not None)]
