"""Servers of this machine that stand for hosts while cases run: they say what was recorded, and keep what was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from remit_runtime.gateway.mark import unmarked

if TYPE_CHECKING:  # a server is slow to load, and most evaluations need none
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOOPBACK: Final = "127.0.0.1"
MAX_SENT_BYTES = 4 * 2**20
READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Answer:
    """What a request is answered with. `query` is None where any is meant; names of headers are in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] | None
    headers: tuple[tuple[str, str], ...]
    status: int
    sends: tuple[tuple[str, str], ...]
    content: bytes


@dataclass(frozen=True)
class Sent:
    """A request that reached a service. `body` is its JSON, or its text where it is none; None without a body."""

    host: str
    method: str
    path: str
    body: Any
    answered: bool


@dataclass
class Loopback:
    """The servers of one trial, one for each host, and what they say and saw in the case that runs now."""

    addresses: Mapping[str, str]
    _answers: Mapping[str, tuple[Answer, ...]] = field(default_factory=dict[str, tuple[Answer, ...]])
    _given: set[Answer] = field(default_factory=set[Answer])
    _sent: list[Sent] = field(default_factory=list[Sent])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, answers: Mapping[str, tuple[Answer, ...]]) -> None:
        """Forgets the case before and answers from now on as recorded, by host."""
        with self._lock:
            self._answers, self._given, self._sent = answers, set(), []

    @property
    def sent(self) -> tuple[Sent, ...]:
        """What was received since the case began, in order."""
        with self._lock:
            return tuple(self._sent)

    def answer(self, host: str, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to a request, which is kept; 404 where nothing was recorded for it."""
        parts = urlsplit(target)
        query = tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))
        with self._lock:
            meant = [
                one
                for one in self._answers.get(host, ())
                if (one.method, one.path) == (method, parts.path)
                and one.query in (None, query)
                and all(headers.get(name) == text for name, text in one.headers)
            ]
            # Answers of one and the same request come in turn, and the last of them again and again.
            same = [one for one in meant if _key(one) == _key(meant[0])]
            found = next((one for one in same if one not in self._given), same[-1] if same else None)
            if found is not None:
                self._given.add(found)
            self._sent.append(Sent(host, method, parts.path, _value(body), found is not None))
        return found or Answer(method, parts.path, None, (), 404, (), b'{"message": "Not Found"}')


def _key(answer: Answer) -> tuple[object, ...]:
    return answer.method, answer.path, answer.query, answer.headers


def _value(body: bytes) -> Any:
    text = body.decode("utf-8", "replace")
    try:
        # Every run has a mark of its own, and cases compare what the agent said.
        return unmarked(json.loads(text)) if text else None
    except (ValueError, RecursionError):
        return text


@contextmanager
def loopback(hosts: Iterable[str]) -> Generator[Loopback]:
    """Servers for hosts, on ports of their own, until the block ends."""
    addresses: dict[str, str] = {}
    shared = Loopback(addresses)
    wanted = sorted(set(hosts))
    if not wanted:
        yield shared
        return
    from http.server import ThreadingHTTPServer

    with ExitStack() as stack:
        for host in wanted:
            server = stack.enter_context(ThreadingHTTPServer((LOOPBACK, 0), _answering(shared, host)))
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            stack.callback(_stop, server, thread)
            addresses[host] = f"http://{LOOPBACK}:{server.server_address[1]}"
        yield shared


def _stop(server: ThreadingHTTPServer, thread: threading.Thread) -> None:
    server.shutdown()
    thread.join()


def _answering(shared: Loopback, host: str) -> type[BaseHTTPRequestHandler]:
    from http.server import BaseHTTPRequestHandler

    class Answering(BaseHTTPRequestHandler):
        """Answers one host's requests; nothing is written anywhere."""

        protocol_version = "HTTP/1.1"
        timeout = 10

        def _answer(self) -> None:
            length = self.headers.get("Content-Length", "0")
            wanted = int(length) if length.isascii() and length.isdigit() else 0
            body = self.rfile.read(min(wanted, MAX_SENT_BYTES))
            headers = {name.lower(): text for name, text in self.headers.items()}
            answer = shared.answer(host, self.command, self.path, headers, body)
            self.send_response(answer.status)
            for name, text in answer.sends:
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(answer.content)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.content)
            self.close_connection = True

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 -- as http.server names them

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- as http.server names it
            """Says nothing."""

    return Answering
