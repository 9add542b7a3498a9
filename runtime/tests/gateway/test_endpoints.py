"""Hosts that a server of this machine stands for: the file's form, and that it says nothing outside `dev`."""

from __future__ import annotations

from pathlib import Path

import pytest

from remit_runtime.errors import UsageError
from remit_runtime.gateway.endpoints import load


def written(home: Path, text: str) -> Path:
    (home / "endpoints.toml").write_text(text, "utf-8")
    return home


def test_without_a_file_every_host_stands_for_itself(tmp_path: Path) -> None:
    assert load(tmp_path, "dev").bound("api.github.com") is None


def test_a_bound_host_is_an_address_of_this_machine(tmp_path: Path) -> None:
    text = '"api.github.com" = "http://127.0.0.1:8123"\n"models.example" = "http://[::1]:9000"\n'
    endpoints = load(written(tmp_path, text), "dev")
    assert endpoints.bound("api.github.com") == "http://127.0.0.1:8123"
    assert endpoints.bound("models.example") == "http://[::1]:9000"
    assert endpoints.bound("github.com") is None


def test_outside_dev_the_file_is_refused(tmp_path: Path) -> None:
    home = written(tmp_path, '"api.github.com" = "http://127.0.0.1:8123"\n')
    with pytest.raises(UsageError) as refused:
        load(home, "production")
    assert refused.value.code == "endpoints_outside_dev"


@pytest.mark.parametrize(
    "text",
    [
        '"api.github.com" = "http://10.0.0.7:80"',
        '"api.github.com" = "http://169.254.169.254:80"',
        '"api.github.com" = "http://0.0.0.0:80"',
        '"api.github.com" = "http://[::ffff:127.0.0.1]:80"',
        '"api.github.com" = "http://[::ffff:10.0.0.7]:80"',
        '"api.github.com" = "http://localhost:80"',
        '"api.github.com" = "http://127.0.0.1"',
        '"api.github.com" = "http://127.0.0.1:70000"',
        '"api.github.com" = "http://127.0.0.1:80/path"',
        '"api.github.com" = "http://ada@127.0.0.1:80"',
        '"api.github.com" = "https://127.0.0.1:443"',
        '"api.github.com" = 8123',
        '"API.github.com" = "http://127.0.0.1:80"',
        'api.github.com = "http://127.0.0.1:80"',
        "not toml",
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as refused:
        load(written(tmp_path, text), "dev")
    assert refused.value.code == "endpoints_invalid"
