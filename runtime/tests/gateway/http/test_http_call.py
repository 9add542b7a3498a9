"""An http tool on the whole road: what is sent, what comes back, how it ends, and what the journal holds."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from remit_runtime.bundle.tool import Limits, Selected
from remit_runtime.gateway.outcome import Called, CallFailed, Stopped
from remit_runtime.journal.events import ToolDecided, ToolIntended, ToolSettled
from remit_runtime.journal.records import Scope

TEXT = {"type": "string"}
NOTE = {"repository": TEXT, "number": {"type": "integer"}, "page": {"type": "integer"}, "body": TEXT}
URL = "https://api.example/repos/{+repository}/notes/{number}"
GIVEN = {"repository": "acme/app", "number": 7}


def failure(outcome: Any) -> CallFailed:
    assert isinstance(outcome, CallFailed), outcome
    return outcome


def output(world: Any) -> Any:
    """What the settled call shows of its end."""
    event = world.events()[-1]
    assert isinstance(event, ToolSettled)
    return None if event.output is None else json.loads(event.output)


def test_a_read_is_one_request_with_path_query_and_constant_headers(asking: Any, answer: Any) -> None:
    world, server = asking(
        answer(b'{"id": 1}'), URL, NOTE, query=("page",), headers=(("X-Version", "2022-11-28"),)
    )
    outcome = world.call("acme.ask", {**GIVEN, "page": 2})
    assert isinstance(outcome, Called)
    assert outcome.output == {"id": 1}
    (request,) = server.received
    assert (request.method, request.target, request.body) == ("GET", "/repos/acme/app/notes/7?page=2", b"")
    assert request.headers == {
        "host": "api.example",
        "x-version": "2022-11-28",
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "remit-runtime",
        "connection": "close",
    }


def test_a_write_sends_the_arguments_that_stand_nowhere_else_as_canonical_json(
    asking: Any, answer: Any
) -> None:
    world, server = asking(answer(b'{"id": 1}', "201 Created"), URL, NOTE, effect="write", body="arguments")
    assert isinstance(world.call("acme.ask", {**GIVEN, "body": "päge"}), Called)
    (request,) = server.received
    assert (request.method, request.body.decode()) == ("POST", '{"body":"päge"}')
    assert request.headers["content-type"] == "application/json"


def test_the_journal_names_the_peer_and_the_gateway_as_the_one_who_asks(asking: Any, answer: Any) -> None:
    world, server = asking(answer(b"{}"))
    world.call("acme.ask")
    decided, intended, settled = world.events()
    assert isinstance(decided, ToolDecided)
    assert isinstance(settled, ToolSettled)
    assert isinstance(intended, ToolIntended)
    assert (intended.sandbox, intended.executable) == ("gateway", None)
    assert intended.peer == f"api.example 127.0.0.1:{server.port}"
    row = next(row for row in world.gateway.journal.audit_rows(world.run) if row.event == "tool_intended")
    assert row.detail == f"sandbox gateway, peer api.example 127.0.0.1:{server.port}"


def test_an_array_is_items_and_select_picks_from_each(asking: Any, answer: Any) -> None:
    select = (
        Selected("author", ("user", "login")),
        Selected("labels", ("labels", "*", "name")),
        Selected("first", ("labels", "0", "name")),
    )
    body: list[Any] = [
        {"user": {"login": "ada"}, "labels": [{"name": "bug"}, {"name": "new"}], "secret": 1},
        {"user": None, "labels": []},
    ]
    world, _ = asking(answer(json.dumps(body).encode()), select=select)
    outcome = world.call("acme.ask")
    assert isinstance(outcome, Called)
    assert outcome.output == {
        "items": [{"author": "ada", "labels": ["bug", "new"], "first": "bug"}, {"labels": []}]
    }


@pytest.mark.parametrize("status", ["204 No Content", "202 Accepted"])
def test_no_body_is_an_empty_object(asking: Any, answer: Any, status: str) -> None:
    world, _ = asking(answer(b"", status))
    outcome = world.call("acme.ask")
    assert isinstance(outcome, Called)
    assert outcome.output == {}


def test_text_is_text_and_bytes_that_are_none_are_marked(asking: Any, answer: Any) -> None:
    reply = answer("+ ä\n".encode() + b"\xff", kind="application/vnd.github.diff; charset=utf-8")
    world, _ = asking(reply, form="text")
    outcome = world.call("acme.ask")
    assert isinstance(outcome, Called)
    assert outcome.output == {"text": "+ ä\n\ufffd"}
    assert world.events()[-1].code == "invalid_utf8_replaced"


@pytest.mark.parametrize(
    ("status", "effect", "outcome"),
    [
        ("404 Not Found", "read", "error"),
        ("422 Unprocessable Entity", "write", "error"),
        ("429 Too Many Requests", "write", "error"),
        ("500 Internal Server Error", "read", "error"),
        ("502 Bad Gateway", "write", "unknown"),
    ],
)
def test_another_status_is_an_error_with_what_the_server_said(
    asking: Any, answer: Any, status: str, effect: str, outcome: str
) -> None:
    world, _ = asking(answer(b'{"message": "no"}', status), effect=effect)
    came = failure(world.call("acme.ask"))
    assert (came.code, came.outcome) == ("http_status", outcome)
    assert output(world) == {"status": int(status[:3]), "body": '{"message": "no"}'}


def test_nobody_at_the_address_is_an_error_even_of_a_write(
    make_world: Any, http_tool: Any, home: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    (home / "endpoints.toml").write_text(f'"api.example" = "http://127.0.0.1:{port}"\n', "utf-8")
    world = make_world(http_tool(effect="write"), layers=["unsandboxed"])
    came = failure(world.call("acme.ask"))
    assert (came.code, came.outcome) == ("connect_failed", "error")


@pytest.mark.parametrize(("effect", "outcome"), [("read", "error"), ("write", "unknown")])
def test_a_connection_that_ends_in_the_middle_is_lost(asking: Any, effect: str, outcome: str) -> None:
    world, _ = asking(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{", effect=effect
    )
    came = failure(world.call("acme.ask"))
    assert (came.code, came.outcome) == ("connection_lost", outcome)


def test_what_is_not_http_is_a_lost_connection(asking: Any) -> None:
    world, _ = asking(b"SSH-2.0-OpenSSH_9.6\r\n")
    assert failure(world.call("acme.ask")).code == "connection_lost"


def test_an_output_that_its_schema_refuses_is_invalid_and_names_places_only(asking: Any, answer: Any) -> None:
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}
    world, _ = asking(answer(b'{"id": "private words"}'), output=schema)
    assert failure(world.call("acme.ask")).code == "output_invalid"
    assert "private words" not in json.dumps(output(world))


def test_a_read_with_attempts_is_tried_again_and_a_refusal_is_not(asking: Any, answer: Any) -> None:
    replies = [answer(b"busy", "503 Service Unavailable"), answer(b'{"id": 1}')]

    def reply(connection: socket.socket, _: Any) -> None:
        connection.sendall(replies.pop(0))

    world, server = asking(reply, limits=Limits(5_000, None, 1000, 3))
    assert isinstance(world.call("acme.ask"), Called)
    assert len(server.received) == 2
    replies.append(answer(b"no", "403 Forbidden"))
    assert failure(world.call("acme.ask")).code == "http_status"
    assert len(server.received) == 3


@pytest.mark.parametrize(("effect", "outcome"), [("read", "error"), ("write", "unknown")])
def test_a_kill_from_elsewhere_ends_a_request_in_flight(
    asking: Any, effect: str, outcome: str, sample: Callable[[Any, threading.Event], tuple[Any, float]]
) -> None:
    seen = threading.Event()

    def silent(connection: socket.socket, _: Any) -> None:
        seen.set()
        connection.recv(1)

    world, _ = asking(silent, effect=effect, limits=Limits(60_000, None, 1000, 1))
    came, seconds = sample(world, seen)
    assert seconds < 5
    assert isinstance(came, CallFailed | Stopped)
    event = world.events()[-1]
    assert isinstance(event, ToolSettled)
    assert (event.outcome, event.code) == (outcome, "stopped")


@pytest.fixture
def sample() -> Any:
    """Calls, kills the run once the server has been asked, and says what came and how long it took from there."""

    def run(world: Any, seen: threading.Event) -> tuple[Any, float]:
        killed: list[float] = []

        def kill() -> None:
            seen.wait(10)
            world.gateway.journal.kill(Scope("run", world.run), "os:ada", "enough")
            killed.append(time.monotonic())

        thread = threading.Thread(target=kill)
        thread.start()
        came = world.call("acme.ask")
        thread.join()
        return came, time.monotonic() - killed[0]

    return run
