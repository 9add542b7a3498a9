"""Attack: answers that say one thing to one reader and another to the next."""

from __future__ import annotations

from typing import Any

import pytest

from remit_runtime.gateway.outcome import Called, CallFailed

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def code(world: Any) -> str:
    came = world.call("acme.ask")
    assert isinstance(came, CallFailed), came
    return came.code


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": 1, "id": 2}',
        b'{"a": {"id": 1, "id": 2}}',
        b'{"id": NaN}',
        b'{"id": Infinity}',
        b'{"id": 1} {"id": 2}',
        b'{"id": 1',
        b"\xef\xbb\xbf{}",
        b'{"id": "\xff"}',
        b'{"id": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 80 + b"1" + b"}" * 80,
    ],
)
def test_an_answer_that_readers_take_in_two_ways_is_invalid(asking: Any, answer: Any, body: bytes) -> None:
    world, _ = asking(answer(body))
    assert code(world) == "output_invalid"


@pytest.mark.parametrize(
    "kind",
    [
        "text/html",
        "text/plain",
        "application/octet-stream",
        "",
        "application/jsonp",
        "text/json; a=b",
        "image/+json",
    ],
)
def test_an_answer_of_another_content_type_is_invalid(asking: Any, answer: Any, kind: str) -> None:
    world, _ = asking(answer(b'{"id": 1}', kind=kind))
    assert code(world) == "output_invalid"


@pytest.mark.parametrize(
    "kind",
    ["application/json", "APPLICATION/JSON; charset=UTF-8", 'application/vnd.github+json; charset="utf-8"'],
)
def test_the_content_types_of_json_are_json(asking: Any, answer: Any, kind: str) -> None:
    world, _ = asking(answer(b'{"id": 1}', kind=kind))
    assert isinstance(world.call("acme.ask"), Called)


def test_another_charset_is_invalid(asking: Any, answer: Any) -> None:
    world, _ = asking(answer('{"id": "ä"}'.encode("utf-16"), kind="application/json; charset=utf-16"))
    assert code(world) == "output_invalid"


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n{",
        b"Content-Length: 9\r\n\r\n{}",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ],
)
def test_a_body_whose_length_is_a_lie_is_no_answer(asking: Any, lines: bytes) -> None:
    world, _ = asking(HEAD + lines)
    assert code(world) in ("connection_lost", "output_invalid")


def test_what_follows_the_declared_length_is_not_read(asking: Any) -> None:
    world, _ = asking(HEAD + b'Content-Length: 9\r\n\r\n{"id": 1}HTTP/1.1 200 OK\r\n\r\n{"id": 2}')
    came = world.call("acme.ask")
    assert isinstance(came, Called)
    assert came.output == {"id": 1}


@pytest.mark.parametrize("status", ["200 Not Found", "200"])
def test_the_words_beside_a_status_mean_nothing(asking: Any, answer: Any, status: str) -> None:
    world, _ = asking(answer(b'{"id": 1}', status))
    assert isinstance(world.call("acme.ask"), Called)


@pytest.mark.parametrize("status", ["206 Partial Content", "226 IM Used", "299 Fine"])
def test_a_success_that_was_not_declared_is_an_error(asking: Any, answer: Any, status: str) -> None:
    world, _ = asking(answer(b'{"id": 1}', status))
    assert code(world) == "http_status"


@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 099 x", b"HTTP/1.1 abc OK", b"HTTP/9.9 200 OK", b"ICY 200 OK", b""]
)
def test_a_first_line_that_is_none_is_a_lost_connection(asking: Any, first: bytes) -> None:
    world, _ = asking(first + b"\r\nContent-Length: 2\r\n\r\n{}")
    assert code(world) in ("connection_lost", "http_status")


def test_cookies_are_neither_kept_nor_sent(asking: Any, answer: Any) -> None:
    world, server = asking(answer(b"{}", "200 OK", "application/json", "Set-Cookie: a=1; Path=/"))
    world.call("acme.ask")
    world.call("acme.ask")
    assert all("cookie" not in one.headers for one in server.received)
