"""What a governed step costs: one decision of a stub model and one call of a cheap tool.

    python benchmarks/runs/steps.py [--rounds 3]

A step is two states entered, a model asked and answered, a call decided, intended, sent and settled, with budget,
policy and audit. The run is driven by the real runtime. Seconds are CPU of the worker alone, not of the tool;
three parts are shown, since the send of a process costs more than all that governs it:

- the journal: the same appends again, on a fresh file, and nothing else;
- the send: the same processes started and read again, and nothing else;
- the whole step, and what is left of it without the send.

Bytes are what the journal's file grows by between runs of 10 and of 50 steps.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from world import World, make

from remit_runtime.bundle.agent import ModelIR
from remit_runtime.gateway.process import Order, environment
from remit_runtime.gateway.process import run as run_process
from remit_runtime.gateway.sandbox import Enclosure, enclosed, probe
from remit_runtime.invoke import JOURNAL, InvokeRequest, Runtime, invoke, open_runtime
from remit_runtime.journal import store
from remit_runtime.journal.sqlite import Journal
from remit_runtime.models.port import ModelAnswer, ModelCall, Usage

TEXT = "x" * 200
FEW, MANY = 10, 50


@dataclass(frozen=True)
class Stub:
    """A model that calls the tool so many times and then answers."""

    steps: int

    @property
    def name(self) -> str:
        return "scripted"

    def endpoint_of(self, _: ModelIR) -> None:
        return None

    def decide(self, call: ModelCall, *_: object) -> ModelAnswer:
        text = '{"respond":{"summary":"done"}}'
        if call.ordinal < self.steps:
            text = f'{{"call":{{"tool":"bench.echo","args":{{"text":"{TEXT}"}}}}}}'
        return ModelAnswer(text, Usage(100, 10))


class Recording(Journal):
    """A journal that keeps what it was asked to write, so that the same can be written again."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.created: list[Any] = []
        self.appended: list[tuple[Any, dict[str, Any]]] = []

    def create(self, run: Any, started: Any, *more: Any, **named: Any) -> Any:
        self.created = [run, started, *more]
        return super().create(run, started, *more, **named)

    def append(self, lease: Any, events: Any, **more: Any) -> Any:
        self.appended.append((events, more))
        return super().append(lease, events, **more)


@dataclass(frozen=True)
class Measured:
    """CPU milliseconds a step: whole, in the journal, in the send; transactions a step; bytes of the whole file."""

    whole: float
    journal: float
    send: float
    transactions: float
    size: int


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        world = make(Path(name))
        few = [measured(world, Path(name, f"few-{number}"), FEW) for number in range(arguments.rounds)]
        many = [measured(world, Path(name, f"many-{number}"), MANY) for number in range(arguments.rounds)]
    print(f"| a governed step, CPU ms | {FEW} steps | {MANY} steps |\n|---|---:|---:|")
    tell("whole, with the start of its process", few, many, lambda one: one.whole)
    tell("without the send", few, many, lambda one: one.whole - one.send)
    tell("the journal alone", few, many, lambda one: one.journal)
    kibibytes = (many[0].size - few[0].size) / (MANY - FEW) / 1024
    print(f"\n{many[0].transactions:.2f} transactions and {kibibytes:.2f} KiB a step;", end=" ")
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; ten million additions take {additions():.2f} s"
    )
    return 0


def tell(what: str, few: list[Measured], many: list[Measured], part: Callable[[Measured], float]) -> None:
    """Prints a row of medians."""
    print(f"| {what} | {' | '.join(f'{statistics.median(map(part, ones)):.2f}' for ones in (few, many))} |")


def measured(world: World, home: Path, steps: int) -> Measured:
    """A run of so many steps, taken apart."""
    journal, whole = stepped(world, home, steps)
    alone = cpu_of(lambda: written_again(journal, home / "again.sqlite"))
    send = cpu_of(lambda: sent_again(steps))
    each = 1000 / steps
    transactions = len(journal.appended) / steps
    return Measured(whole * each, alone * each, send * each, transactions, size_of(home / JOURNAL))


def stepped(world: World, home: Path, steps: int) -> tuple[Recording, float]:
    """The journal of a run of so many steps in a home of its own, and the CPU seconds of its worker."""
    home.mkdir(mode=0o700)
    (home / "executables.toml").write_bytes((world.home / "executables.toml").read_bytes())
    runtime = open_runtime(home, now_ms, os.environ["PATH"])
    runtime.journal.close()
    journal = Recording(store.connected(home / JOURNAL), now_ms)
    runtime = replace(runtime, journal=journal)
    request = InvokeRequest("bench.stepper", {"since": "v1"}, "os:bench", model=Stub(steps))
    seconds = cpu_of(lambda: succeeded(runtime, world, request))
    journal.close()
    return journal, seconds


def succeeded(runtime: Runtime, world: World, request: InvokeRequest) -> None:
    """Runs it; a benchmark of runs that fail would measure nothing."""
    result = invoke(runtime, world.bundle, request)
    if not result.succeeded:
        raise SystemExit(f"the run ended as {result.reason}: {result.detail}")


def written_again(journal: Recording, path: Path) -> None:
    """Writes what a journal was asked to write into another one."""
    fresh = Journal.open(path, now_ms)
    lease: Any = fresh.create(*journal.created)
    for events, more in journal.appended:
        done: Any = fresh.append(lease, events, **more)
        lease = done.lease
    fresh.close()


def sent_again(steps: int) -> None:
    """Starts and reads as many processes as a run of so many steps."""
    sandbox = probe()
    shell = os.path.realpath("/bin/sh")
    command = (shell, "-c", 'printf %s "$1"', "echo", f"text {TEXT}")
    limits = {"as": 4 * 2**30, "core": 0, "cpu": 31, "fsize": 256 * 2**20, "nofile": 256, "nproc": 4096}
    walls = enclosed(sandbox, sandbox.layers[0], Enclosure(command, (), None, writable=False, limits=limits))
    for _ in range(steps):
        run_process(Order(walls.command, walls.folder, environment(), b"", 200_000, 30))


def cpu_of(work: Callable[[], object]) -> float:
    """The CPU seconds of this process, user and system, while the work is done."""
    began = time.process_time()
    work()
    return time.process_time() - began


def size_of(path: Path) -> int:
    """The bytes of a journal, all of it in one file."""
    db = store.connected(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path.stat().st_size


def additions() -> float:
    """CPU seconds that ten million additions take: how fast this machine is now."""

    def add() -> None:
        total = 0
        for number in range(10_000_000):
            total += number

    return cpu_of(add)


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return int(time.time() * 1000)


if __name__ == "__main__":
    raise SystemExit(main())
