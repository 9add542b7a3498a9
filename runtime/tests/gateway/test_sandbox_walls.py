"""What the walls hold: the files, the network and the processes of the machine stay out of a tool's reach."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.tool import ProcessIR
from remit_runtime.gateway.executables import interpreter
from remit_runtime.gateway.process import Ended, Order, environment, run
from remit_runtime.gateway.sandbox import INSIDE, Enclosure, Layer, Sandbox, enclosed, layer_for, probe

Try = Callable[..., Any]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "inside.txt").write_text("inside", "utf-8")
    return folder


@pytest.fixture
def attempt(layer: Layer, checkout: Path) -> Try:
    """`attempt(python, writable=..., limits=...)`: what a Python program prints as JSON inside the walls."""

    def make(body: str, writable: bool = False, limits: dict[str, int] | None = None) -> Any:
        head = "import json, os, socket, sys\nanswer = None\n"
        caught = "except OSError as error:\n    answer = type(error).__name__\n"
        text = f"{head}try:\n    {body}\n{caught}print(json.dumps(answer))"
        python = interpreter()
        inner = Enclosure((*python.command, "-c", text), python.reads, checkout, writable, limits or {})
        walls = enclosed(probe((layer,)), layer, inner)
        ended = run(Order(walls.command, walls.folder, environment(), b"", 100_000, 20))
        assert isinstance(ended, Ended)
        assert ended.exit_code == 0, ended.errors
        return json.loads(ended.output)

    return make


def walled(layer: Layer) -> None:
    if layer == "unsandboxed":
        pytest.skip("it has no walls, and the audit says so")


def test_the_checkout_can_be_read(attempt: Try) -> None:
    assert attempt("answer = open('inside.txt').read()") == "inside"


@pytest.mark.parametrize("path", ["/etc/passwd", "/root/.profile", "/proc/1/environ", "/var/log/dpkg.log"])
def test_files_of_the_machine_cannot_be_read(layer: Layer, attempt: Try, path: str) -> None:
    walled(layer)
    if layer == "bubblewrap" and path == "/proc/1/environ":
        # The first process of the sandbox is our own launcher's: its environment is the tool's.
        assert "hunter2" not in attempt(f"answer = open('{path}').read()")
        return
    assert attempt(f"answer = open('{path}').read()") in (
        "FileNotFoundError",
        "PermissionError",
        "NotADirectoryError",
    )


def test_files_beside_the_checkout_cannot_be_read(layer: Layer, attempt: Try, checkout: Path) -> None:
    walled(layer)
    (checkout.parent / "outside.txt").write_text("outside", "utf-8")
    assert attempt("answer = open('../outside.txt').read()") in ("FileNotFoundError", "PermissionError")
    assert attempt(f"answer = open('{checkout.parent}/outside.txt').read()") in (
        "FileNotFoundError",
        "PermissionError",
    )


def test_a_link_that_leaves_the_checkout_leads_nowhere(layer: Layer, attempt: Try, checkout: Path) -> None:
    walled(layer)
    (checkout.parent / "outside.txt").write_text("outside", "utf-8")
    (checkout / "link").symlink_to(checkout.parent / "outside.txt")
    assert attempt("answer = open('link').read()") in ("FileNotFoundError", "PermissionError")


def test_a_read_only_checkout_cannot_be_written(layer: Layer, attempt: Try, checkout: Path) -> None:
    walled(layer)
    assert attempt("open('inside.txt', 'w').write('changed'); answer = 'written'") in (
        "OSError",
        "PermissionError",
    )
    assert attempt("open('new', 'w').write('x'); answer = 'written'") in ("OSError", "PermissionError")
    assert (checkout / "inside.txt").read_text("utf-8") == "inside"


def test_a_scratch_checkout_can_be_written_and_nothing_else(layer: Layer, attempt: Try) -> None:
    walled(layer)
    assert attempt("open('new', 'w').write('x'); answer = 'written'", writable=True) == "written"
    assert attempt("open('/usr/share/new', 'w'); answer = 'written'", writable=True) in (
        "OSError",
        "PermissionError",
    )
    assert attempt("open('/new', 'w'); answer = 'written'", writable=True) in ("OSError", "PermissionError")


def test_the_loopback_of_the_machine_cannot_be_reached(layer: Layer, attempt: Try) -> None:
    walled(layer)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        body = f"socket.create_connection(('127.0.0.1', {port}), 5); answer = 'connected'"
        assert attempt(body) in ("ConnectionRefusedError", "PermissionError")


def test_processes_outside_cannot_be_signalled(layer: Layer, attempt: Try) -> None:
    walled(layer)
    # The parent of the program is the launcher that guards it: were it to die, its orphans would live on.
    body = "os.kill(os.getppid(), 0) if os.getppid() > 2 else os.kill(99999999, 0); answer = 'signalled'"
    assert attempt(body) in ("ProcessLookupError", "PermissionError")


def test_limits_hold(attempt: Try) -> None:
    limits = {"as": 512 * 2**20, "nofile": 16, "fsize": 1024, "core": 0}
    assert attempt("import resource; answer = resource.getrlimit(resource.RLIMIT_NOFILE)", limits=limits) == [
        16,
        16,
    ]
    assert attempt("fs = [open('inside.txt') for _ in range(20)]", limits=limits) == "OSError"


def test_no_path_of_the_machine_shows_inside_bubblewrap(layer: Layer, attempt: Try, checkout: Path) -> None:
    where = INSIDE if layer == "bubblewrap" else str(checkout)
    assert attempt("answer = os.getcwd()") == where


def test_only_allowed_layers_are_probed() -> None:
    assert probe(("unsandboxed",)) == Sandbox(("unsandboxed",), ())
    assert "bubblewrap" not in probe(("landlock", "unsandboxed")).layers


def test_the_best_layer_is_taken() -> None:
    process = ProcessIR("git", (), "none", "text", (0,), "read_only", None, False)
    sandbox = Sandbox(("bubblewrap", "landlock", "unsandboxed"))
    assert layer_for(sandbox, process, "write", "production") == "bubblewrap"
    assert layer_for(Sandbox(("landlock", "unsandboxed")), process, "write", "production") == "landlock"
    assert layer_for(Sandbox(()), process, "read", "dev") is None


def test_the_guards_own_death_ends_what_it_guards(tmp_path: Path) -> None:
    """A run that is killed hard leaves no tool behind: the launcher hears of its parent's death."""
    source = (
        "from remit_runtime.gateway.sandbox import *\nfrom remit_runtime.gateway.process import *\n"
        "inner = Enclosure(('/bin/sh', '-c', 'echo $$ > pid; exec sleep 4712'), (), Path(sys.argv[1]), True, {})\n"
        "walls = enclosed(probe(('unsandboxed',)), 'unsandboxed', inner)\n"
        "run(Order(walls.command, walls.folder, environment(), b'', 1000, 60))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", source, str(tmp_path)])
    pid_file = tmp_path / "pid"
    end = time.monotonic() + 10
    while not (pid_file.exists() and pid_file.read_text("utf-8")) and time.monotonic() < end:
        time.sleep(0.01)
    sleeper = int(pid_file.read_text("utf-8"))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    while time.monotonic() < end:
        try:
            os.kill(sleeper, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
    os.kill(sleeper, signal.SIGKILL)
    pytest.fail("the tool outlived the runtime")
