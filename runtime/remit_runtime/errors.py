"""Every error the runtime raises, one class per response the caller can make.

What is expected (a denial, a pause, a spent budget) is a returned value, never one of these. A broken
invariant is our own bug and stays a plain `RuntimeError`.
"""

from __future__ import annotations


class RemitError(Exception):
    """The root: `code` is stable and meant for programs, the text is one sentence for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class NotCanonical(RemitError):
    """Bytes are not the one canonical form of the value they should hold."""


class BundleRejected(RemitError):
    """A bundle's bytes, evidence or signatures do not hold: nothing of it may run."""


class SignatureInvalid(BundleRejected):
    """An envelope is not signed as the trust configuration asks."""


class TrustInvalid(RemitError):
    """`trust.toml` or a key file is missing, malformed or contradicts itself."""


class StoreUnavailable(RemitError):
    """The journal cannot be opened, read or written: no action may follow."""


class JournalCorrupt(RemitError):
    """A hash chain of the journal does not verify."""


class RunRefused(RemitError):
    """A run may not start: unknown agent, wrong input, a duty this runtime lacks."""


class UsageError(RemitError):
    """The command line or a file given to it (script, input) is not of the form it asks."""


class CredentialRefused(RemitError):
    """A credential lease is not granted."""
