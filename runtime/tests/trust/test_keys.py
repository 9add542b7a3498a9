"""Keys: an id that is computed, a file of its owner alone, and no key that anybody can sign with."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from remit_runtime.errors import TrustInvalid
from remit_runtime.trust.keys import (
    KeyFound,
    KeyMade,
    PrivateKey,
    ensure_dev_key,
    public_key,
    read_private_key,
    write_private_key,
)


def _refusal(path: Path) -> str:
    with pytest.raises(TrustInvalid) as refused:
        read_private_key(path)
    return refused.value.code


def test_a_key_id_is_the_digest_of_the_raw_key(private_keys: tuple[PrivateKey, ...]) -> None:
    key = private_keys[0].public

    assert key.keyid == hashlib.sha256(key.raw).hexdigest()
    assert private_keys[0].signer.public_key.keyid == key.keyid


def test_the_first_use_makes_a_key_and_the_second_finds_it(tmp_path: Path) -> None:
    home = tmp_path / "home"

    made = ensure_dev_key(home)
    found = ensure_dev_key(home)

    assert isinstance(made, KeyMade)
    assert found == KeyFound(made.path, made.keyid)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert list(made.path.parent.iterdir()) == [made.path]


def test_a_generous_umask_does_not_widen_a_key_file(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from remit_runtime.trust.keys import ensure_dev_key;"
        "os.umask(0); ensure_dev_key(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "home")], check=True)

    assert stat.S_IMODE((tmp_path / "home" / "keys" / "dev.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_a_key_file_is_never_overwritten(tmp_path: Path, private_keys: tuple[PrivateKey, ...]) -> None:
    path = tmp_path / "keys" / "one.key"

    assert write_private_key(path, private_keys[0])
    assert not write_private_key(path, private_keys[1])
    assert read_private_key(path).public == private_keys[0].public


def test_a_secret_is_in_no_repr(private_keys: tuple[PrivateKey, ...]) -> None:
    assert "BEGIN" not in repr(private_keys[0])
    assert "signer" not in repr(private_keys[0])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_key_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    made = ensure_dev_key(tmp_path)
    made.path.chmod(mode)

    assert _refusal(made.path) == "key_exposed"
    with pytest.raises(TrustInvalid):
        ensure_dev_key(tmp_path)


def test_a_key_file_that_is_no_file_of_its_own_is_refused(tmp_path: Path) -> None:
    made = ensure_dev_key(tmp_path)
    (tmp_path / "link.key").symlink_to(made.path)
    os.mkfifo(tmp_path / "pipe.key", 0o600)

    assert _refusal(tmp_path / "link.key") == "key_malformed"
    assert _refusal(tmp_path / "pipe.key") == "key_malformed"
    assert _refusal(made.path.parent) == "key_malformed"
    assert _refusal(made.path / "below") == "key_malformed"
    assert _refusal(tmp_path / "nul\0inside") == "key_malformed"


def test_a_missing_key_file_is_named_as_missing(tmp_path: Path) -> None:
    assert _refusal(tmp_path / "absent.key") == "key_missing"


_PEM = (Encoding.PEM, PrivateFormat.PKCS8)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ed25519.Ed25519PrivateKey.generate().private_bytes(*_PEM, NoEncryption()) + b"\n" * 20_000,
        ec.generate_private_key(ec.SECP256R1()).private_bytes(*_PEM, NoEncryption()),
        ed25519.Ed25519PrivateKey.generate().private_bytes(*_PEM, BestAvailableEncryption(b"word")),
    ],
    ids=["empty", "text", "broken", "large", "another-scheme", "encrypted"],
)
def test_what_is_no_plain_ed25519_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.key"
    path.write_bytes(content)
    path.chmod(0o600)

    assert _refusal(path) == "key_malformed"


@pytest.mark.parametrize("text", ["", "00", "g" * 64, "AB" * 32, " " * 64, "ab" * 33, "ab" * 31 + "\n\n"])
def test_a_public_key_in_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(TrustInvalid) as refused:
        public_key(text)

    assert refused.value.code == "key_malformed"


@pytest.mark.parametrize(
    "text",
    [
        "00" * 32,
        "01" + "00" * 31,
        "00" * 31 + "80",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",  # p itself: a second spelling of zero
        "ff" * 32,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ],
)
def test_a_key_that_anybody_can_sign_with_is_refused(text: str) -> None:
    with pytest.raises(TrustInvalid) as refused:
        public_key(text)

    assert refused.value.code == "key_weak"
