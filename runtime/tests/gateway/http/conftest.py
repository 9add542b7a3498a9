"""Servers of this machine that answer with whatever bytes a test wants, and a gateway whose tool asks them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from remit_runtime.bundle.tool import CredentialIR, CredentialUse, HttpIR, Limits, Recovery
from remit_runtime.canonical import canonical_json, digest_of

HOST = "api.example"
SECRET = "tok_4Zr9-Kq2.Lm8_VxB7yQ"
BOT = CredentialIR("bot", "BOT_TOKEN", None, (HOST,), ("notes:read",), 900)


@dataclass(frozen=True)
class Received:
    """A request as it came: its first line in two parts, headers by lower-case name, the body."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Reply = Callable[[socket.socket, Received], None]


@dataclass
class Loopback:
    """A server; `received` are the requests so far, `connections` counts those that were taken."""

    port: int
    received: list[Received] = field(default_factory=list[Received])
    connections: int = 0
    closed: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Serve(Protocol):
    def __call__(self, reply: bytes | Reply) -> Loopback: ...


def answer(body: bytes, status: str = "200 OK", kind: str = "application/json", *more: str) -> bytes:
    """The bytes of an answer."""
    lines = (f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture(name="answer")
def _answer() -> Callable[..., bytes]:
    """`answer(body, status, kind, header, ...)`: the bytes of an answer."""
    return answer


class _Server:
    """Takes connections until it is stopped; each has a thread of its own."""

    def __init__(self, reply: bytes | Reply) -> None:
        self.reply = reply
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.loopback = Loopback(self.listener.getsockname()[1])
        self.threads: list[threading.Thread] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                connection.settimeout(20)
                self.loopback.connections += 1
                self.threads.append(threading.Thread(target=self.attend, args=(connection,), daemon=True))
                self.threads[-1].start()

    def attend(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            received = _read(connection)
            if received is None:
                return
            self.loopback.received.append(received)
            if isinstance(self.reply, bytes):
                connection.sendall(self.reply)
            else:
                self.reply(connection, received)

    def stop(self) -> None:
        self.loopback.closed.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(5)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`serve(reply)`: a server that answers each request with these bytes, or as the function says."""
    servers: list[_Server] = []

    def start(reply: bytes | Reply) -> Loopback:
        servers.append(_Server(reply))
        return servers[-1].loopback

    yield start
    for server in servers:
        server.stop()


def _read(connection: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65_536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65_536)
    method, target, _ = first.split(" ")
    return Received(method, target, headers, body)


@pytest.fixture
def bind(home: Path) -> Callable[..., None]:
    """`bind(loopback, host)`: the server stands for the host."""

    def write(loopback: Loopback, host: str = HOST) -> None:
        with (home / "endpoints.toml").open("a", encoding="utf-8") as file:
            file.write(f'"{host}" = "{loopback.url}"\n')

    return write


@pytest.fixture
def http_tool(tool: Any) -> Callable[..., Any]:
    """`http_tool(url, properties, effect=..., limits=..., credential=..., recovery=..., **http)`: an http tool."""

    def make(
        url: str = f"https://{HOST}/notes",
        properties: Mapping[str, Any] | None = None,
        *,
        effect: str = "read",
        limits: Limits = Limits(5_000, None, 100_000, 1),  # noqa: B008 -- frozen
        credential: CredentialIR | None = None,
        use: Mapping[str, Any] | None = None,
        hosts: Sequence[str] = (HOST,),
        output: Mapping[str, Any] | None = None,
        recovery: Recovery | None = None,
        form: str = "json",
        **http: Any,
    ) -> Any:
        way = HttpIR("GET" if effect == "read" else "POST", url, tuple(hosts), "none")
        way = msgspec.structs.replace(way, output=form, **http)
        leased = None
        if credential is not None:
            given: dict[str, Any] = {"scopes": credential.scopes, "ttl_seconds": 600, **(use or {})}
            leased = CredentialUse(credential.id, object=digest_of(canonical_json(credential)), **given)
        changes = {
            "effect": effect,
            "implementation": way,
            "limits": limits,
            "credential": leased,
            "recovery": recovery or Recovery("idempotent" if effect == "read" else "manual", ()),
        }
        return tool("acme.ask", ("shell",), properties or {}, output or {"type": "object"}, changes=changes)

    return make


@pytest.fixture
def bot() -> CredentialIR:
    """A credential for `api.example` in the environment variable `BOT_TOKEN`."""
    return BOT


@pytest.fixture
def secret() -> str:
    """The secret of `bot`."""
    return SECRET


@pytest.fixture
def asking(make_world: Any, http_tool: Any, serve: Serve, bind: Any) -> Callable[..., Any]:
    """`asking(reply, **tool)`: a world whose one tool asks a server that replies so, and that server."""

    def make(
        reply: bytes | Reply, *arguments: Any, world: Mapping[str, Any] | None = None, **changes: Any
    ) -> Any:
        loopback = serve(reply)
        bind(loopback)
        made = make_world(http_tool(*arguments, **changes), layers=["unsandboxed"], **(world or {}))
        return made, loopback

    return make
