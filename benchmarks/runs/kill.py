"""How long a kill from another process takes to end what is in flight.

    python benchmarks/runs/kill.py [--kills 100]

A worker process drives one run after another, each at work with a tool that ignores SIGTERM, forks and leaves its
session. This process kills each run at a random moment. Milliseconds are wall time, from the moment at which the kill
is committed to the outcome of the call in the journal, and the tool's whole tree gone.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from world import World, make

from remit_runtime.invoke import JOURNAL, InvokeRequest, invoke, open_runtime
from remit_runtime.journal.events import ToolIntended, ToolSettled
from remit_runtime.journal.records import Scope
from remit_runtime.journal.sqlite import Journal

T = TypeVar("T")


def main() -> int:
    """Prints the percentiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        return measure(make(Path(name)), arguments.kills)


@dataclass(frozen=True)
class Killed:
    """One kill: milliseconds until the outcome was in the journal and the tree gone, and what began after it."""

    settled: float
    gone: float
    begun_after: int


def measure(world: World, kills: int) -> int:
    """Kills so many runs of a child process, and prints how long each took."""
    worker = os.fork()
    if worker == 0:
        drive(world, kills)
        os._exit(0)
    journal = Journal.open(world.home / JOURNAL, now_ms)
    chance = random.Random(1)
    seen: list[str] = []
    killed: list[Killed] = []
    for _ in range(kills):
        seen.append(wait_for(lambda: at_work(journal, seen)))
        killed.append(killed_at(journal, seen[-1], chance.uniform(0, 0.05)))
    os.waitpid(worker, 0)
    journal.close()
    print("| from the kill's commit to | p50 ms | p95 ms | max ms |\n|---|---:|---:|---:|")
    tell("the tool's tree gone", [one.gone for one in killed])
    tell("the call's outcome in the journal", [one.settled for one in killed])
    after = sum(one.begun_after for one in killed)
    print(
        f"\n{kills} kills, {after} effects begun after one; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    return 0


def killed_at(journal: Journal, run: str, seconds: float) -> Killed:
    """What a kill does, so many seconds after the run's tool is at work."""
    wait_for(lambda: len(sleepers()) >= 2 or None)
    time.sleep(seconds)
    journal.kill(Scope("run", run), "os:bench", "measured")
    killed = time.time() * 1000
    wait_for(lambda: not sleepers() or None)
    gone = time.time() * 1000 - killed
    wait_for(lambda: journal.read(run).status == "ended" or None)
    [settled] = [one.at_ms for one in journal.events(run) if isinstance(one.event, ToolSettled)]
    [kill] = [row.seq for row in journal.audit_rows() if row.event == "kill" and row.resource == run]
    begun = [row for row in journal.audit_rows(run) if row.seq > kill and row.event.endswith("_intended")]
    return Killed(max(0.0, settled - killed), gone, len(begun))


def tell(what: str, times: list[float]) -> None:
    """Prints a row of percentiles."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    print(f"| {what} | {cuts[49]:.0f} | {cuts[94]:.0f} | {max(times):.0f} |")


def drive(world: World, runs: int) -> None:
    """Drives runs, each until somebody kills it."""
    runtime = open_runtime(world.home, now_ms, os.environ["PATH"])
    for _ in range(runs):
        invoke(runtime, world.bundle, InvokeRequest("bench.waiter", {"since": "v1"}, "os:bench"))
    runtime.journal.close()


def at_work(journal: Journal, before: list[str]) -> str | None:
    """The newest run, if it is none of those before and its call is intended."""
    newest = next(iter(journal.runs()), None)
    if newest is None or newest.run in before:
        return None
    last = journal.events(newest.run)[-1].event
    return newest.run if isinstance(last, ToolIntended) else None


def sleepers() -> list[str]:
    """The sleeping processes of a tool."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == b"sleep\x0071.5\x00":
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def wait_for(what: Callable[[], T | None]) -> T:
    """What it gives once it gives something."""
    end = time.monotonic() + 60
    while True:
        found = what()
        if found:
            return found
        if time.monotonic() > end:
            sys.exit("nothing happened for a minute")
        time.sleep(0.001)


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return int(time.time() * 1000)


if __name__ == "__main__":
    sys.exit(main())
