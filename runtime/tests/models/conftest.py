"""A provider on loopback that speaks OpenAI's wire forms, honestly or not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass(frozen=True)
class Asked:
    """A request as it came over the wire."""

    path: str
    headers: dict[str, str]
    body: Any


Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Provider:
    """A provider's server: what it was asked, and how it answers next."""

    url: str
    asked: list[Asked] = field(default_factory=list[Asked])
    answer: Answer = lambda handler: handler.send_error(500)

    def says(self, body: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """From now on the server answers with a JSON body."""
        self.answer = lambda handler: send(handler, json.dumps(body).encode(), status, headers or {})


def send(
    handler: BaseHTTPRequestHandler, data: bytes, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    """Writes one whole answer."""
    handler.send_response(status)
    for name, value in {"content-type": "application/json", **(headers or {})}.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def chat(text: str | None, calls: tuple[tuple[str, str], ...] = (), usage: object = None) -> dict[str, Any]:
    """An answer of Chat Completions: "The chat completion object" of OpenAI's API reference."""
    made = [
        {"id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": text, **({"tool_calls": made} if made else {})}
    counted = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150} if usage is None else usage
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-1",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if made else "stop"}],
        **({} if counted == "absent" else {"usage": counted}),
    }


def responses(
    text: str | None, calls: tuple[tuple[str, str], ...] = (), usage: object = None
) -> dict[str, Any]:
    """An answer of Responses: "The response object" of OpenAI's API reference."""
    said: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
    message: dict[str, Any] = {
        "type": "message",
        "id": "msg_1",
        "status": "completed",
        "role": "assistant",
        "content": [said],
    }
    made = [
        {
            "type": "function_call",
            "id": f"fc_{n}",
            "call_id": f"call_{n}",
            "name": name,
            "arguments": arguments,
            "status": "completed",
        }
        for n, (name, arguments) in enumerate(calls)
    ]
    details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    counted = (
        {"input_tokens": 120, "output_tokens": 30, "total_tokens": 150, **details} if usage is None else usage
    )
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "m-1",
        "output": [*([message] if text is not None else []), *made],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        **({} if counted == "absent" else {"usage": counted}),
    }


FORMS: dict[str, Callable[..., dict[str, Any]]] = {"chat": chat, "responses": responses}


@pytest.fixture
def form() -> Callable[..., dict[str, Any]]:
    """An answer of an API, by its name: `form("chat", text, calls, usage)`."""

    def made(api: str, *given: Any) -> dict[str, Any]:
        return FORMS[api](*given)

    return made


@pytest.fixture
def whole() -> Callable[..., None]:
    """Writes one whole answer to a handler."""
    return send


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider that runs until the test ends."""
    started: list[Provider] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            asked = Asked(self.path, dict(self.headers.items()), json.loads(self.rfile.read(length)))
            started[0].asked.append(asked)
            try:
                started[0].answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client has heard enough

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the parameter of http.server
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    started.append(Provider(f"http://127.0.0.1:{server.server_port}/v1"))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield started[0]
    server.shutdown()
    server.server_close()
    thread.join()
