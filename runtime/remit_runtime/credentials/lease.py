"""A lease: one secret, for one call, to one host, for a short time, with no more than it was declared for.

A secret comes from an environment variable or from a file of the home that nobody else may read. It is read when it
is leased, never kept by name, and never part of a `repr`, a pickle or an error.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

from remit_runtime.bundle.tool import CredentialIR
from remit_runtime.credentials.forms import SHORTEST, forms_of

FOLDER = "credentials"
MAX_BYTES = 16 * 1024

Code = Literal[
    "credential_expired",
    "credential_exposed",
    "credential_invalid",
    "credential_missing",
    "host_mismatch",
    "scope_widening",
    "ttl_too_long",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SENDABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class LeaseRefused:
    """Why no secret is given: a stable code and a sentence, which never holds any of it."""

    code: Code
    reason: str


@dataclass(frozen=True, slots=True)
class Leased:
    """A secret for one call. `id` is the credential and the call; `expires_ms` is since the epoch."""

    id: str
    credential: str
    host: str
    expires_ms: int
    _secret: str = field(repr=False)

    def secret_at(self, now_ms: int) -> str | LeaseRefused:
        """The secret, as long as the lease has not run out."""
        if now_ms >= self.expires_ms:
            return LeaseRefused(
                "credential_expired", f"the lease of credential `{self.credential}` has run out"
            )
        return self._secret

    def forms(self) -> tuple[str, ...]:
        """Every form of the secret that must be cut out of what comes back and of what is written."""
        return forms_of(self._secret)

    def __reduce__(self) -> NoReturn:
        """Nothing: a lease leaves its process in no form.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("a lease is not pickled")


def lease(
    credential: CredentialIR,
    *,
    call: str,
    host: str,
    scopes: Collection[str],
    ttl_seconds: int,
    home: Path,
    environ: Mapping[str, str],
    now_ms: int,
) -> Leased | LeaseRefused:
    """The secret of a credential for one call to one host, or why it is not given.

    `scopes` and `ttl_seconds` may only be as wide as the credential or narrower. The secret itself is the issuer's:
    narrowing is held here, and by the issuer where it gave a narrower one.
    """
    name = credential.id
    if host not in credential.hosts:
        return LeaseRefused("host_mismatch", f"credential `{name}` may not be shown to host `{host}`")
    wider = sorted(set(scopes) - set(credential.scopes))
    if wider:
        return LeaseRefused("scope_widening", f"credential `{name}` has no scope `{wider[0]}`")
    if not 0 < ttl_seconds <= credential.max_ttl_seconds:
        reason = f"credential `{name}` is leased for at most {credential.max_ttl_seconds} seconds"
        return LeaseRefused("ttl_too_long", reason)
    secret = _secret(credential, home, environ)
    if isinstance(secret, LeaseRefused):
        return secret
    return Leased(f"{name}@{call}", name, host, now_ms + ttl_seconds * 1000, secret)


def known_forms(
    credentials: Iterable[CredentialIR], home: Path, environ: Mapping[str, str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The forms of every secret that could be leased now, each with its credential: what is cut out before any is.

    A secret that is not there, or could not be leased, has none.
    """
    found = ((one.id, _secret(one, home, environ)) for one in credentials)
    return tuple((name, forms_of(secret)) for name, secret in found if isinstance(secret, str))


def _secret(credential: CredentialIR, home: Path, environ: Mapping[str, str]) -> str | LeaseRefused:
    found: str | LeaseRefused | None
    if credential.env is not None:
        found = environ.get(credential.env)
        where = f"environment variable `{credential.env}`"
    else:
        found = _from_file(credential, home)
        where = f"file `{FOLDER}/{credential.file}` of the home"
    if found is None or found == "":
        return LeaseRefused("credential_missing", f"credential `{credential.id}` is not in the {where}")
    if isinstance(found, LeaseRefused):
        return found
    if len(found) < SHORTEST or not _SENDABLE.fullmatch(found):
        reason = f"credential `{credential.id}` is no token of {SHORTEST} and more visible ASCII characters"
        return LeaseRefused("credential_invalid", reason)
    return found


def _from_file(credential: CredentialIR, home: Path) -> str | LeaseRefused | None:
    """The text of a file without the line break at its end; None where there is no such file."""
    name = credential.file or ""
    if not _NAME.fullmatch(name):
        reason = f"the file of credential `{credential.id}` is not a plain file name"
        return LeaseRefused("credential_invalid", reason)
    try:
        # A link could lead to a file that is guarded in another way than this one.
        descriptor = os.open(home / FOLDER / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        return _exposed(credential, "cannot be read as a file of its own")
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
            return _exposed(credential, "is not a regular file of this user")
        if stat.S_IMODE(status.st_mode) != 0o600:
            return _exposed(credential, "must have the mode 0600")
        data = os.read(descriptor, MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        return LeaseRefused("credential_invalid", f"the file of credential `{credential.id}` is too long")
    return data.decode("latin-1").removesuffix("\n").removesuffix("\r")


def _exposed(credential: CredentialIR, why: str) -> LeaseRefused:
    return LeaseRefused("credential_exposed", f"the file of credential `{credential.id}` {why}")
