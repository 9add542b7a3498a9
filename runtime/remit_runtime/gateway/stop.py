"""Waiting for what was sent, and no longer once its run is stopped: by whoever, in whichever process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from remit_runtime.journal.records import Lease, Refused

if TYPE_CHECKING:  # it holds what requests wait with
    from remit_runtime.gateway.load import Gateway

POLL_SECONDS = 0.025
"""How often it is asked whether a run was stopped: it costs some microseconds while nobody writes to the journal."""

HEARTBEAT_MS = 5_000
LOOK_MS = 500

T = TypeVar("T")


def stops(gateway: Gateway, lease: Lease, tool: str | None = None) -> Callable[[], bool]:
    """Whether a run was ended meanwhile, or the tool in flight killed; asking is also its sign of life.

    A halt suspends: what is in flight may end, and the next one does not begin.
    """
    beat = looked = gateway.clock()
    seen: int | None = None

    def stopped() -> bool:
        nonlocal beat, looked, seen
        now = gateway.clock()
        if now - beat >= HEARTBEAT_MS:
            beat = now
            if isinstance(gateway.journal.heartbeat(lease), Refused):
                return True
        changes = gateway.journal.changes()
        # A deadline passes without anybody writing, so it is looked at now and then all the same.
        if changes == seen and now - looked < LOOK_MS:
            return False
        seen, looked = changes, now
        stop = gateway.journal.stop(lease.run, tool)
        return stop is not None and stop.reason != "halted"

    return stopped


@dataclass(frozen=True, slots=True)
class Came(Generic[T]):
    """What came of the work."""

    value: T


def awaited(work: Callable[[], T], stopped: Callable[[], bool]) -> Came[T] | None:
    """What came of the work, or None once it was stopped; then nobody waits for it any more.

    The work has a thread of its own, which cannot be ended from outside: a stopped one is left to itself and what it
    says is not heard. It must hold nothing that others wait for.
    """
    done = threading.Event()
    came: list[T] = []
    failed: list[BaseException] = []

    def do() -> None:
        try:
            came.append(work())
        except BaseException as error:  # noqa: BLE001 -- raised again where the work is awaited
            failed.append(error)
        finally:
            done.set()

    threading.Thread(target=do, name="remit-awaited", daemon=True).start()
    while not done.wait(POLL_SECONDS):
        if stopped():
            return None
    if failed:
        raise failed[0]
    return Came(came[0])


def awaited_until(
    work: Callable[[], T], seconds: float, stopped: Callable[[], bool]
) -> Came[T] | Literal["timeout", "stopped"]:
    """What came of the work, or why it was left: the time was over, or the run was stopped."""
    deadline = time.monotonic() + seconds
    late = False

    def over() -> bool:
        nonlocal late
        late = time.monotonic() >= deadline
        return late or stopped()

    came = awaited(work, over)
    return came if came is not None else "timeout" if late else "stopped"
