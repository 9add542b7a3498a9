"""The keys of people who approve, in `trust.toml` of this machine, and what they sign.

    [approvers.<key id>]
    scheme = "ed25519"
    public = "<64 hex digits>"
    person = "os:ada"          # may be left out: whose key it is

An approver's key never comes from a bundle: whoever could change policy could else add a key and approve with it.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from remit_runtime.bundle.limits import MAX_TRUST_BYTES
from remit_runtime.bundle.sealed import read_file
from remit_runtime.bundle.words import Struct
from remit_runtime.canonical import Digest, canonical_json, decode_strict
from remit_runtime.errors import BundleRejected, NotCanonical, SignatureInvalid, TrustInvalid
from remit_runtime.trust import envelope
from remit_runtime.trust.keys import KeyId, PrivateKey, PublicKey
from remit_runtime.trust.roots import FILE, Roots, approver_keys

APPROVAL_TYPE = "application/vnd.remit.approval.v0+json"

_PERSON = re.compile(r"os:[^\s:/*]{1,64}")


@dataclass(frozen=True)
class Approver:
    """A key that may sign approvals on this machine, and the person whose key it is, where that is said."""

    key: PublicKey
    person: str | None

    @property
    def principal(self) -> str:
        """The principal of the key."""
        return f"key:{self.key.keyid}"


class ApprovalStatement(Struct, frozen=True):
    """What a person signs: one answer to one request, in full. `expires_ms` is the request's."""

    approval: str
    decision: Literal["approved", "denied"]
    subject: Digest
    requirement: str
    run: str
    agent: str
    version: str
    bundle: Digest
    environment: str
    expires_ms: int
    reason: str
    signer: str


def approvers_of(home: Path) -> Mapping[KeyId, Approver]:
    """The approvers that this machine knows; none without a `trust.toml`.

    Raises:
        TrustInvalid: `trust.toml` does not hold.
    """
    path = home / FILE
    if not os.path.lexists(path):
        return {}
    try:
        data = read_file(path, MAX_TRUST_BYTES)
        if path.lstat().st_mode & stat.S_IWOTH:
            raise TrustInvalid("trust_exposed", f"anybody can write `{path}`: whom it trusts means nothing")
    except (BundleRejected, OSError) as error:
        raise TrustInvalid("trust_malformed", f"`{path}` cannot be read as a file of its own") from error
    found: dict[KeyId, Approver] = {}
    for keyid, (key, person) in approver_keys(data).items():
        if person is not None and _PERSON.fullmatch(person) is None:
            raise TrustInvalid("trust_malformed", f"the person of approver `{keyid}` is not `os:LOGIN`")
        found[keyid] = Approver(key, person)
    return found


def signed(statement: ApprovalStatement, key: PrivateKey) -> str:
    """The envelope, as JSON text, in which a key says an answer."""
    return envelope.signed(canonical_json(statement), [key], APPROVAL_TYPE).decode("utf-8")


def verified(text: str, approvers: Mapping[KeyId, Approver]) -> tuple[ApprovalStatement, Approver]:
    """What an envelope says and whose key signed it, once the signature of exactly one known approver verifies.

    Raises:
        BundleRejected: it is no envelope of an approval.
        SignatureInvalid: it is not signed by exactly one approver of this machine, who is the signer it names.
    """
    roots = Roots("approvers", 1, {keyid: approver.key for keyid, approver in approvers.items()})
    payload, signers = envelope.verified(text.encode("utf-8"), roots, APPROVAL_TYPE)
    try:
        statement = decode_strict(payload, ApprovalStatement)
    except NotCanonical as error:
        raise BundleRejected(
            "statement_malformed", "a signed approval is not a canonical statement"
        ) from error
    if len(signers) != 1:
        raise SignatureInvalid("signature_repeated", "an approval is signed by one key alone")
    [keyid] = signers
    approver = approvers[keyid]
    if statement.signer != approver.principal:
        raise SignatureInvalid("signature_unknown_key", "an approval names another signer than its key")
    return statement, approver
