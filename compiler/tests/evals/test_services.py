"""Services: what was recorded is said, what was sent is kept, and nothing else is there."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from remit.evals.services import Answer, Loopback, Sent, loopback

HOST, OTHER = "api.github.com", "deploy.example"


def answer(path: str, text: str, **more: Any) -> Answer:
    return Answer(
        more.get("method", "GET"),
        path,
        more.get("query"),
        more.get("headers", ()),
        more.get("status", 200),
        more.get("sends", ()),
        text.encode(),
    )


@pytest.fixture(scope="module")
def servers() -> Iterator[Loopback]:
    with loopback([HOST, OTHER, HOST]) as shared:
        yield shared


def said(
    servers: Loopback,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    host: str = HOST,
    **headers: str,
) -> tuple[int, str, dict[str, str]]:
    request = urllib.request.Request(servers.addresses[host] + path, body, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as response:
            return response.status, response.read().decode(), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


def test_every_host_has_an_address_of_its_own_on_the_loopback_interface(servers: Loopback) -> None:
    assert sorted(servers.addresses) == [HOST, OTHER]
    assert len(set(servers.addresses.values())) == 2
    assert all(address.startswith("http://127.0.0.1:") for address in servers.addresses.values())


def test_what_was_recorded_is_said_with_its_status_and_headers(servers: Loopback) -> None:
    servers.begin({HOST: (answer("/a", "made", status=201, sends=(("x-kept", "yes"),)),)})
    status, text, headers = said(servers, "/a")
    assert (status, text, headers["x-kept"]) == (201, "made", "yes")
    assert servers.sent == (Sent(HOST, "GET", "/a", None, True),)


def test_what_was_not_recorded_is_not_found_and_is_kept(servers: Loopback) -> None:
    servers.begin({HOST: (answer("/a", "a"),)})
    for path, method, host in (
        ("/b", "GET", HOST),
        ("/a", "POST", HOST),
        ("/a", "GET", OTHER),
        ("/a/", "GET", HOST),
    ):
        assert said(servers, path, method, b"{}" if method == "POST" else None, host)[0] == 404
    assert [(one.host, one.method, one.path, one.answered) for one in servers.sent] == [
        (HOST, "GET", "/b", False),
        (HOST, "POST", "/a", False),
        (OTHER, "GET", "/a", False),
        (HOST, "GET", "/a/", False),
    ]


def test_the_query_and_the_headers_choose_among_answers(servers: Loopback) -> None:
    recorded = (
        answer("/a", "second", query=(("page", "2"),)),
        answer("/a", "diff", headers=(("accept", "text/diff"),)),
        answer("/a", "any"),
        answer("/b", "none", query=()),
    )
    servers.begin({HOST: recorded})
    assert said(servers, "/a?page=2")[1] == "second"
    assert said(servers, "/a?page=2&more=1")[1] == "any"
    assert said(servers, "/a", Accept="text/diff")[1] == "diff"
    assert said(servers, "/b")[1] == "none"
    assert said(servers, "/b?x=")[0] == 404


def test_answers_of_one_request_come_in_turn_and_the_last_goes_on(servers: Loopback) -> None:
    servers.begin({HOST: (answer("/a", "first"), answer("/b", "b"), answer("/a", "then"))})
    assert [said(servers, "/a")[1] for _ in range(4)] == ["first", "then", "then", "then"]
    assert said(servers, "/b")[1] == "b"


def test_the_next_case_knows_nothing_of_the_one_before(servers: Loopback) -> None:
    servers.begin({HOST: (answer("/a", "a"),)})
    said(servers, "/a")
    servers.begin({})
    assert servers.sent == ()
    assert said(servers, "/a")[0] == 404


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b'{"a": [1]}', {"a": [1]}),
        (b"plain", "plain"),
        (b"[" * 100_000, "[" * 100_000),
        (b"\xff", "\ufffd"),
        (b"", None),
    ],
    ids=["json", "text", "deep", "bytes", "empty"],
)
def test_what_was_sent_is_kept(servers: Loopback, body: bytes, kept: object) -> None:
    servers.begin({HOST: (answer("/a", json.dumps({"id": 1}), method="POST"),)})
    assert said(servers, "/a", "POST", body)[0] == 200
    assert servers.sent == (Sent(HOST, "POST", "/a", kept, True),)


def test_without_hosts_there_is_no_server() -> None:
    with loopback([]) as shared:
        assert dict(shared.addresses) == {}
