"""Drives one run in a process of its own and kills it with SIGKILL at seeded random moments, again and again.

After each kill the journal is opened anew and one JSON line says what it holds. The effect of a tool is a line in a
file beside the journal; a worker that resumes asks that file which open calls were performed (recovery by probe).

usage: crash_worker.py JOURNAL SEED KILLS
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from remit_runtime.bundle.graph import Budget
from remit_runtime.canonical import digest_of
from remit_runtime.journal.events import (
    ModelIntended,
    ModelSettled,
    OutputAccepted,
    RunEvent,
    RunStarted,
    Spend,
    StateEntered,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.journal.records import Appended, Lease, NewRun, next_call
from remit_runtime.journal.sqlite import Journal

D = digest_of(b"{}")
EFFECT_SECONDS = 0.002
ONE = Spend(tool_calls=1)
MUCH = 10**9


def clock() -> int:
    return 1_000_000


def started() -> RunStarted:
    budget = Budget(MUCH, MUCH, MUCH, MUCH, MUCH)
    return RunStarted(
        "a.b", "1.0.0", D, D, "dev", "t", "{}", (), "os:ada", True, None, budget, None, "scripted", MUCH
    )


def taken(journal: Journal, lease: Lease, events: list[RunEvent]) -> Lease:
    result = journal.append(lease, events)
    if not isinstance(result, Appended):
        raise SystemExit(f"refused: {result}")
    os.write(1, b"%d\n" % result.lease.seq)
    return result.lease


def performed(effects: Path) -> list[str]:
    return effects.read_text().split() if effects.exists() else []


def settle_open(journal: Journal, lease: Lease, effects: Path) -> Lease:
    for effect in journal.open_effects("run_a"):
        outcome: RunEvent
        if effect.kind == "model":
            outcome = ModelSettled(effect.call, "s", "error", "lost", None, None, None, Spend())
        elif effect.call in performed(effects):
            outcome = ToolSettled(effect.call, "s", "write", "ok", None, None, None, (), ONE)
        else:
            outcome = ToolSettled(effect.call, "s", "write", "unknown", None, None, None, (), ONE)
        lease = taken(journal, lease, [outcome])
    return lease


def drive(path: Path, effects: Path, seed: int) -> None:
    """Works for ever; whoever started this process kills it."""
    chance = random.Random(seed)
    journal = Journal.open(path, clock)
    created = journal.create(NewRun("run_a", "worker", ttl_ms=0), started())
    lease = created if isinstance(created, Lease) else journal.claim("run_a", "worker", ttl_ms=0)
    if not isinstance(lease, Lease):
        raise SystemExit(f"refused: {lease}")
    lease = settle_open(journal, lease, effects)
    while True:
        call = next_call(lease)
        lease = taken(journal, lease, [ModelIntended(call, "s", "m", 1, D, Spend(model_calls=1))])
        lease = taken(journal, lease, [ModelSettled(call, "s", "ok", None, "{}", 1, 1, Spend(model_calls=1))])
        call = next_call(lease)
        decided = ToolDecided(
            call, "s", "write", "{}", D, None, None, (), "allow", "policy", "permitted", "", (), (), None
        )
        lease = taken(journal, lease, [decided, ToolIntended(call, "s", "write", ONE, "none", "probe")])
        time.sleep(EFFECT_SECONDS)
        with effects.open("a") as file:
            file.write(f"{call}\n")
        time.sleep(EFFECT_SECONDS)
        lease = taken(journal, lease, [ToolSettled(call, "s", "write", "ok", None, None, None, (), ONE)])
        output = '"' + "x" * chance.choice((10, 40_000)) + '"'
        lease = taken(journal, lease, [OutputAccepted("s", "ok", output, "s"), StateEntered("s", 1)])


def killed_once(path: Path, effects: Path, chance: random.Random) -> tuple[int, int]:
    """The last acknowledged sequence of a process that was killed, and how many it acknowledged."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(writer, 1)
        try:
            drive(path, effects, chance.randrange(2**32))
        finally:
            os._exit(70)
    os.close(writer)
    # Half of the kills come after some acknowledged work, half at any time from the start on.
    text = b""
    if chance.random() < 0.5:
        wanted = chance.randrange(1, 12)
        while text.count(b"\n") < wanted:
            text += os.read(reader, 1)
    time.sleep(chance.random() * 0.008)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise SystemExit(f"the worker ended by itself with status {status}")
    with os.fdopen(reader, "rb") as rest:
        text += rest.read()
    acknowledged = text.split(b"\n")[:-1]
    return (int(acknowledged[-1]) if acknowledged else 0), len(acknowledged)


def report(path: Path, effects: Path, acknowledged: int) -> dict[str, object]:
    journal = Journal.open(path, clock)
    known = bool(journal.runs())
    stored = [one.event for one in journal.events("run_a")] if known else []
    intended = [event.call for event in stored if isinstance(event, ToolIntended)]
    settled = [event.call for event in stored if isinstance(event, ToolSettled)]
    models = sum(isinstance(event, ModelIntended) - isinstance(event, ModelSettled) for event in stored)
    found: dict[str, object] = {
        "acknowledged": acknowledged,
        "seq": len(stored),
        "chain": type(journal.verify()).__name__,
        "audit": type(journal.verify_audit()).__name__,
        "intended": intended,
        "settled": settled,
        "performed": performed(effects),
        "open": sorted(effect.call for effect in journal.open_effects("run_a") if effect.kind == "tool"),
        "open_models": sum(effect.kind == "model" for effect in journal.open_effects("run_a")),
        "models": models,
        "tool_calls": journal.spent("run_a").tool_calls if known else 0,
    }
    journal.close()
    return found


def main(path: Path, seed: int, kills: int) -> None:
    chance = random.Random(seed)
    effects = path.with_name("effects")
    lines: list[str] = []
    last = 0
    for _ in range(kills):
        acknowledged, _ = killed_once(path, effects, chance)
        last = max(last, acknowledged)
        lines.append(json.dumps(report(path, effects, last)))
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
