"""Attack: answers without end, in one piece, drop by drop, or packed."""

from __future__ import annotations

import gzip
import resource
import socket
import time
from typing import Any

import pytest

from remit_runtime.bundle.tool import Limits
from remit_runtime.gateway.outcome import CallFailed

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CAP = 100_000
BOMB = gzip.compress(b" " * 20_000_000)
SHORT = Limits(1_000, None, CAP, 1)


def failure(outcome: Any) -> CallFailed:
    assert isinstance(outcome, CallFailed), outcome
    return outcome


def endless(connection: socket.socket, _: Any) -> None:
    connection.sendall(HEAD + b"\r\n")
    while True:
        connection.sendall(b"a" * 65_536)


def declared(connection: socket.socket, _: Any) -> None:
    connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
    while True:
        connection.sendall(b"a" * 65_536)


def chunked(connection: socket.socket, _: Any) -> None:
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"a" * 65_536 + b"\r\n")


@pytest.mark.parametrize("reply", [endless, declared, chunked])
@pytest.mark.parametrize(("effect", "outcome"), [("read", "error"), ("write", "unknown")])
def test_an_answer_without_end_is_cut_at_its_cap(asking: Any, reply: Any, effect: str, outcome: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    world, _ = asking(reply, effect=effect, limits=Limits(20_000, None, CAP, 1))
    came = failure(world.call("acme.ask"))
    assert (came.code, came.outcome) == ("output_too_large", outcome)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024  # kilobytes


def drip_body(connection: socket.socket, _: Any) -> None:
    connection.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
    for _ in range(1000):
        connection.sendall(b"1")
        time.sleep(0.05)


def drip_head(connection: socket.socket, _: Any) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(1000):
        connection.sendall(f"X-{number}: 1\r\n".encode())
        time.sleep(0.05)


def drip_continue(connection: socket.socket, _: Any) -> None:
    for _ in range(1000):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


def drip_trailer(connection: socket.socket, _: Any) -> None:
    connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n")
    for _ in range(1000):
        connection.sendall(b"X-Trailer: 1\r\n")
        time.sleep(0.05)


def silence(connection: socket.socket, _: Any) -> None:
    connection.recv(1)


@pytest.mark.parametrize("reply", [drip_body, drip_head, drip_continue, drip_trailer, silence])
def test_an_answer_that_drips_ends_at_the_deadline_of_the_whole(asking: Any, reply: Any) -> None:
    world, _ = asking(reply, effect="write", limits=SHORT)
    came = failure(world.call("acme.ask"))
    assert came.code in ("timeout", "connection_lost")  # a head of more than a hundred lines is no answer
    assert came.outcome == "unknown"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "x-unknown"])
def test_a_packed_answer_is_not_unpacked(asking: Any, answer: Any, encoding: str) -> None:
    world, server = asking(answer(BOMB, "200 OK", "application/json", f"Content-Encoding: {encoding}"))
    assert failure(world.call("acme.ask")).code == "output_invalid"
    assert server.received[0].headers["accept-encoding"] == "identity"


def test_a_packed_error_is_not_unpacked_either(asking: Any, answer: Any) -> None:
    world, _ = asking(answer(BOMB, "500 Broken", "application/json", "Content-Encoding: gzip"))
    assert failure(world.call("acme.ask")).code == "http_status"
    assert len(world.events()[-1].output) < 20_000


def test_a_line_without_end_is_a_lost_connection(asking: Any) -> None:
    def line(connection: socket.socket, _: Any) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 500_000)

    world, _ = asking(line)
    assert failure(world.call("acme.ask")).code == "connection_lost"
