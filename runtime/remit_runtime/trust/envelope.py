"""Signed envelopes (DSSE v1.0): a payload, its type, and the signatures of distinct trusted keys."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import msgspec

from remit_runtime.canonical import canonical_json, decode_strict
from remit_runtime.errors import BundleRejected, NotCanonical, SignatureInvalid
from remit_runtime.trust.keys import KeyId, PrivateKey, library_key
from remit_runtime.trust.roots import Roots

PAYLOAD_TYPE = "application/vnd.in-toto+json"


class SignatureEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signature of an envelope."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A DSSE envelope as it stands in a file: payload and signatures in base64."""

    payload: str
    payload_type: str
    signatures: tuple[SignatureEntry, ...]


def signed(payload: bytes, keys: Sequence[PrivateKey], payload_type: str = PAYLOAD_TYPE) -> bytes:
    """One canonical envelope over a payload, in-toto's if nothing else is said, signed by each of the keys.

    Raises:
        RuntimeError: no key, or one key twice.
    """
    from securesystemslib.dsse import Envelope as Signing

    if not keys or len({key.public.keyid for key in keys}) != len(keys):
        raise RuntimeError("an envelope is signed by at least one key, and by each key once")
    envelope = Signing(payload, payload_type, {})
    for key in sorted(keys, key=lambda one: one.public.keyid):
        envelope.sign(key.signer)
    signatures = (
        SignatureEntry(keyid, base64.b64encode(bytes.fromhex(made.signature)).decode("ascii"))
        for keyid, made in envelope.signatures.items()
    )
    return canonical_json(
        Envelope(base64.b64encode(payload).decode("ascii"), payload_type, tuple(signatures))
    )


def verified(line: bytes, roots: Roots, payload_type: str = PAYLOAD_TYPE) -> tuple[bytes, frozenset[KeyId]]:
    """The payload of an envelope and the keys that signed it, once every signature on it verifies.

    Stricter than DSSE asks: a signature by a key that the environment does not trust refuses the envelope, so that
    nothing unverified travels beside what is verified.

    Raises:
        BundleRejected: `envelope_malformed` or `payload_type_unknown`.
        SignatureInvalid: `signature_unknown_key`, `signature_repeated`, `signature_wrong` or `threshold_not_met`.
    """
    envelope = _decoded(line)
    payload = _unbased(envelope.payload)
    if envelope.payload_type != payload_type:  # DSSE leaves this to the caller
        raise BundleRejected("payload_type_unknown", "an envelope holds something else than it should")
    signers: set[KeyId] = set()
    for entry in envelope.signatures:
        keyid = KeyId(entry.keyid)
        if keyid not in roots.keys:
            raise SignatureInvalid(
                "signature_unknown_key", f"`{roots.environment}` does not trust a key that signed"
            )
        if keyid in signers:
            raise SignatureInvalid("signature_repeated", f"key `{keyid}` signed one envelope twice")
        signers.add(keyid)
    _check(payload, envelope, roots)
    if len(signers) < roots.threshold:
        wanted, got = roots.threshold, len(signers)
        raise SignatureInvalid(
            "threshold_not_met", f"`{roots.environment}` asks for {wanted} signatures, not {got}"
        )
    return payload, frozenset(signers)


def _decoded(line: bytes) -> Envelope:
    try:
        return decode_strict(line, Envelope)
    except NotCanonical as error:
        raise BundleRejected("envelope_malformed", "an attestation is not a canonical envelope") from error


def _unbased(text: str) -> bytes:
    """The bytes of base64 text that is the one spelling of them: two texts for one signature are two envelopes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BundleRejected("envelope_malformed", "an envelope holds text that is not base64") from error
    if base64.b64encode(data).decode("ascii") != text:
        raise BundleRejected("envelope_malformed", "an envelope holds base64 that is not canonical")
    return data


def _check(payload: bytes, envelope: Envelope, roots: Roots) -> None:
    """Every signature of the envelope verifies under the key of its id, and no other key is tried."""
    from securesystemslib.dsse import Envelope as Signing
    from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
    from securesystemslib.signer import (  # type: ignore[attr-defined]
        Signature,  # pyright: ignore[reportPrivateImportUsage]
    )

    pae = Signing(payload, envelope.payload_type, {}).pae()
    for entry in envelope.signatures:
        keyid = KeyId(entry.keyid)
        try:
            library_key(roots.keys[keyid]).verify_signature(Signature(keyid, _unbased(entry.sig).hex()), pae)
        except (UnverifiedSignatureError, VerificationError) as error:
            raise SignatureInvalid(
                "signature_wrong", f"a signature by key `{keyid}` does not verify"
            ) from error
