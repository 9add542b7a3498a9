"""Ed25519 keys: a key id is the digest of the public key, and a private key is a file of its owner alone."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NewType

from remit_runtime.bundle.limits import MAX_KEY_BYTES
from remit_runtime.errors import TrustInvalid
from remit_runtime.trust.state import make_home

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    # The library documents these names and marks no export of them.
    from securesystemslib.signer import (  # type: ignore[attr-defined]
        CryptoSigner,  # pyright: ignore[reportPrivateImportUsage]
        SSlibKey,  # pyright: ignore[reportPrivateImportUsage]
    )

KeyId = NewType("KeyId", str)
"""64 lower-case hex digits: the SHA-256 of the raw 32 bytes of an Ed25519 public key."""

DEV_KEY = Path("keys", "dev.key")

_PUBLIC = re.compile(r"[0-9a-f]{64}")
_FIELD = 2**255 - 19
# The y coordinates of the points of small order. Anybody can sign for such a "key", the all-zero one included.
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _FIELD - 1,
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
        ),
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
        ),
    }
)


@dataclass(frozen=True)
class PublicKey:
    """An Ed25519 public key that is the one spelling of a point of large order."""

    raw: bytes

    @property
    def keyid(self) -> KeyId:
        """The id, computed from the key and never believed."""
        return KeyId(hashlib.sha256(self.raw).hexdigest())


@dataclass(frozen=True)
class KeyMade:
    """A key that did not exist before: the user is told."""

    path: Path
    keyid: KeyId


@dataclass(frozen=True)
class KeyFound:
    """A key that was there already."""

    path: Path
    keyid: KeyId


@dataclass(frozen=True)
class PrivateKey:
    """A key that can sign. Its secret is in no `repr`."""

    public: PublicKey
    signer: CryptoSigner = field(repr=False)


def public_key(text: str) -> PublicKey:
    """The public key written as 64 lower-case hex digits.

    Raises:
        TrustInvalid: `key_malformed` or `key_weak`.
    """
    if not _PUBLIC.fullmatch(text):
        raise TrustInvalid("key_malformed", "a public key is not 64 lower-case hex digits")
    raw = bytes.fromhex(text)
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    # A second spelling of one point would be a second key id for one key (RFC 8032 §5.1.3 refuses it too).
    if y >= _FIELD or y in _SMALL_ORDER:
        raise TrustInvalid("key_weak", f"public key `{text}` is no key that only its owner can sign with")
    return PublicKey(raw)


def new_private_key() -> PrivateKey:
    """A fresh key, from the system's randomness, that stands in no file."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return _signing(Ed25519PrivateKey.generate())


def read_private_key(path: Path) -> PrivateKey:
    """The private key of a PEM file (PKCS#8, unencrypted).

    Raises:
        TrustInvalid: `key_missing`; `key_exposed` when others than its owner may read or write the file;
            `key_malformed` when it is a link, not a file, too large, or not an Ed25519 key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _private_bytes(path)
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TrustInvalid("key_malformed", f"`{path}` is not an unencrypted PEM private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise TrustInvalid("key_malformed", f"`{path}` is not an Ed25519 key")
    return _signing(key)


def write_private_key(path: Path, key: PrivateKey) -> bool:
    """Puts a key into a new file of mode 0600, whole or not at all. False when a file stands there already.

    Raises:
        TrustInvalid: `key_unwritable`.
    """
    temporary = ""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mode 0600 from the start
        with os.fdopen(handle, "wb") as out:
            out.write(key.signer.private_bytes)
            out.flush()
            os.fsync(out.fileno())
        os.link(temporary, path)  # fails if somebody was faster: a key is never overwritten
    except FileExistsError:
        return False
    except OSError as error:
        raise TrustInvalid("key_unwritable", f"`{path}` cannot be written") from error
    finally:
        if temporary:
            Path(temporary).unlink()
    return True


def ensure_dev_key(home: Path) -> KeyMade | KeyFound:
    """The key that `dev` trusts on this machine, made if there is none.

    Raises:
        TrustInvalid: the key that is there does not hold (see `read_private_key`), or none can be made.
    """
    path = home / DEV_KEY
    if not os.path.lexists(path):
        make_home(home)
        key = new_private_key()
        if write_private_key(path, key):
            return KeyMade(path, key.public.keyid)
    return KeyFound(path, read_private_key(path).public.keyid)


def library_key(key: PublicKey) -> SSlibKey:
    """The key as securesystemslib takes it, under the key id of ours."""
    from securesystemslib.signer import (  # type: ignore[attr-defined]
        SSlibKey,  # pyright: ignore[reportPrivateImportUsage]
    )

    return SSlibKey(key.keyid, "ed25519", "ed25519", {"public": key.raw.hex()})


def _signing(key: Ed25519PrivateKey) -> PrivateKey:
    from securesystemslib.signer import (  # type: ignore[attr-defined]
        CryptoSigner,  # pyright: ignore[reportPrivateImportUsage]
    )

    public = public_key(key.public_key().public_bytes_raw().hex())
    return PrivateKey(public, CryptoSigner(key, library_key(public)))


def _private_bytes(path: Path) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise TrustInvalid("key_missing", f"there is no key file `{path}`") from error
    except (OSError, ValueError) as error:
        raise TrustInvalid("key_malformed", f"`{path}` cannot be opened as a key file of its own") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise TrustInvalid("key_malformed", f"`{path}` is not a regular file")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise TrustInvalid(
                "key_exposed", f"others than its owner can use key file `{path}`: give it mode 0600"
            )
        data = os.read(handle, MAX_KEY_BYTES + 1)
    except OSError as error:
        raise TrustInvalid("key_malformed", f"`{path}` cannot be read") from error
    finally:
        os.close(handle)
    if len(data) > MAX_KEY_BYTES:
        raise TrustInvalid("key_malformed", f"`{path}` is too large for a key file")
    return data
