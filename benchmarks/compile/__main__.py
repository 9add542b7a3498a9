"""The whole table: what `remit check` costs at every size, and what others take for comparable work.

    nox -s bench -- compile [--agents 100 1000 10000] [--rounds 3]

The runs of a round follow each other and rounds repeat, so that a slow minute of the machine meets all of them.
Seconds are the medians of user plus system CPU, of a process and all that it starts; ratios are medians of those within
a round.
Before the first round everybody runs once, uncounted: Python compiles their modules.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import ten_files
from generate import commit, write
from measure import Cost, Rounds, speed
from others import Peers, peer_runs
from ours import Subject, checks, cold, yardsticks
from table import Seen, report

TEN = "ten files"


@dataclass(frozen=True)
class Bench:
    """What is measured: repositories by name, and the work of the peers where they take part."""

    subjects: dict[str, Subject]
    peers: Peers | None


def prepared(folder: Path, sizes: list[int], place: Path | None, peer_size: int) -> Bench:
    """Writes and commits every repository, and says how long it took."""
    subjects = {TEN: Subject(folder / "ten", folder / "home-ten")}
    ten_files.write(subjects[TEN].root)
    commit(subjects[TEN].root)
    for agents in sizes:
        begun = time.perf_counter()
        subject = Subject(folder / f"{agents}", folder / f"home-{agents}")
        files = write(subject.root, agents)
        written = time.perf_counter()
        commit(subject.root)
        ended = time.perf_counter()
        print(
            f"{agents:,} agents: {files:,} files written in {written - begun:.0f} s, "
            f"committed in {ended - written:.0f} s",
            file=sys.stderr,
            flush=True,
        )
        subjects[str(agents)] = subject
    return Bench(subjects, None if place is None else Peers.prepared(place, folder / "peers", peer_size))


def one_round(bench: Bench, number: int, compared: str) -> dict[str, dict[str, Cost]]:
    """Everything once: the costs by repository, and those of the peers under `peers`."""
    done: dict[str, dict[str, Cost]] = {}
    for name, subject in bench.subjects.items():
        done[name] = {**checks(subject, number, edits=name != TEN), **yardsticks(subject)}
        if name == compared and bench.peers is not None:
            done["peers"] = dict(peer_runs(bench.peers, subject.root, number))
            _show("peers", done["peers"])
        _show(name, done[name])
    return done


def _show(name: str, costs: dict[str, Cost]) -> None:
    """Tells one round while it goes on, as a whole run takes a while."""
    shown = ", ".join(f"{run} {cost.seconds:.2f}" for run, cost in costs.items())
    print(f"{name}: {shown}", file=sys.stderr, flush=True)


def rounds_of(bench: Bench, count: int, compared: str) -> Iterator[dict[str, dict[str, Cost]]]:
    """The rounds that count, each announced."""
    for number in range(count):
        print(f"round {number + 1} of {count}", file=sys.stderr, flush=True)
        yield one_round(bench, number, compared)


def warm_up(bench: Bench) -> None:
    """Everybody's modules are compiled, and the stat cache of git is written."""
    cold(bench.subjects[TEN])
    for subject in bench.subjects.values():
        yardsticks(subject)
    if bench.peers is not None:
        dict(peer_runs(bench.peers.small(), bench.subjects[TEN].root, 0))


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, nargs="*", default=[100, 1000, 10000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="the folder of the peers' programs")
    parser.add_argument("--compared", type=int, default=1000, help="the size at which peers take part")
    given = parser.parse_args()
    before, load = speed(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="remit-bench-") as folder:
        bench = prepared(Path(folder), given.agents, given.peers, given.compared)
        warm_up(bench)
        rounds = list(rounds_of(bench, given.rounds, str(given.compared)))
    names = list(bench.subjects) + (["peers"] if bench.peers is not None else [])
    by_name: dict[str, Rounds] = {name: [one[name] for one in rounds] for name in names}
    print(report(Seen(by_name, str(given.compared), TEN)))
    print(
        f"\n{given.rounds} rounds; load {load:.1f} before and {os.getloadavg()[0]:.1f} after, "
        f"{os.cpu_count()} cores; ten million additions took {before:.2f} s before and {speed():.2f} s after"
    )


if __name__ == "__main__":
    main()
