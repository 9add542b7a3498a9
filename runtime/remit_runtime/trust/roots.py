"""Whom each environment trusts: `trust.toml`, read into frozen types that cannot contradict themselves.

    version = 0

    [environments.production]
    threshold = 2
    keys = ["<key id>", "<key id>"]

    [keys.<key id>]
    scheme = "ed25519"
    public = "<64 hex digits>"

`dev` is never listed: it trusts the key in `keys/dev.key` of the same directory, and no other. The keys of people who
approve stand in the same file (`approvers.py`); they sign no bundle, and a root's key approves nothing.
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from remit_runtime.bundle.limits import MAX_TRUST_BYTES
from remit_runtime.bundle.sealed import read_file
from remit_runtime.errors import BundleRejected, TrustInvalid
from remit_runtime.trust.keys import DEV_KEY, KeyId, PublicKey, public_key, read_private_key

DEV = "dev"
FILE = "trust.toml"


@dataclass(frozen=True)
class Roots:
    """The keys one environment trusts, and how many of them must sign. `1 <= threshold <= len(keys)`."""

    environment: str
    threshold: int
    keys: Mapping[KeyId, PublicKey]


class _Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: int
    keys: tuple[str, ...]


class _Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scheme: str
    public: str


class _Approver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    scheme: str
    public: str
    person: str | None = None


class _Trust(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    environments: dict[str, _Environment] = {}
    keys: dict[str, _Key] = {}
    approvers: dict[str, _Approver] = {}


def roots_of(home: Path, environment: str) -> Roots:
    """Whom an environment trusts on this machine.

    Raises:
        TrustInvalid: the key of `dev` or `trust.toml` is missing or does not hold, or the environment is not in it.
    """
    if environment == DEV:
        key = read_private_key(home / DEV_KEY).public
        return Roots(DEV, 1, {key.keyid: key})
    path = home / FILE
    if not os.path.lexists(path):
        raise TrustInvalid("trust_missing", f"there is no `{path}` that says whom `{environment}` trusts")
    try:
        data = read_file(path, MAX_TRUST_BYTES)
        if path.lstat().st_mode & stat.S_IWOTH:
            raise TrustInvalid("trust_exposed", f"anybody can write `{path}`: whom it trusts means nothing")
    except (BundleRejected, OSError) as error:
        raise TrustInvalid("trust_malformed", f"`{path}` cannot be read as a file of its own") from error
    listed = parse(data)
    if environment not in listed:
        raise TrustInvalid("environment_unknown", f"`{path}` does not list environment `{environment}`")
    return listed[environment]


def parse(data: bytes) -> Mapping[str, Roots]:
    """Every environment of the text of a `trust.toml`, once the whole file holds.

    Raises:
        TrustInvalid: `trust_malformed`, `version_unknown`, `dev_is_local`, `keyid_mismatch`, `key_listed_twice`,
            `key_unknown`, `threshold_invalid`, `key_malformed` or `key_weak`.
    """
    trust = _decoded(data)
    if DEV in trust.environments:
        raise TrustInvalid(
            "dev_is_local", "`dev` trusts its local key alone and is never listed in `trust.toml`"
        )
    keys = _keys(trust.keys)
    _keys(trust.approvers)
    return {name: _roots(name, listed, keys) for name, listed in trust.environments.items()}


def approver_keys(data: bytes) -> Mapping[KeyId, tuple[PublicKey, str | None]]:
    """The keys of approvers in the text of a `trust.toml`, each with the person it says the key is of.

    Raises:
        TrustInvalid: as `parse`.
    """
    parse(data)
    trust = _decoded(data)
    return {keyid: (key, trust.approvers[keyid].person) for keyid, key in _keys(trust.approvers).items()}


def _decoded(data: bytes) -> _Trust:
    try:
        # strict: a boolean is no number here.
        trust = msgspec.convert(tomllib.loads(data.decode("utf-8")), _Trust, strict=True)
    except (ValueError, RecursionError) as error:
        raise TrustInvalid("trust_malformed", f"`trust.toml` does not hold: {_first_line(error)}") from error
    if trust.version != 0:
        raise TrustInvalid("version_unknown", "`trust.toml` has a version that this runtime does not know")
    return trust


def _first_line(error: Exception) -> str:
    text = str(error) if not isinstance(error, RecursionError) else "it is nested too deep"
    return text.splitlines()[0].rstrip(".").lower() if text else "it cannot be read"


def _keys(listed: Mapping[str, _Key | _Approver]) -> dict[KeyId, PublicKey]:
    seen: dict[bytes, str] = {}
    found: dict[KeyId, PublicKey] = {}
    for name, entry in listed.items():
        if entry.scheme != "ed25519":
            raise TrustInvalid("key_malformed", f"key `{name}` has a scheme that is not `ed25519`")
        key = public_key(entry.public)
        # One person under two ids would meet a threshold of two alone.
        if key.raw in seen:
            raise TrustInvalid("key_listed_twice", f"keys `{seen[key.raw]}` and `{name}` are one public key")
        seen[key.raw] = name
        if name != key.keyid:
            raise TrustInvalid("keyid_mismatch", f"key `{name}` is listed under an id that is not its own")
        found[key.keyid] = key
    return found


def _roots(name: str, listed: _Environment, keys: Mapping[KeyId, PublicKey]) -> Roots:
    unknown = [keyid for keyid in listed.keys if keyid not in keys]
    if unknown:
        raise TrustInvalid(
            "key_unknown", f"environment `{name}` names key `{unknown[0]}`, which is not listed"
        )
    if len(set(listed.keys)) != len(listed.keys):
        raise TrustInvalid("key_listed_twice", f"environment `{name}` names one key twice")
    if not 1 <= listed.threshold <= len(listed.keys):
        raise TrustInvalid(
            "threshold_invalid", f"environment `{name}` has a threshold that its keys cannot meet"
        )
    return Roots(name, listed.threshold, {KeyId(keyid): keys[KeyId(keyid)] for keyid in listed.keys})
