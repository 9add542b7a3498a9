"""Signed envelopes: what is accepted of DSSE, and the many forms that are not."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.canonical import canonical_json
from remit_runtime.errors import BundleRejected, SignatureInvalid
from remit_runtime.trust.envelope import signed, verified
from remit_runtime.trust.keys import PrivateKey, new_private_key
from remit_runtime.trust.roots import Roots

_PAYLOAD = b'{"hello":"world"}'


def _roots(keys: tuple[PrivateKey, ...], threshold: int) -> Roots:
    return Roots("production", threshold, {key.public.keyid: key.public for key in keys})


def _changed(line: bytes, **changes: Any) -> bytes:
    return canonical_json({**json.loads(line), **changes})


def _refusal(line: bytes, roots: Roots) -> str:
    with pytest.raises((BundleRejected, SignatureInvalid)) as refused:
        verified(line, roots)
    return refused.value.code


def test_a_payload_comes_back_with_all_who_signed_it(private_keys: tuple[PrivateKey, ...]) -> None:
    line = signed(_PAYLOAD, private_keys[:2])

    payload, signers = verified(line, _roots(private_keys, 2))

    assert payload == _PAYLOAD
    assert signers == {key.public.keyid for key in private_keys[:2]}


def test_the_order_of_keys_does_not_change_a_byte(private_keys: tuple[PrivateKey, ...]) -> None:
    assert signed(_PAYLOAD, private_keys) == signed(_PAYLOAD, private_keys[::-1])


def test_an_independent_reader_of_dsse_accepts_the_envelope(private_keys: tuple[PrivateKey, ...]) -> None:
    line = json.loads(signed(_PAYLOAD, private_keys[:1]))
    kind = line["payloadType"].encode()
    body = base64.b64decode(line["payload"])
    message = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    Ed25519PublicKey.from_public_bytes(private_keys[0].public.raw).verify(
        base64.b64decode(line["signatures"][0]["sig"]), message
    )


def test_too_few_signatures_are_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    assert _refusal(signed(_PAYLOAD, private_keys[:1]), _roots(private_keys, 2)) == "threshold_not_met"


def test_a_stripped_envelope_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    line = signed(_PAYLOAD, private_keys[:1])

    assert _refusal(_changed(line, signatures=[]), _roots(private_keys, 1)) == "threshold_not_met"


def test_a_foreign_signature_beside_a_good_one_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    line = signed(_PAYLOAD, (private_keys[0], new_private_key()))

    assert _refusal(line, _roots(private_keys[:1], 1)) == "signature_unknown_key"


def test_a_repeated_signature_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    line = signed(_PAYLOAD, private_keys[:1])
    twice = json.loads(line)["signatures"] * 2

    assert _refusal(_changed(line, signatures=twice), _roots(private_keys, 2)) == "signature_repeated"


def test_a_signature_under_the_id_of_another_key_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    first, second = private_keys[:2]
    line = json.loads(signed(_PAYLOAD, (first,)))
    line["signatures"].append({**line["signatures"][0], "keyid": second.public.keyid})

    assert _refusal(canonical_json(line), _roots(private_keys, 2)) == "signature_wrong"


def test_a_signature_over_another_payload_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    line = signed(_PAYLOAD, private_keys[:1])
    other = base64.b64encode(b'{"hello":"moon"}').decode()

    assert _refusal(_changed(line, payload=other), _roots(private_keys, 1)) == "signature_wrong"


def test_another_payload_type_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    line = signed(_PAYLOAD, private_keys[:1])

    assert (
        _refusal(_changed(line, payloadType="text/plain"), _roots(private_keys, 1)) == "payload_type_unknown"
    )


def test_base64_in_a_second_spelling_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    line = json.loads(signed(_PAYLOAD, private_keys[:1]))
    sig: str = line["signatures"][0]["sig"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    # 64 bytes leave four bits of the last letter unused.
    respelt = sig[:85] + alphabet[alphabet.index(sig[85]) ^ 1] + "=="
    assert base64.b64decode(respelt) == base64.b64decode(sig)
    line["signatures"][0]["sig"] = respelt

    assert _refusal(canonical_json(line), _roots(private_keys, 1)) == "envelope_malformed"


@pytest.mark.parametrize("sig", ["", "AAAA", "AA==", "####", "ü", "A" * 88])
def test_a_signature_of_another_length_or_alphabet_is_refused(
    private_keys: tuple[PrivateKey, ...], sig: str
) -> None:
    line = json.loads(signed(_PAYLOAD, private_keys[:1]))
    line["signatures"][0]["sig"] = sig

    assert _refusal(canonical_json(line), _roots(private_keys, 1)) in {
        "envelope_malformed",
        "signature_wrong",
    }


@pytest.mark.parametrize("drop", ["payload", "payloadType", "signatures"])
def test_an_envelope_without_a_part_is_refused(private_keys: tuple[PrivateKey, ...], drop: str) -> None:
    line = json.loads(signed(_PAYLOAD, private_keys[:1]))
    del line[drop]

    assert _refusal(canonical_json(line), _roots(private_keys, 1)) == "envelope_malformed"


def test_an_envelope_in_another_form_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    line = signed(_PAYLOAD, private_keys[:1])
    roots = _roots(private_keys, 1)

    assert _refusal(line + b" ", roots) == "envelope_malformed"
    assert _refusal(_changed(line, extra=1), roots) == "envelope_malformed"
    assert (
        _refusal(line.replace(b'{"payload":', b'{"payload":"","payload":', 1), roots) == "envelope_malformed"
    )
    assert _refusal(b"[" * 100_000, roots) == "envelope_malformed"
    assert _refusal(b"", roots) == "envelope_malformed"


def test_signing_with_no_key_or_one_key_twice_is_our_own_bug(private_keys: tuple[PrivateKey, ...]) -> None:
    with pytest.raises(RuntimeError):
        signed(_PAYLOAD, ())
    with pytest.raises(RuntimeError):
        signed(_PAYLOAD, (private_keys[0], private_keys[0]))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    payload=st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()),
    kind=st.sampled_from(["application/vnd.in-toto+json", "x"]) | st.text(),
    signatures=st.lists(st.fixed_dictionaries({"keyid": st.text(), "sig": st.text()})) | _JSON,
)
def test_any_envelope_is_refused_with_a_typed_error(payload: str, kind: str, signatures: object) -> None:
    line = json.dumps({"payload": payload, "payloadType": kind, "signatures": signatures}).encode()

    _refusal(line, Roots("production", 1, {}))
