"""The server: a thread for each connection, one state behind them all."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from github_loopback.operations import VERSION, Response, answer
from github_loopback.state import LIMIT, GitHub

MAX_BODY_BYTES = 2**20


class _Handler(BaseHTTPRequestHandler):
    """One connection; the state is its server's."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 -- the names are the library's

    def _serve(self) -> None:
        github = cast("Server", self.server).github
        length = int(self.headers.get("Content-Length") or "0")
        data = self.rfile.read(min(length, MAX_BODY_BYTES))
        headers = {name.lower(): text for name, text in self.headers.items()}
        github.before_effect(self.command, self.path)
        with github.lock:
            response = answer(github, self.command, self.path, headers, data)
            github.requests.append((self.command, self.path, response.status))
        github.before_answer(self.command, self.path)
        self._write(github, response)

    def _write(self, github: GitHub, response: Response) -> None:
        text = response.body if isinstance(response.body, str) else json.dumps(response.body)
        body = text.encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-GitHub-Media-Type": "github.v3; format=json",
            "x-github-api-version-selected": VERSION,
            "X-RateLimit-Limit": str(LIMIT),
            "X-RateLimit-Remaining": str(github.remaining),
            "X-RateLimit-Reset": "1795000000",
            "X-RateLimit-Resource": "core",
            **response.headers,
            "Content-Length": str(len(body)),
        }
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name is the library's
        """Nothing: what was asked stands in `requests`."""


class Server(ThreadingHTTPServer):
    """A server of one state on a free port of the loopback interface."""

    daemon_threads = True

    def __init__(self, github: GitHub, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.github = github

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that went away in the middle is what some tests want."""
