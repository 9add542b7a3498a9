"""How soon a run goes on after a restart, among so many that wait for people.

    python benchmarks/runs/paused.py [--runs 10 1000]

Runs are paused at a call for which policy wants an approval. While they wait no thread and no process exists: this
program has closed their journal. Then one is approved and another process, which has just started, takes it up to its
end; wall and CPU seconds are of that whole process, `remitd runs resume`, and of listing all that waits.
The last table says what taking up a longer run costs: reading, verifying and folding its events.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from world import World, make

from remit_runtime.cli.bundles import keep
from remit_runtime.invoke import JOURNAL, InvokeRequest, invoke, open_runtime
from remit_runtime.journal.events import OutputAccepted, StateEntered
from remit_runtime.journal.records import Appended, Lease
from remit_runtime.journal.sqlite import Journal
from remit_runtime.policy.approvals import Person
from remit_runtime.run.answer import Desk, Signer, answer_approval
from remit_runtime.run.state import EMPTY, fold_all, restored, snapshot


def main() -> int:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, nargs="+", default=[10, 1000])
    arguments = parser.parse_args()
    print("| runs that wait | threads | journal MiB | resume s | CPU s | `runs approvals` s |")
    print("|---:|---:|---:|---:|---:|---:|")
    for count in arguments.runs:
        with tempfile.TemporaryDirectory() as name:
            measure(make(Path(name)), Path(name), count)
    print("\n| events of a run | read and verified ms | folded ms | a snapshot restored ms |")
    print("|---:|---:|---:|---:|")
    for steps in (10, 100, 1000):
        with tempfile.TemporaryDirectory() as name:
            fold(make(Path(name)), steps)
    print(f"\nload {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 0


def measure(world: World, folder: Path, count: int) -> None:
    """Pauses so many runs and takes up the one in the middle."""
    os.environ["REMIT_HOME"] = str(world.home)
    [path] = (folder / "out").glob("*.remit")
    keep(path, world.bundle)
    runtime = open_runtime(world.home, now_ms, os.environ["PATH"])
    request = InvokeRequest("bench.asker", {"since": "v1"}, "os:bench")
    runs = [invoke(runtime, world.bundle, request).run for _ in range(count)]
    run = runs[count // 2]
    desk = Desk(runtime.journal, world.home, now_ms, world.bundle.policy())
    answer_approval(desk, run, None, "approved", Signer(Person("os:ada", "asserted")))
    runtime.journal.close()
    size = (world.home / JOURNAL).stat().st_size / 2**20
    timed("list")  # the first process writes what Python compiles, and is not counted
    seconds, cpu = timed("resume", run)
    listing, _ = timed("approvals")
    threads = threading.active_count() - 1
    print(f"| {count} | {threads} | {size:.1f} | {seconds:.2f} | {cpu:.2f} | {listing:.2f} |")


def timed(*words: str) -> tuple[float, float]:
    """Wall and CPU seconds of a `remitd runs` command in a process of its own."""
    remitd = Path(sys.executable).with_name("remitd")
    before, started = used(), time.monotonic()
    done = subprocess.run([remitd, "runs", *words], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"remitd runs {words[0]} ended with {done.returncode}: {done.stderr}{done.stdout}")
    return time.monotonic() - started, used() - before


def used() -> float:
    """CPU seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def fold(world: World, steps: int) -> None:
    """Prints what taking up a run of so many steps costs before it does anything."""
    runtime = open_runtime(world.home, now_ms, os.environ["PATH"])
    run = invoke(runtime, world.bundle, InvokeRequest("bench.asker", {"since": "v1"}, "os:bench")).run
    journal: Journal = runtime.journal
    lease = journal.claim(run, "bench")
    taken = journal.take_up(lease) if isinstance(lease, Lease) else lease
    if not isinstance(taken, Lease):
        sys.exit(f"the journal refuses: {taken}")
    for visit in range(2, 2 + min(steps, 29)):
        taken = moved(journal, taken, visit)
    while journal.read(run).seq < steps:
        done = journal.append(taken, [OutputAccepted("say", "ok", '{"text":"v1"}', "say")])
        taken = done.lease if isinstance(done, Appended) else sys.exit(f"the journal refuses: {done}")
    started = time.perf_counter()
    stored = journal.events(run)
    read = time.perf_counter()
    state = fold_all(EMPTY, [one.event for one in stored])
    folded = time.perf_counter()
    body = snapshot(state)
    kept = time.perf_counter()
    restored(body)
    back = time.perf_counter()
    print(
        f"| {len(stored)} | {(read - started) * 1000:.2f} | {(folded - read) * 1000:.2f} |"
        f" {(back - kept) * 1000:.2f} |"
    )
    journal.close()


def moved(journal: Journal, lease: Lease, visit: int) -> Lease:
    """The lease after one more entry."""
    done = journal.append(
        lease, [OutputAccepted("say", "ok", '{"text":"v1"}', "say"), StateEntered("say", visit)]
    )
    return done.lease if isinstance(done, Appended) else sys.exit(f"the journal refuses: {done}")


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
