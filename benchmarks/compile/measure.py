"""What a process costs: CPU seconds and memory of it and of all that it starts, however they end."""

from __future__ import annotations

import ctypes
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): processes whose parent has ended become children of ours, so that none ends uncounted."""


class Cost(NamedTuple):
    """User plus system CPU seconds of a process and its children, the peak of the largest of them, what it said."""

    seconds: float
    mebibytes: float
    out: str
    err: str


class ProcessFailed(Exception):
    """A measured process did not end as it should, so that its cost means nothing."""


def cost(
    *command: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    codes: Sequence[int] = (0,),
) -> Cost:
    """The cost of one process, which has ended with one of `codes`, and so have its children.

    Raises:
        ProcessFailed: it ended with another code.
    """
    _adopt_orphans()
    # What Python compiles is kept for the next process, as it is for everybody.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env={**environment, **(env or {})},
            stdout=out,
            stderr=err,
            stdin=subprocess.DEVNULL,
        )
        seconds, mebibytes, code = _waited(child.pid)
        child.returncode = code
        out.seek(0)
        err.seek(0)
        said, complained = out.read().decode(errors="replace"), err.read().decode(errors="replace")
    if code not in codes:
        raise ProcessFailed(
            f"{' '.join(command)[:300]} ended with {code}\n{said[-2000:]}\n{complained[-2000:]}"
        )
    return Cost(seconds, mebibytes, said, complained)


def _adopt_orphans() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise ProcessFailed("processes of processes cannot be counted here: prctl refuses")


def _waited(process: int) -> tuple[float, float, int]:
    """Seconds, MiB and exit code of a child once it and all that it left behind have ended."""
    seconds = mebibytes = 0.0
    code = 0
    while True:
        try:
            # What a child has waited for itself is within its own figures: getrusage(2).
            ended, status, used = os.wait4(-1, 0)
        except ChildProcessError:
            return seconds, mebibytes, code
        seconds += used.ru_utime + used.ru_stime
        mebibytes = max(mebibytes, used.ru_maxrss / 1024)
        if ended == process:
            code = os.waitstatus_to_exitcode(status)


def speed() -> float:
    """CPU seconds this machine takes now for ten million additions, to read the others by."""
    begun = time.process_time()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.process_time() - begun


Rounds = list[dict[str, Cost]]
"""What every run of each round cost, by the name of the run."""


def seconds(rounds: Rounds, name: str) -> float:
    """The median of the CPU seconds of a run."""
    return statistics.median(one[name].seconds for one in rounds)


def mebibytes(rounds: Rounds, names: Iterable[str]) -> float:
    """The highest of the medians of the peaks of some runs."""
    return max(statistics.median(one[name].mebibytes for one in rounds) for name in names)


def ratio(rounds: Rounds, above: str, below: str) -> float:
    """The median over the rounds of how many times one run costs another: both within one round, so at one speed."""
    return statistics.median(one[above].seconds / max(one[below].seconds, 0.001) for one in rounds)


def more(rounds: Rounds, above: str, below: str) -> float:
    """The median over the rounds of how many seconds more one run costs than another."""
    return statistics.median(one[above].seconds - one[below].seconds for one in rounds)
