"""How much CPU `remit check` takes, against yardsticks of the same run: a quick look, without peers.

    python benchmarks/compile/check.py [--agents 100 1000] [--rounds 5]

Each check is a process of its own, with no cache but the modules that Python itself has compiled: the first round,
which writes them, is not counted. Seconds are user plus system CPU of that process and its children; of several
rounds the median is shown.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import ten_files
from generate import commit, write
from measure import Rounds, mebibytes, seconds, speed
from ours import COLD, LIBYAML, START, Subject, cold, yardsticks


def row(name: str, subject: Subject, count: int) -> str:
    """A line of the table about one repository."""
    files = sum(1 for _ in subject.root.rglob("*.yaml"))
    rounds: Rounds = [{COLD: cold(subject), **yardsticks(subject)} for _ in range(count + 1)][1:]
    check, libyaml, start = (seconds(rounds, one) for one in (COLD, LIBYAML, START))
    ratio = (check - start) / max(libyaml - start, 0.001)
    return (
        f"| {name} | {files} | {check:.2f} | {mebibytes(rounds, [COLD]):.0f} | {libyaml:.2f} | {ratio:.1f} |"
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--agents", type=int, nargs="*", default=[100, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    print("| repository | YAML files | check, CPU s | peak MiB | libyaml alone, CPU s | ratio |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        small = Subject(Path(folder, "ten"), Path(folder, "home"))
        ten_files.write(small.root)
        commit(small.root)
        print(row("ten files", small, given.rounds), flush=True)
        for agents in given.agents:
            subject = small._replace(root=Path(folder, str(agents)))
            write(subject.root, agents)
            commit(subject.root)
            print(row(f"{agents:,} agents", subject, given.rounds), flush=True)
    print(
        f"\nload {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; ten million additions take {speed():.2f} s"
    )


if __name__ == "__main__":
    main()
