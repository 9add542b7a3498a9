"""Leases: who gets a secret, for what, how long; and where it never stands."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.tool import CredentialIR
from remit_runtime.credentials.lease import Leased, LeaseRefused, known_forms, lease

SECRET = "tok_4Zr9-Kq2/Lm+8=Vx"
NOW = 1_795_000_000_000
BOT = CredentialIR("bot", "BOT_TOKEN", None, ("api.example",), ("notes:read", "notes:write"), 900)
FILED = CredentialIR("bot", None, "bot.token", ("api.example",), (), 900)


def leased(home: Path, credential: CredentialIR = BOT, **changes: Any) -> Leased | LeaseRefused:
    wanted: dict[str, Any] = {
        "call": "run_1:7",
        "host": "api.example",
        "scopes": credential.scopes,
        "ttl_seconds": 600,
        "home": home,
        "environ": {"BOT_TOKEN": SECRET},
        "now_ms": NOW,
    }
    return lease(credential, **{**wanted, **changes})


def code(outcome: Leased | LeaseRefused) -> str:
    assert isinstance(outcome, LeaseRefused)
    assert SECRET not in outcome.reason
    return outcome.code


def file_of(home: Path, text: str, mode: int = 0o600) -> Path:
    folder = home / "credentials"
    folder.mkdir(exist_ok=True)
    path = folder / "bot.token"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_a_lease_is_of_one_call_and_holds_the_secret(tmp_path: Path) -> None:
    found = leased(tmp_path)
    assert isinstance(found, Leased)
    assert (found.id, found.host, found.expires_ms) == ("bot@run_1:7", "api.example", NOW + 600_000)
    assert found.secret_at(NOW + 599_999) == SECRET


def test_a_lease_gives_nothing_once_it_has_run_out(tmp_path: Path) -> None:
    found = leased(tmp_path, ttl_seconds=1)
    assert isinstance(found, Leased)
    refused = found.secret_at(NOW + 1000)
    assert isinstance(refused, LeaseRefused)
    assert refused.code == "credential_expired"


def test_a_secret_is_in_no_representation_of_its_lease(tmp_path: Path) -> None:
    found = leased(tmp_path)
    assert SECRET not in f"{found!r} {found}"
    with pytest.raises(RuntimeError):
        pickle.dumps(found)
    with pytest.raises(RuntimeError):
        copy.copy(found)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"host": "other.example"}, "host_mismatch"),
        ({"host": "api.example.evil.example"}, "host_mismatch"),
        ({"scopes": ("notes:read", "admin")}, "scope_widening"),
        ({"ttl_seconds": 901}, "ttl_too_long"),
        ({"ttl_seconds": 0}, "ttl_too_long"),
        ({"environ": {}}, "credential_missing"),
        ({"environ": {"BOT_TOKEN": ""}}, "credential_missing"),
        ({"environ": {"BOT_TOKEN": "short"}}, "credential_invalid"),
        ({"environ": {"BOT_TOKEN": f"{SECRET}\r\nX-Evil: 1"}}, "credential_invalid"),
        ({"environ": {"BOT_TOKEN": "geheimnis-für-alle"}}, "credential_invalid"),
    ],
)
def test_a_lease_is_refused(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    assert code(leased(tmp_path, **changes)) == expected


def test_fewer_scopes_than_declared_are_leased(tmp_path: Path) -> None:
    assert isinstance(leased(tmp_path, scopes=("notes:read",)), Leased)


def test_a_secret_is_read_from_a_file_of_mode_0600_without_its_line_break(tmp_path: Path) -> None:
    file_of(tmp_path, SECRET + "\n")
    found = leased(tmp_path, FILED, environ={})
    assert isinstance(found, Leased)
    assert found.secret_at(NOW) == SECRET


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o700, 0o400])
def test_a_file_of_another_mode_is_refused(tmp_path: Path, mode: int) -> None:
    file_of(tmp_path, SECRET, mode)
    assert code(leased(tmp_path, FILED)) == "credential_exposed"


def test_a_file_behind_a_link_is_refused(tmp_path: Path) -> None:
    real = file_of(tmp_path, SECRET)
    real.rename(tmp_path / "elsewhere")
    real.symlink_to(tmp_path / "elsewhere")
    assert code(leased(tmp_path, FILED)) == "credential_exposed"


def test_a_folder_is_no_credential(tmp_path: Path) -> None:
    (tmp_path / "credentials" / "bot.token").mkdir(parents=True)
    assert code(leased(tmp_path, FILED)) == "credential_exposed"


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    assert code(leased(tmp_path, FILED)) == "credential_missing"


@pytest.mark.parametrize("name", ["../bot.token", "/etc/passwd", "a/b", ".hidden", ""])
def test_a_name_that_is_no_plain_file_name_is_refused(tmp_path: Path, name: str) -> None:
    elsewhere = CredentialIR("bot", None, name, ("api.example",), (), 900)
    assert code(leased(tmp_path, elsewhere)) == "credential_invalid"


def test_secrets_are_known_before_they_are_leased(tmp_path: Path) -> None:
    ((name, forms),) = known_forms([BOT, FILED], tmp_path, {"BOT_TOKEN": SECRET})
    assert name == "bot"
    assert SECRET in forms
    assert known_forms([FILED], tmp_path, {}) == ()
