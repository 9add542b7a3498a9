"""Attack: a server with a certificate that is not its name's, not signed, or out of date."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from remit_runtime.bundle.tool import Limits
from remit_runtime.gateway.http import Network
from remit_runtime.gateway.outcome import Called, CallFailed

PUBLIC = "203.0.114.7"
DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True)
class Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @staticmethod
    def named(name: str) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + DAY)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(usage, True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .sign(key, hashes.SHA256())
        )
        return Authority(key, made)

    def context(self, folder: Path, host: str, until: datetime.datetime = NOW + DAY) -> ssl.SSLContext:
        """The TLS of a server whose certificate is for a host."""
        key = ec.generate_private_key(ec.SECP256R1())
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(2)
            .not_valid_before(NOW - 3 * DAY)
            .not_valid_after(until)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), True)
            .add_extension(signer, False)
            .sign(self.key, hashes.SHA256())
        )
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / "server.pem").write_bytes(text + made.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem")
        return context


Serve = Callable[[ssl.SSLContext], int]


@pytest.fixture
def serve_tls() -> Iterator[tuple[Serve, list[bytes]]]:
    """A server that speaks TLS, and what it was asked in clear."""
    listeners: list[socket.socket] = []
    heard: list[bytes] = []
    threads: list[threading.Thread] = []

    def start(context: ssl.SSLContext) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def attend() -> None:
            try:
                connection, _ = listener.accept()
                connection.settimeout(10)
                with context.wrap_socket(connection, server_side=True) as secure:
                    heard.append(secure.recv(65_536))
                    secure.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n"
                        b'{"id": 1}'
                    )
            except OSError:
                return

        threads.append(threading.Thread(target=attend, daemon=True))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start, heard
    for thread in threads:
        thread.join(5)
    for listener in listeners:
        listener.close()


def network(port: int, trusted: Authority | None) -> Network:
    """A network on which one public address is the server of the test."""

    def connect(address: str, _: int, seconds: float) -> socket.socket:
        assert address == PUBLIC
        return socket.create_connection(("127.0.0.1", port), seconds)

    def tls() -> ssl.SSLContext:
        from remit_runtime.gateway.http_wire import tls_context

        context = tls_context()
        if trusted is not None:
            pem = trusted.certificate.public_bytes(serialization.Encoding.PEM).decode()
            context.load_verify_locations(cadata=pem)
        return context

    return Network(lambda _: (PUBLIC,), connect, tls)


@pytest.fixture
def asked(
    make_world: Any, http_tool: Any, serve_tls: tuple[Serve, list[bytes]], bot: Any, secret: str
) -> Callable[..., Any]:
    """`asked(context, trusted)`: what comes of a call with a credential over this TLS."""

    def run(context: ssl.SSLContext, trusted: Authority | None) -> Any:
        start, _ = serve_tls
        world = make_world(
            http_tool(credential=bot, effect="write"),
            layers=["unsandboxed"],
            network=network(start(context), trusted),
            credentials=[bot],
            environ={"BOT_TOKEN": secret},
        )
        return world.call("acme.ask")

    return run


def test_a_certificate_for_the_name_is_accepted(
    asked: Any, tmp_path: Path, serve_tls: tuple[Serve, list[bytes]]
) -> None:
    authority = Authority.named("roots of the test")
    came = asked(authority.context(tmp_path, "api.example"), authority)
    assert isinstance(came, Called)
    assert came.output == {"id": 1}
    (heard,) = serve_tls[1]
    assert b"\r\nHost: api.example\r\n" in heard


@pytest.mark.parametrize(
    ("host", "trusts", "until"),
    [
        ("other.example", True, NOW + DAY),
        ("*.api.example", True, NOW + DAY),
        (PUBLIC, True, NOW + DAY),
        ("api.example", False, NOW + DAY),
        ("api.example", True, NOW - DAY),
    ],
)
def test_any_other_certificate_ends_the_call_before_the_token_is_sent(
    asked: Any,
    tmp_path: Path,
    serve_tls: tuple[Serve, list[bytes]],
    host: str,
    trusts: bool,
    until: datetime.datetime,
) -> None:
    authority = Authority.named("roots of the test")
    came = asked(authority.context(tmp_path, host, until), authority if trusts else None)
    assert isinstance(came, CallFailed)
    assert (came.code, came.outcome) == ("tls_failed", "error")
    assert serve_tls[1] == []


def test_a_server_that_speaks_no_tls_gets_nothing(
    make_world: Any, http_tool: Any, serve: Any, answer: Any
) -> None:
    server = serve(answer(b"{}"))
    tool = http_tool(limits=Limits(1_000, None, 1_000, 1))
    world = make_world(tool, layers=["unsandboxed"], network=network(server.port, None))
    came = world.call("acme.ask")
    assert isinstance(came, CallFailed)
    assert came.code in ("tls_failed", "timeout")
    assert server.received == []
