"""Runs that wait hold nothing: no thread, no process, and nothing that makes taking up another run slower."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from remit_runtime.bundle.graph import ApprovalState, EndState, Reference
from remit_runtime.run.result import RunResult

MakeWorld = Callable[..., Any]
CONFIRM = ApprovalState("confirm", "owner", (), "done", None, None)
STATES = (CONFIRM, EndState("done", "succeeded", Reference("confirm"), ()))


def steps_of(world: Any, act: Callable[[], RunResult]) -> int:
    """How many tens of instructions the store's engine takes for an act: it counts what is read, not time."""
    count = 0

    def counted() -> int:
        nonlocal count
        count += 1
        return 0

    world.runtime.journal._db.set_progress_handler(counted, 10)
    try:
        assert act().reason == "succeeded"
    finally:
        world.runtime.journal._db.set_progress_handler(None, 0)
    return count


def test_taking_up_a_run_reads_as_much_among_many_as_alone(make_world: MakeWorld) -> None:
    world = make_world(STATES)

    def paused_and_resumed() -> int:
        run = world.start().run
        world.answer("os:ada", run=run)
        return steps_of(world, lambda: world.resume(run))

    threads = threading.active_count()
    alone = paused_and_resumed()
    for _ in range(15):
        assert world.start().status == "waiting"
    among = paused_and_resumed()
    # Deeper trees of pages cost a step here and there; reading each of the others once would double it.
    assert among <= alone * 1.1
    assert threading.active_count() == threads
