"""Asks, approves and makes one call, in processes that are killed with SIGKILL between each two steps.

A step is a transaction of the journal; while the call is open, reaching for the server and each look at the journal
are steps too, so that kills fall before the request, during it and after it. After each kill a fresh process goes on
as an operator would, and one JSON line says what came of it. A request counts where it arrives: in a file that the
loopback server writes.

usage: approval_worker.py HOME BUNDLE REQUESTS
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from remit_runtime.invoke import InvokeRequest, Runtime, invoke, open_runtime, resume
from remit_runtime.journal.events import ApprovalRequested, ToolIntended
from remit_runtime.journal.records import Broken
from remit_runtime.policy.approvals import Person
from remit_runtime.run.answer import Desk, Signer, answer_approval
from remit_runtime.run.pending import pending_in
from remit_runtime.trust.verify import open_verified

AGENT = "acme.poster"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def serve(requests: Path) -> int:
    """The port of a server, in a process of its own, that notes each request it gets."""
    reader, writer = os.pipe()
    if os.fork() == 0:

        class Notes(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with requests.open("ab") as file:
                    file.write(body + b"\n")
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b'{"id": 1}')

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        server = HTTPServer(("127.0.0.1", 0), Notes)
        os.write(writer, b"%d %d\n" % (server.server_port, os.getpid()))
        server.serve_forever()
    os.close(writer)
    with os.fdopen(reader) as said:
        port, pid = said.readline().split()
    SERVERS.append(int(pid))
    return int(port)


SERVERS: list[int] = []


def die_at(runtime: Runtime, step: int) -> None:
    """Kills this process when it begins its n-th step."""
    begun, is_open = 0, False

    def counted() -> None:
        nonlocal begun
        begun += 1
        if begun == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(statement: str) -> None:
        nonlocal is_open
        if statement.startswith("INSERT INTO effect"):
            is_open = True
        if statement.startswith("UPDATE effect"):
            is_open = False
        if statement == "BEGIN IMMEDIATE" or (is_open and statement == "BEGIN"):
            counted()

    def heard(event: str, _: tuple[object, ...]) -> None:
        if is_open and event == "socket.connect":
            counted()

    runtime.journal._db.set_trace_callback(traced)  # pyright: ignore[reportPrivateUsage]
    sys.addaudithook(heard)


def road(home: Path, path: Path, key: str, step: int | None) -> str:
    """The id of the run that an operator has brought as far as it goes: started, approved, resumed."""
    bundle = open_verified(path, None, home, "dev", now_ms())
    runtime = open_runtime(home, now_ms, "/usr/bin:/bin")
    if step is not None:
        die_at(runtime, step)
    request = InvokeRequest(AGENT, {"text": key}, "os:bob", invocation_key=key)
    result = invoke(runtime, bundle, request)
    desk = Desk(runtime.journal, home, now_ms, bundle.policy())
    for _ in range(3):
        if result.status == "ended":
            break
        if pending_in(runtime.journal, result.run):
            answer_approval(desk, result.run, None, "approved", Signer(Person("os:ada", "asserted")))
        result = resume(runtime, bundle, result.run)
    runtime.journal.close()
    return result.run


def told(home: Path, run: str, key: str, step: int, requests: Path) -> None:
    """Prints what came of a run."""
    runtime = open_runtime(home, now_ms, "/usr/bin:/bin")
    journal = runtime.journal
    record = journal.read(run)
    events = [stored.event for stored in journal.events(run)]
    sent = requests.read_text("utf-8").splitlines() if requests.exists() else []
    sys.stdout.write(
        json.dumps(
            {
                "step": step,
                "reason": record.reason,
                "open": len(journal.open_effects(run)),
                "requests": sum(json.loads(line)["text"] == key for line in sent),
                "intended": sum(isinstance(event, ToolIntended) for event in events),
                "asked": sum(isinstance(event, ApprovalRequested) for event in events),
                "holds": not isinstance(journal.verify(), Broken)
                and not isinstance(journal.verify_audit(), Broken),
            }
        )
        + "\n"
    )
    sys.stdout.flush()
    journal.close()


def in_child(act: Callable[[], object]) -> bool:
    """Whether a process of its own came to the end of an act, rather than being killed in it."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status) != 0:
        raise SystemExit("a worker failed")
    return not os.WIFSIGNALED(status)


def main() -> None:
    home, path, requests = (Path(word) for word in sys.argv[1:4])
    port = serve(requests)
    (home / "endpoints.toml").write_text(f'"notes.example" = "http://127.0.0.1:{port}"\n', "utf-8")
    try:
        done, step = False, 0
        while not done:
            step += 1
            key = f"text-{step}"

            def killed(step: int = step, key: str = key) -> None:
                road(home, path, key, step)

            def again(step: int = step, key: str = key) -> None:
                told(home, road(home, path, key, None), key, step, requests)

            done = in_child(killed)
            in_child(again)
    finally:
        os.kill(SERVERS[0], signal.SIGKILL)
        os.waitpid(SERVERS[0], 0)


if __name__ == "__main__":
    main()
