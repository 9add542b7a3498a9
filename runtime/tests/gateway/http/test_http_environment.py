"""Attack: an environment that would send requests through somebody else, or write down what nobody may see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remit_runtime.gateway.outcome import Called


@pytest.fixture
def thief(serve: Any, answer: Any) -> Any:
    return serve(answer(b'{"id": "stolen"}'))


def test_no_proxy_and_no_netrc_of_the_environment_is_used(
    asking: Any, answer: Any, thief: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine api.example login ada password hunter2hunter2\n", "utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, thief.url)
        monkeypatch.setenv(name.upper(), thief.url)
    monkeypatch.setenv("no_proxy", "")
    world, server = asking(answer(b'{"id": 1}'))
    assert isinstance(world.call("acme.ask"), Called)
    assert "authorization" not in server.received[0].headers
    assert thief.connections == 0


def test_the_tls_of_requests_writes_no_session_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import ssl

    from remit_runtime.gateway.http_wire import tls_context

    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    context = tls_context()
    assert context.keylog_filename is None
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
