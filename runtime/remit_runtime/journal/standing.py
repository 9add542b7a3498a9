"""Where a run stands when something is about to be appended, and whether that may be appended at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from remit_runtime.bundle.words import TerminalReason
from remit_runtime.canonical import Digest
from remit_runtime.errors import UsageError
from remit_runtime.journal.events import (
    ApprovalRequested,
    ChildStarted,
    ModelIntended,
    QuestionAsked,
    RunEnded,
    RunEvent,
    StateEntered,
    ToolDecided,
    ToolIntended,
)
from remit_runtime.journal.records import Refused, Scope, Switch

MOVES = (
    StateEntered,
    ModelIntended,
    ToolDecided,
    ToolIntended,
    ApprovalRequested,
    QuestionAsked,
    ChildStarted,
)
"""What a stop refuses: every event by which a run decides or begins something."""


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A run or one of those it is a child of; a stop of any of them stops it."""

    run: str
    agent: str
    bundle: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A run's row as an append sees it. `killed` and `cancelled` name what stopped it, or an ancestor of it.

    `waits_ms` is since when the run waits for nobody but people: its deadline stands still.
    """

    run: str
    agent: str
    version: str
    bundle: Digest
    principal: str
    epoch: int
    seq: int
    head: bytes
    ended: bool
    deadline_ms: int
    ttl_ms: int
    killed: str | None
    cancelled: str | None
    lineage: tuple[Ancestor, ...]
    waits_ms: int | None = None


_ROW = """SELECT id, agent, version, bundle, principal, epoch, head_seq, head_hash, status = 'ended', deadline_ms,
 ttl_ms, killed_by, cancelled_by, parent, waits_ms FROM run WHERE id = ?"""
_ANCESTOR = (
    "SELECT id, agent, bundle, status = 'ended', killed_by, cancelled_by, parent FROM run WHERE id = ?"
)


def standing_of(db: sqlite3.Connection, run: str) -> Standing:
    """Where a run stands, with what stops the runs it is a child of.

    Raises:
        UsageError: there is no such run.
    """
    row = db.execute(_ROW, (run,)).fetchone()
    if row is None:
        raise UsageError("run_unknown", f"there is no run `{run}`")
    killed, cancelled, parent, waits_ms = row[11:]
    lineage = [Ancestor(row[0], row[1], row[3])]
    while parent is not None:
        above = db.execute(_ANCESTOR, (parent,)).fetchone()
        lineage.append(Ancestor(above[0], above[1], above[2]))
        killed = killed or above[4]
        cancelled = cancelled or above[5] or (f"end of {above[0]}" if above[3] else None)
        parent = above[6]
    columns: tuple[Any, ...] = (
        *row[:8],
        bool(row[8]),
        *row[9:11],
        killed,
        cancelled,
        tuple(lineage),
        waits_ms,
    )
    return Standing(*columns)


def switches_on(db: sqlite3.Connection) -> tuple[Switch, ...]:
    """The kills and halts in force, oldest first."""
    rows = db.execute(
        "SELECT mode, kind, id, by, reason, at_ms FROM kill_switch WHERE lifted_ms IS NULL ORDER BY number"
    )
    return tuple(
        Switch(mode, Scope(kind, id_), by, reason, at_ms) for mode, kind, id_, by, reason, at_ms in rows
    )


def covers(scope: Scope, lineage: Sequence[Ancestor]) -> bool:
    """Whether a scope covers a run by its id, agent or bundle, or by those of a run it is a child of."""
    match scope.kind:
        case "everything":
            return True
        case "run":
            return any(one.run == scope.id for one in lineage)
        case "agent":
            return any(one.agent == scope.id for one in lineage)
        case "bundle":
            return any(one.bundle == scope.id for one in lineage)
        case "tool":
            return False


def stop_of(standing: Standing, switches: Sequence[Switch], now_ms: int) -> Refused | None:
    """What stops every further move of a run, or None: a kill before a cancel before a halt before the deadline.

    The deadline of a run that waits for people stands still.
    """
    if standing.killed is not None:
        return Refused("killed", standing.killed)
    if standing.cancelled is not None:
        return Refused("cancelled", standing.cancelled)
    for switch in switches:
        if switch.mode == "halt" and covers(switch.scope, standing.lineage):
            return Refused("halted", str(switch.scope))
    over = standing.waits_ms is None and now_ms >= standing.deadline_ms
    return Refused("deadline", "milliseconds") if over else None


def refusal(
    standing: Standing, switches: Sequence[Switch], appended: Sequence[RunEvent], now_ms: int
) -> Refused | None:
    """What stops these events, or None. Outcomes, and what they record, are stopped by nothing.

    The end of a run is a decision too: a killed run may only end as killed, a cancelled one as cancelled or killed,
    a halted one not at all before the halt is lifted, and one past its deadline neither succeeds nor is rejected.
    """
    moves = any(isinstance(event, MOVES) for event in appended)
    last = appended[-1]
    ending = last.reason if isinstance(last, RunEnded) else None
    if not moves and ending is None:
        return None
    stop = stop_of(standing, switches, now_ms)
    if stop is not None:
        return None if ending is not None and not moves and _may_end(stop, ending) else stop
    tools = {event.tool for event in appended if isinstance(event, ToolDecided | ToolIntended)}
    return tool_stop_of(switches, tools)


def _may_end(stop: Refused, ending: TerminalReason) -> bool:
    match stop.reason:
        case "killed":
            return ending == "killed"
        case "cancelled":
            return ending in ("cancelled", "killed")
        case "deadline":
            return ending not in ("succeeded", "rejected")
        case _:
            return False


def tool_stop_of(switches: Sequence[Switch], tools: Set[str]) -> Refused | None:
    """What stops calls of these tools: a kill before a halt."""
    stops = [switch for switch in switches if switch.scope.kind == "tool" and switch.scope.id in tools]
    if not stops:
        return None
    kill = next((switch for switch in stops if switch.mode == "kill"), None)
    return Refused("halted", str(stops[0].scope)) if kill is None else Refused("killed", str(kill.scope))
