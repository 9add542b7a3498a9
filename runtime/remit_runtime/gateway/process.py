"""One process: started without a shell, read with caps while it writes, and gone with its whole tree at the end."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import IO, Literal, cast

MAX_ERROR_BYTES = 64 * 1024
MAX_ERROR_TOTAL_BYTES = 4 * 2**20
POLL_SECONDS = 0.025
GRACE_SECONDS = 3.0
WALLS_FAILED = 125

_CHUNK = 64 * 1024

_GIT_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.attributesFile": "/dev/null",
    "core.excludesFile": "/dev/null",
    "core.pager": "cat",
    "core.sshCommand": "false",
    "core.untrackedCache": "false",
    "credential.helper": "",
    "gc.auto": "0",
    "log.showSignature": "false",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "safe.bareRepository": "explicit",
    "safe.directory": "*",
    "submodule.recurse": "false",
}
"""Command-line settings of git: they win over every file, so nothing a repository says can start a program."""


@dataclass(frozen=True, slots=True)
class Order:
    """A process to run. `output_bytes` caps its output; the deadline is seconds from the start."""

    command: tuple[str, ...]
    folder: str
    environment: Mapping[str, str]
    stdin: bytes
    output_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended. `exit_code` is None where we ended it, and `cut` says why."""

    exit_code: int | None
    output: bytes
    errors: bytes
    cut: Literal["output_too_large", "timeout", "stopped"] | None


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The operating system did not start the process: nothing of it ran."""

    reason: str


def environment() -> dict[str, str]:
    """The whole environment of a process tool: nothing of ours goes through."""
    numbered = enumerate(_GIT_SETTINGS.items())
    settings = {
        f"GIT_CONFIG_{part}_{n}": text
        for n, pair in numbered
        for part, text in zip(("KEY", "VALUE"), pair, strict=True)
    }
    return {
        "LC_ALL": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": str(len(_GIT_SETTINGS)),
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_PAGER": "cat",
        "GIT_TERMINAL_PROMPT": "0",
        **settings,
    }


def run(order: Order, stopped: Callable[[], bool] = lambda: False) -> Ended | NotStarted:
    """The end of a process whose whole tree is gone when this returns.

    The output is read while it comes and never more than the cap is held. `stopped` is asked every 25 ms.
    """
    try:
        process = subprocess.Popen(
            order.command,
            cwd=order.folder,
            env=dict(order.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            close_fds=True,
        )
    except (OSError, ValueError) as error:
        return NotStarted(
            f"the process could not be started: {getattr(error, 'strerror', None) or 'bad argument'}"
        )
    try:
        return _attend(process, order, stopped)
    finally:
        _end(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                _close(pipe)


@dataclass(slots=True)
class _Streams:
    """What has come and what is still to go, while a process runs."""

    to_write: memoryview
    output: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)
    errors_seen: int = 0


def _attend(process: subprocess.Popen[bytes], order: Order, stopped: Callable[[], bool]) -> Ended:
    """Feed and read until both outputs end, or until a cap, the deadline or a stop ends it."""
    streams = _Streams(memoryview(order.stdin))
    deadline = time.monotonic() + order.seconds
    asked = time.monotonic()
    with selectors.DefaultSelector() as selector:
        _watch(selector, process, order)
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return _cut(streams, "timeout")
            ready = selector.select(min(left, POLL_SECONDS))
            if time.monotonic() - asked >= POLL_SECONDS:
                if stopped():
                    return _cut(streams, "stopped")
                asked = time.monotonic()
            for key, _ in ready:
                if not _move(key, streams):
                    selector.unregister(key.fileobj)
                    _close(cast("IO[bytes]", key.fileobj))
            if len(streams.output) > order.output_bytes or streams.errors_seen > MAX_ERROR_TOTAL_BYTES:
                del streams.output[order.output_bytes :]
                return _cut(streams, "output_too_large")
    try:
        code = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return _cut(streams, "timeout")
    return Ended(code, bytes(streams.output), bytes(streams.errors), None)


def _watch(selector: selectors.BaseSelector, process: subprocess.Popen[bytes], order: Order) -> None:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise RuntimeError("a process was started without its pipes")
    for pipe in (process.stdin, process.stdout, process.stderr):
        os.set_blocking(pipe.fileno(), False)
    selector.register(process.stdout, selectors.EVENT_READ, "output")
    selector.register(process.stderr, selectors.EVENT_READ, "errors")
    if order.stdin:
        selector.register(process.stdin, selectors.EVENT_WRITE, "stdin")
    else:
        _close(process.stdin)


def _move(key: selectors.SelectorKey, streams: _Streams) -> bool:
    """Move what a pipe takes or gives now; false when it is done."""
    if key.data == "stdin":
        return _write(key, streams)
    data = os.read(key.fd, _CHUNK)
    if key.data == "output":
        streams.output += data
    else:
        streams.errors_seen += len(data)
        streams.errors += data[: MAX_ERROR_BYTES - len(streams.errors)]
    return bool(data)


def _write(key: selectors.SelectorKey, streams: _Streams) -> bool:
    try:
        streams.to_write = streams.to_write[os.write(key.fd, streams.to_write[:_CHUNK]) :]
    except BrokenPipeError:
        streams.to_write = memoryview(b"")  # it does not want the rest
    return bool(streams.to_write)


def _cut(streams: _Streams, why: Literal["output_too_large", "timeout", "stopped"]) -> Ended:
    return Ended(None, bytes(streams.output), bytes(streams.errors), why)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole tree. The guard of `confine.py` does it on SIGTERM; a kill of bubblewrap ends its namespace."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # it is not reaped yet, so the number is still its own
            process.wait()


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return
