"""One request over one connection to one pinned address. Only this module speaks HTTP; it is imported on first use.

Nothing is taken from the environment: no proxy, no `.netrc`, no key log. No redirect is followed, no cookie kept.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from remit_runtime.gateway.http_request import Request, host_header
from remit_runtime.gateway.stop import awaited_until

ERROR_BYTES = 64 * 1024
"""How much of an answer is read that is not wanted: enough to say what it was."""

_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Peer:
    """Where a request goes: a few addresses, tried one after the other, and whether TLS is spoken there."""

    addresses: tuple[str, ...]
    port: int
    secure: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` are by lower-case name; `too_large` says that the body was cut."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    too_large: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer. `asked` says that a part of the request may have been written."""

    code: Literal["connect_failed", "tls_failed", "connection_lost", "timeout", "stopped"]
    asked: bool


Connect = Callable[[str, int, float], socket.socket]
"""A connection to an address and port, within seconds. Raises OSError where there is none."""


class _Cut(Exception):
    """The request was left before it was asked."""


class _Line:
    """The connection, between the thread that uses it and the one that may cut it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        self._cut = False
        self.asked = False

    def holds(self, sock: socket.socket) -> None:
        """Keeps a handle of its own: TLS takes the socket itself away."""
        with self._lock:
            if self._cut:
                raise _Cut
            self._handle = sock.dup()

    def ask(self) -> None:
        """The last moment before the first byte: after a cut nothing is written any more."""
        with self._lock:
            if self._cut:
                raise _Cut
            self.asked = True

    def cut(self) -> None:
        """Ends the connection under the hands of whoever reads or writes it."""
        with self._lock:
            self._cut = True
            if self._handle is not None:
                try:
                    self._handle.shutdown(socket.SHUT_RDWR)
                except OSError:
                    return  # the other side was faster

    def release(self) -> None:
        with self._lock:
            if self._handle is not None:
                self._handle.close()
                self._handle = None


def exchange(
    request: Request,
    bearer: str | None,
    peer: Peer,
    max_bytes: int,
    ok: Callable[[int], bool],
    seconds: float,
    connect: Connect,
    tls: Callable[[], ssl.SSLContext],
    stopped: Callable[[], bool],
) -> Answer | Lost:
    """The answer to a request, or how it was lost. `seconds` are for all of it, up to the last byte of the body.

    Of an answer whose status is not `ok` no more than `ERROR_BYTES` are read.
    """
    line = _Line()
    deadline = time.monotonic() + seconds

    def work() -> Answer | Lost:
        try:
            connection = _connected(request, peer, deadline, connect, tls, line)
            if isinstance(connection, Lost):
                return connection
            try:
                line.ask()
                return _asked(connection, request, bearer, max_bytes, ok)
            finally:
                connection.close()
        except _Cut:
            return Lost("stopped", line.asked)
        except (OSError, HTTPError, http.client.HTTPException):
            return Lost("connection_lost", line.asked)
        finally:
            line.release()

    came = awaited_until(work, seconds, stopped)
    if isinstance(came, str):
        line.cut()
        return Lost(came, line.asked)
    return came.value


def tcp_connection(address: str, port: int, seconds: float) -> socket.socket:
    """A connection to an address, within seconds.

    Raises:
        OSError: there is none.
    """
    return socket.create_connection((address, port), seconds)


def tls_context() -> ssl.SSLContext:
    """TLS 1.2 and later, certificate and name verified against the roots of this machine.

    `ssl.create_default_context` would also write the keys of every connection where `SSLKEYLOGFILE` says.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    return context


def _connected(
    request: Request,
    peer: Peer,
    deadline: float,
    connect: Connect,
    tls: Callable[[], ssl.SSLContext],
    line: _Line,
) -> HTTPConnection | Lost:
    sock = _socket(peer, deadline, connect)
    if sock is None:
        return Lost("connect_failed", False)
    connection: HTTPConnection | None = None
    try:
        line.holds(sock)
        connection = _Secure(sock, request, tls()) if peer.secure else _Plain(sock, request)
        connection.connect()
    except (OSError, HTTPError):  # an ssl.SSLError is an OSError
        sock.close()
        if connection is not None:
            connection.close()
        return Lost("tls_failed" if peer.secure else "connect_failed", False)
    except _Cut:
        sock.close()
        raise
    return connection


def _socket(peer: Peer, deadline: float, connect: Connect) -> socket.socket | None:
    """A connection to the first of the addresses that takes one; each gets its share of the time that is left."""
    for index, address in enumerate(peer.addresses):
        left = deadline - time.monotonic()
        if left <= 0:
            return None
        try:
            sock = connect(address, peer.port, left / (len(peer.addresses) - index))
        except OSError:
            continue
        # A thread that was left must end some time, and so must the connection that it still holds.
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        return sock
    return None


class _Plain(HTTPConnection):
    """A connection over a socket that is there already: no name is looked up again."""

    def __init__(self, sock: socket.socket, request: Request) -> None:
        super().__init__(request.host, request.port)
        self._pinned = sock

    def _new_conn(self) -> socket.socket:
        return self._pinned


class _Secure(HTTPSConnection):
    """The same with TLS, verified against the name and not the address."""

    def __init__(self, sock: socket.socket, request: Request, context: ssl.SSLContext) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] -- urllib3 may live without ssl, and says so
            request.host, request.port, ssl_context=context, server_hostname=request.host
        )
        self._pinned = sock

    def _new_conn(self) -> socket.socket:
        return self._pinned


def _asked(
    connection: HTTPConnection,
    request: Request,
    bearer: str | None,
    max_bytes: int,
    ok: Callable[[int], bool],
) -> Answer:
    headers = {"Host": host_header(request), **dict(request.headers), "Connection": "close"}
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    connection.request(
        request.method,
        request.target,
        body=request.body,
        headers=headers,
        preload_content=False,
        decode_content=False,
        enforce_content_length=True,
    )
    response = connection.getresponse()
    try:
        wanted = ok(response.status)
        body, too_large = _body(response, max_bytes if wanted else min(max_bytes, ERROR_BYTES), wanted)
        return Answer(response.status, _joined(response), body, too_large)
    finally:
        response.close()


def _body(response: BaseHTTPResponse, max_bytes: int, wanted: bool) -> tuple[bytes, bool]:
    """The body up to a cap, as it came, and whether there was more."""
    length = response.headers.get("content-length", "")
    if wanted and length.isascii() and length.isdigit() and int(length) > max_bytes:
        return b"", True
    found = bytearray()
    while len(found) <= max_bytes:
        data = response.read(min(_CHUNK, max_bytes + 1 - len(found)), decode_content=False)
        if not data:
            return bytes(found), False
        found += data
    return bytes(found[:max_bytes]), True


def _joined(response: BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): response.headers.get(name, "") for name in response.headers}
