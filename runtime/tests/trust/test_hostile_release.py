"""A release in the hands of somebody else: every change to either file, and every trick with the files themselves."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remit_runtime.bundle.container import MAGIC, build, read
from remit_runtime.bundle.manifest import Manifest
from remit_runtime.canonical import canonical_json, decode_strict, digest_of
from remit_runtime.errors import BundleRejected, SignatureInvalid, TrustInvalid
from remit_runtime.trust.envelope import signed
from remit_runtime.trust.keys import DEV_KEY, ensure_dev_key, new_private_key
from remit_runtime.trust.verify import open_verified

if TYPE_CHECKING:
    from conftest import TinyBundle

_REFUSED = (BundleRejected, SignatureInvalid, TrustInvalid)


def _refusal(tiny: TinyBundle) -> str:
    with pytest.raises(_REFUSED) as refused:
        tiny.open()
    return refused.value.code


def _files(tiny: TinyBundle) -> tuple[Path, Path]:
    return tiny.path, tiny.attestations


def test_the_release_itself_is_accepted(tiny_production: TinyBundle) -> None:
    assert tiny_production.open().digest == tiny_production.digest


def test_500_flipped_bits_are_all_refused(tiny_production: TinyBundle) -> None:
    chance = random.Random(20261122)
    files = _files(tiny_production)
    originals = [file.read_bytes() for file in files]
    for turn in range(500):
        which = turn % 2
        spoilt = bytearray(originals[which])
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        files[which].write_bytes(spoilt)
        _refusal(tiny_production)
        files[which].write_bytes(originals[which])
    assert tiny_production.open().environment == "production"


def test_100_truncations_are_all_refused(tiny_production: TinyBundle) -> None:
    chance = random.Random(20261123)
    files = _files(tiny_production)
    originals = [file.read_bytes() for file in files]
    for turn in range(100):
        which = turn % 2
        files[which].write_bytes(originals[which][: chance.randrange(len(originals[which]))])
        _refusal(tiny_production)
        files[which].write_bytes(originals[which])
    assert tiny_production.open().environment == "production"


@pytest.mark.parametrize("which", [0, 1], ids=["bundle", "attestations"])
@pytest.mark.parametrize("extra", [b"x", b"\n", b"\0", b"{}\n"])
def test_an_appended_byte_is_refused(tiny_production: TinyBundle, which: int, extra: bytes) -> None:
    file = _files(tiny_production)[which]
    file.write_bytes(file.read_bytes() + extra)

    assert _refusal(tiny_production) in {"trailing_bytes", "attestations_malformed", "envelope_malformed"}


def test_attestations_without_their_last_newline_are_refused(tiny_production: TinyBundle) -> None:
    tiny_production.attestations.write_bytes(tiny_production.attestations.read_bytes()[:-1])

    assert _refusal(tiny_production) == "attestations_malformed"


def test_another_bundle_under_these_attestations_is_refused(tiny_production: TinyBundle) -> None:
    parts = tiny_production.parts
    agent = tiny_production.open().agent("acme.commits")
    assert agent.budget.microusd == 1_000_000
    raised = canonical_json(agent).replace(b'"microusd":1000000', b'"microusd":9000000')
    objects = dict(parts.objects)
    entry = parts.manifest.agents[0]
    del objects[entry.closure]
    objects[digest_of(raised)] = raised
    swapped = canonical_json(parts.manifest).replace(entry.closure.encode(), digest_of(raised).encode())
    tiny_production.path.write_bytes(build(decode_strict(swapped, Manifest), objects))

    assert read(tiny_production.path.read_bytes()).agents["acme.commits"].budget.microusd == 9_000_000
    assert _refusal(tiny_production) == "provenance_subject"


def test_stripped_signatures_are_refused(tiny_production: TinyBundle) -> None:
    tiny_production.sign(tiny_production.statements(), tiny_production.keys[:1])

    assert _refusal(tiny_production) == "threshold_not_met"


def test_one_line_with_one_signature_less_is_refused(tiny_production: TinyBundle) -> None:
    lines = tiny_production.attestations.read_bytes().splitlines(keepends=True)
    for index, statement in enumerate(tiny_production.statements()):
        weak = signed(canonical_json(statement), tiny_production.keys[:1]) + b"\n"
        tiny_production.attestations.write_bytes(b"".join((*lines[:index], weak, *lines[index + 1 :])))
        assert _refusal(tiny_production) == "threshold_not_met"


def test_foreign_signatures_are_refused(tiny_production: TinyBundle) -> None:
    stranger = new_private_key()

    tiny_production.sign(tiny_production.statements(), (stranger,))
    assert _refusal(tiny_production) == "signature_unknown_key"
    tiny_production.sign(tiny_production.statements(), (*tiny_production.keys, stranger))
    assert _refusal(tiny_production) == "signature_unknown_key"


def test_a_release_signed_by_another_machines_key_is_refused_in_dev(tiny_bundle: TinyBundle) -> None:
    (tiny_bundle.home / DEV_KEY).unlink()
    ensure_dev_key(tiny_bundle.home)

    assert _refusal(tiny_bundle) == "signature_unknown_key"


def test_duplicated_lines_are_refused(tiny_production: TinyBundle) -> None:
    data = tiny_production.attestations.read_bytes()
    tiny_production.attestations.write_bytes(data + data.splitlines(keepends=True)[0])

    assert _refusal(tiny_production) == "attestation_repeated"


def test_one_key_under_two_ids_does_not_meet_a_threshold_of_two(tiny_production: TinyBundle) -> None:
    key = tiny_production.keys[0].public
    other = "a" * 64
    table = f'scheme = "ed25519"\npublic = "{key.raw.hex()}"\n'
    (tiny_production.home / "trust.toml").write_text(
        f'version = 0\n[environments.production]\nthreshold = 2\nkeys = ["{key.keyid}", "{other}"]\n'
        f"[keys.{key.keyid}]\n{table}[keys.{other}]\n{table}",
        encoding="utf-8",
    )

    assert _refusal(tiny_production) == "key_listed_twice"


def test_a_release_without_attestations_is_refused(tiny_production: TinyBundle) -> None:
    tiny_production.attestations.unlink()

    assert _refusal(tiny_production) == "attestations_missing"


@pytest.mark.parametrize("which", [0, 1], ids=["bundle", "attestations"])
def test_a_link_a_pipe_and_a_sparse_file_are_refused(tiny_production: TinyBundle, which: int) -> None:
    file = _files(tiny_production)[which]
    moved = file.with_suffix(".moved")
    file.rename(moved)

    file.symlink_to(moved)
    assert _refusal(tiny_production) == "file_unreadable"
    file.unlink()
    os.mkfifo(file)
    assert _refusal(tiny_production) == "not_a_regular_file"
    file.unlink()
    with file.open("wb") as out:
        out.truncate(1 << 40)
    assert _refusal(tiny_production) == "too_large"


def test_no_variable_turns_verification_off(
    tiny_production: TinyBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_production.sign(tiny_production.statements(), (new_private_key(),))
    for name in (
        "REMIT_SKIP_VERIFY",
        "REMIT_INSECURE",
        "REMIT_ENV",
        "REMIT_HOME",
        "CRYPTO_SIGNER_PATH_PREFIX",
        "DEBUG",
    ):
        monkeypatch.setenv(name, "1")

    assert _refusal(tiny_production) == "signature_unknown_key"


_MANIFEST_AT = len(MAGIC) + 8


def _manifest_of(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[len(MAGIC) : _MANIFEST_AT], "big")
    return data[_MANIFEST_AT : _MANIFEST_AT + length], data[_MANIFEST_AT + length :]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'{"agents":', b'{"agents":[],"agents":', "manifest_malformed"),
        (b'{"agents":', b'{ "agents":', "manifest_malformed"),
        (b'"format":0', b'"format":0,"zzz":1', "manifest_malformed"),
        (b'"format":0', b'"format":1', "format_unknown"),
        (b'"objects":[', b'"objects":[{"digest":"sha256:","length":0},', "table_unordered"),
    ],
)
def test_a_hostile_manifest_signed_by_mistake_is_refused(
    tiny_production: TinyBundle, old: bytes, new: bytes, code: str
) -> None:
    manifest, objects = _manifest_of(tiny_production.path.read_bytes())
    changed = manifest.replace(old, new, 1)
    assert changed != manifest
    tiny_production.resign(MAGIC + len(changed).to_bytes(8, "big") + changed + objects)

    assert _refusal(tiny_production) == code


def test_hidden_bytes_signed_by_mistake_are_refused(tiny_production: TinyBundle) -> None:
    good = tiny_production.path.read_bytes()
    tiny_production.resign(good + b"hidden")
    assert _refusal(tiny_production) == "trailing_bytes"

    parts = tiny_production.parts
    hidden = b'{"hidden":true}'
    tiny_production.resign(build(parts.manifest, {**parts.objects, digest_of(hidden): hidden}))
    assert _refusal(tiny_production) == "object_unreferenced"


def test_an_object_that_is_not_canonical_signed_by_mistake_is_refused_on_use(
    tiny_production: TinyBundle,
) -> None:
    parts = tiny_production.parts
    policy = parts.objects.pop(parts.manifest.policy)
    twisted = policy.replace(b'"effect":"permit"', b'"effect":"forbid","effect":"permit"')
    parts.objects[digest_of(twisted)] = twisted
    manifest = canonical_json(parts.manifest).replace(
        parts.manifest.policy.encode(), digest_of(twisted).encode()
    )
    tiny_production.resign(build(decode_strict(manifest, Manifest), parts.objects))

    with pytest.raises(BundleRejected) as refused:
        tiny_production.open().policy()
    assert refused.value.code == "object_malformed"


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bundle=st.none() | st.binary(max_size=300), attestations=st.none() | st.binary(max_size=300))
def test_any_two_files_are_refused_with_a_typed_error(
    tiny_bundle: TinyBundle, bundle: bytes | None, attestations: bytes | None
) -> None:
    folder = tiny_bundle.path.parent / "fuzz"
    folder.mkdir(exist_ok=True)
    (folder / "x.remit").write_bytes(tiny_bundle.path.read_bytes() if bundle is None else bundle)
    lines = tiny_bundle.attestations.read_bytes() if attestations is None else attestations
    (folder / "x.attestations.jsonl").write_bytes(lines)
    if bundle is None and attestations is None:
        return  # the release itself

    with pytest.raises(_REFUSED):
        open_verified(folder / "x.remit", None, tiny_bundle.home, "dev", 1_795_000_000_000)
