"""`trust.toml`: what it may say, and every way in which it may not contradict itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.errors import TrustInvalid
from remit_runtime.trust.keys import PrivateKey, ensure_dev_key
from remit_runtime.trust.roots import parse, roots_of


def _toml(
    *, version: str = "0", threshold: str = "1", named: str = "", keys: str = "", more: str = ""
) -> bytes:
    return (
        f"version = {version}\n[environments.production]\nthreshold = {threshold}\nkeys = [{named}]\n{more}\n{keys}"
    ).encode()


def _key(name: str, public: str, scheme: str = "ed25519", more: str = "") -> str:
    return f'[keys."{name}"]\nscheme = "{scheme}"\npublic = "{public}"\n{more}\n'


def _listed(keys: tuple[PrivateKey, ...]) -> dict[str, str]:
    return {
        "named": ", ".join(f'"{key.public.keyid}"' for key in keys),
        "keys": "".join(_key(key.public.keyid, key.public.raw.hex()) for key in keys),
    }


def _refusal(data: bytes) -> str:
    with pytest.raises(TrustInvalid) as refused:
        parse(data)
    return refused.value.code


def test_an_environment_has_its_keys_and_threshold(private_keys: tuple[PrivateKey, ...]) -> None:
    roots = parse(_toml(threshold="2", **_listed(private_keys)))["production"]

    assert roots.threshold == 2
    assert set(roots.keys) == {key.public.keyid for key in private_keys}


@pytest.mark.parametrize("threshold", ["0", "-1", "4"])
def test_a_threshold_that_keys_cannot_meet_is_refused(
    private_keys: tuple[PrivateKey, ...], threshold: str
) -> None:
    assert _refusal(_toml(threshold=threshold, **_listed(private_keys))) == "threshold_invalid"


@pytest.mark.parametrize("threshold", ["true", "1.0", '"1"', "[]"])
def test_a_threshold_that_is_no_number_is_refused(
    private_keys: tuple[PrivateKey, ...], threshold: str
) -> None:
    assert _refusal(_toml(threshold=threshold, **_listed(private_keys))) == "trust_malformed"


def test_an_id_that_is_not_the_keys_own_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    public = private_keys[0].public.raw.hex()

    assert _refusal(_toml(named=f'"{"a" * 64}"', keys=_key("a" * 64, public))) == "keyid_mismatch"


def test_one_key_under_two_ids_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    key = private_keys[0].public
    text = _key(key.keyid, key.raw.hex()) + _key("a" * 64, key.raw.hex())

    assert (
        _refusal(_toml(threshold="2", named=f'"{key.keyid}", "{"a" * 64}"', keys=text)) == "key_listed_twice"
    )


def test_one_key_named_twice_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    key = private_keys[0].public
    text = _key(key.keyid, key.raw.hex())

    assert (
        _refusal(_toml(threshold="2", named=f'"{key.keyid}", "{key.keyid}"', keys=text)) == "key_listed_twice"
    )


def test_a_name_without_a_key_is_refused() -> None:
    assert _refusal(_toml(named=f'"{"a" * 64}"')) == "key_unknown"


def test_dev_is_never_listed(private_keys: tuple[PrivateKey, ...]) -> None:
    data = _toml(**_listed(private_keys)).replace(b"environments.production", b"environments.dev")

    assert _refusal(data) == "dev_is_local"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": "1"}, "version_unknown"),
        ({"more": "verify = false"}, "trust_malformed"),
        ({"more": "[extra]"}, "trust_malformed"),
        ({"more": "threshold = 1"}, "trust_malformed"),
        ({"more": "\ufeff"}, "trust_malformed"),
    ],
)
def test_anything_unknown_is_refused(
    private_keys: tuple[PrivateKey, ...], change: dict[str, Any], code: str
) -> None:
    assert _refusal(_toml(**{**_listed(private_keys), **change})) == code


def test_a_key_of_another_scheme_or_with_more_in_it_is_refused(private_keys: tuple[PrivateKey, ...]) -> None:
    key = private_keys[0].public

    assert _refusal(_toml(keys=_key(key.keyid, key.raw.hex(), scheme="rsa"))) == "key_malformed"
    assert _refusal(_toml(keys=_key(key.keyid, key.raw.hex(), more="trusted = true"))) == "trust_malformed"


def test_dev_trusts_the_local_key_alone(tmp_path: Path) -> None:
    made = ensure_dev_key(tmp_path)

    roots = roots_of(tmp_path, "dev")

    assert (roots.threshold, set(roots.keys)) == (1, {made.keyid})


def _environment_refusal(home: Path, environment: str) -> str:
    with pytest.raises(TrustInvalid) as refused:
        roots_of(home, environment)
    return refused.value.code


def test_what_this_machine_does_not_say_is_refused(
    tmp_path: Path, private_keys: tuple[PrivateKey, ...]
) -> None:
    assert _environment_refusal(tmp_path, "dev") == "key_missing"
    assert _environment_refusal(tmp_path, "production") == "trust_missing"
    (tmp_path / "trust.toml").write_bytes(_toml(**_listed(private_keys)))
    assert _environment_refusal(tmp_path, "staging") == "environment_unknown"


def test_a_trust_file_that_is_a_link_or_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_bytes(b"version = 0\n")
    (tmp_path / "trust.toml").symlink_to("other.toml")
    assert _environment_refusal(tmp_path, "production") == "trust_malformed"
    (tmp_path / "trust.toml").unlink()
    (tmp_path / "trust.toml").write_bytes(b"#" * 2**21)
    assert _environment_refusal(tmp_path, "production") == "trust_malformed"


def test_a_trust_file_that_anybody_can_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trust.toml").write_bytes(b"version = 0\n")
    (tmp_path / "trust.toml").chmod(0o666)

    assert _environment_refusal(tmp_path, "production") == "trust_exposed"


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_any_text_is_read_or_refused_with_a_typed_error(data: bytes) -> None:
    try:
        parse(data)
        parse(b"version = 0\n" + data)
    except TrustInvalid as refused:
        assert refused.code  # noqa: PT017


def test_a_deeply_nested_text_is_refused() -> None:
    assert _refusal(b"version = " + b"[" * 100_000) == "trust_malformed"
    assert _refusal(b"[" + b"a." * 5_000 + b"a]") == "trust_malformed"
