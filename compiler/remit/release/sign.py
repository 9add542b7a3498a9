"""From statements to the signed lines that stand beside a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from remit_runtime.canonical import canonical_json
from remit_runtime.trust.envelope import signed
from remit_runtime.trust.keys import PrivateKey
from remit_runtime.trust.statement import Statement


def sign(statements: Iterable[Statement], keys: Sequence[PrivateKey]) -> bytes:
    """The attestations file: one envelope a line, each signed by every key.

    Raises:
        RuntimeError: no key, or one key twice.
    """
    return b"".join(signed(canonical_json(statement), keys) + b"\n" for statement in statements)
