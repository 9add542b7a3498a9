"""Invariants of every run: its budget, the kill switch, its audit and its end, tried at the door of the store."""

from __future__ import annotations

from collections.abc import Sequence

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.canonical import digest_of
from remit_runtime.conformance.finding import Attempts, Finding, found
from remit_runtime.conformance.scene import STATE, USER, Scene, begun
from remit_runtime.journal.audit import entry_of
from remit_runtime.journal.events import (
    ModelIntended,
    ModelSettled,
    RunEnded,
    RunEvent,
    Spend,
    StateEntered,
    ToolDecided,
    ToolIntended,
    ToolSettled,
)
from remit_runtime.journal.records import Appended, Broken, Lease, Refused, Scope, next_call

DIGEST = digest_of(b"conformance")


def budget(scene: Scene) -> Finding:
    """Each limit is reached exactly, and the next unit is refused."""
    attempts = Attempts()
    for agent in scene.agents():
        _steps(scene, attempts, agent)
        _calls(scene, attempts, agent, "model_calls")
        _calls(scene, attempts, agent, "tool_calls")
        _money(scene, attempts, agent)
    return found(7, "no loop past its budget", attempts)


def kill_switch(scene: Scene) -> Finding:
    """After a kill a run moves, asks and calls no more; all that is left to it is to end as killed."""
    attempts = Attempts()
    for agent in scene.agents():
        _killed(scene, attempts, agent, None)
        for scope in (Scope("agent", agent.id), Scope("bundle", scene.bundle.digest), Scope("everything")):
            _killed(scene, attempts, agent, scope)
    for name in sorted(scene.tools()):
        _tool_killed(scene, attempts, name)
    return found(8, "nothing after the kill switch", attempts)


def audit(scene: Scene) -> Finding:
    """Every act of every run of this check has its row, tied to its event, and the chain holds."""
    attempts = Attempts()
    for run in scene.runs:
        rows = {(row.run_seq, row.event, row.event_hash): row.seq for row in scene.journal.audit_rows(run)}
        for stored in scene.journal.events(run):
            entry = entry_of(stored.event)
            if entry is not None:
                row = rows.get((stored.seq, entry.event, stored.hash))
                shown = None if row is None else f"audit:{row}"
                attempts.saw(row is not None, shown, f"{run}:{stored.seq} has no row in the audit")
    verified = scene.journal.verify_audit()
    attempts.saw(not isinstance(verified, Broken), None, "the audit's chain does not hold")
    for agent in scene.agents():
        lease = begun(scene, agent)
        alone = ToolIntended(next_call(lease), STATE, "conformance.tool", Spend(tool_calls=1), "none")
        attempts.saw(
            _is_refused(scene, lease, [alone]), None, f"agent `{agent.id}` intends a call that nobody decided"
        )
    # One event of each kind is enough to find the others by.
    attempts.evidence[12:] = []
    return found(10, "every high-impact action has an audit event", attempts)


def terminal_state(scene: Scene) -> Finding:
    """Every run ends, once, and takes nothing after its end, even if nobody drives it any more."""
    attempts = Attempts()
    for agent in scene.agents():
        begun(scene, agent)
    longest = max((agent.budget.milliseconds for agent in scene.agents()), default=0)
    scene.clock.now_ms += longest + 1
    scene.journal.sweep(scene.runtime.owner)
    for run in scene.runs:
        events = scene.journal.events(run)
        ends = [one for one in events if isinstance(one.event, RunEnded)]
        once = len(ends) == 1 and ends[0] is events[-1]
        attempts.saw(once, f"{run}:{events[-1].seq}", f"run {run} has {len(ends)} ends")
        claimed = scene.journal.claim(run, USER)
        attempts.saw(isinstance(claimed, Refused), None, f"run {run} can be taken up after its end")
    return found(12, "every run has a terminal state", attempts)


def _steps(scene: Scene, attempts: Attempts, agent: AgentIR) -> None:
    lease = begun(scene, agent)
    limit = scene.journal.read(lease.run).budget.steps
    came = scene.journal.append(lease, [StateEntered(STATE, n + 1) for n in range(limit)])
    if isinstance(came, Appended):
        last = came.lease
        came = scene.journal.append(last, [StateEntered(STATE, limit + 1)])
        _saw_limit(attempts, agent, "steps", came, scene.journal.read(lease.run).spent.steps, limit, last)
    else:
        attempts.unproven.append(f"agent `{agent.id}` could not take its {limit} steps: {came.reason}")


def _calls(scene: Scene, attempts: Attempts, agent: AgentIR, kind: str) -> None:
    lease = begun(scene, agent)
    limit: int = getattr(scene.journal.read(lease.run).budget, kind)
    for _ in range(limit + 1):
        came = scene.journal.append(lease, _intent(lease, kind))
        if isinstance(came, Refused):
            used: int = getattr(scene.journal.read(lease.run).spent, kind)
            _saw_limit(attempts, agent, kind, came, used, limit, lease)
            return
        call = next_call(lease)
        done = scene.journal.append(came.lease, [_outcome(call, kind)])
        if isinstance(done, Refused):
            attempts.unproven.append(f"an outcome of agent `{agent.id}` was refused: {done.reason}")
            return
        lease = done.lease
    attempts.saw(False, None, f"agent `{agent.id}` made {limit + 1} {kind}, {limit} are allowed")


def _money(scene: Scene, attempts: Attempts, agent: AgentIR) -> None:
    lease = begun(scene, agent)
    allowed = scene.journal.read(lease.run).budget
    kind = "model_calls" if allowed.model_calls else "tool_calls"
    came = scene.journal.append(lease, _intent(lease, kind, allowed.microusd + 1))
    # An agent that may call nothing is refused for its calls before anybody looks at the money.
    limit = "microusd" if allowed.model_calls or allowed.tool_calls else kind
    _saw_limit(attempts, agent, limit, came, 0, 0, lease)


def _saw_limit(
    attempts: Attempts,
    agent: AgentIR,
    kind: str,
    came: Appended | Refused,
    used: int,
    limit: int,
    lease: Lease,
) -> None:
    refused = isinstance(came, Refused) and (came.reason, came.limit) == ("over_budget", kind)
    attempts.saw(
        refused and used == limit,
        f"{lease.run}:{lease.seq}",
        f"agent `{agent.id}` is not held to its {kind}: {used} of {limit} used",
    )


def _killed(scene: Scene, attempts: Attempts, agent: AgentIR, given: Scope | None) -> None:
    lease = begun(scene, agent)
    scope = given or Scope("run", lease.run)
    scene.journal.kill(scope, USER, "conformance")
    moves: tuple[list[RunEvent], ...] = (
        [StateEntered(STATE, 1)],
        _intent(lease, "model_calls"),
        _intent(lease, "tool_calls"),
        [RunEnded("succeeded", "conformance", None, ())],
    )
    held = all(_refusal(scene, lease, move) == "killed" for move in moves)
    ended = scene.journal.append(lease, [RunEnded("killed", "conformance", None, ())])
    scene.journal.lift(scope, USER, "conformance")
    shown = f"{lease.run}:{lease.seq + 1}"
    attempts.saw(
        held and isinstance(ended, Appended), shown, f"agent `{agent.id}` goes on under a kill of {scope}"
    )


def _tool_killed(scene: Scene, attempts: Attempts, name: str) -> None:
    agent = next(one for one in scene.agents() if name in {use.id for use in one.tools})
    lease, scope = begun(scene, agent), Scope("tool", name)
    scene.journal.kill(scope, USER, "conformance")
    refusal = _refusal(scene, lease, _intent(lease, "tool_calls", tool=name))
    scene.journal.lift(scope, USER, "conformance")
    attempts.saw(refusal == "killed", f"{lease.run}:{lease.seq}", f"`{name}` is called under its kill")


def _intent(lease: Lease, kind: str, microusd: int = 0, tool: str = "conformance.tool") -> list[RunEvent]:
    call = next_call(lease)
    if kind == "model_calls":
        return [ModelIntended(call, STATE, "conformance", 1, DIGEST, Spend(1, 0, microusd))]
    decided = ToolDecided(
        call, STATE, tool, "{}", DIGEST, None, None, (), "allow", "policy", "allowed", "", (), (), None
    )
    return [decided, ToolIntended(call, STATE, tool, Spend(0, 1, microusd), "none")]


def _outcome(call: str, kind: str) -> RunEvent:
    if kind == "model_calls":
        return ModelSettled(call, STATE, "error", "conformance", None, None, None, Spend(model_calls=1))
    spent = Spend(tool_calls=1)
    return ToolSettled(call, STATE, "conformance.tool", "error", "conformance", None, None, (), spent)


def _refusal(scene: Scene, lease: Lease, events: Sequence[RunEvent]) -> str | None:
    came = scene.journal.append(lease, events)
    return came.reason if isinstance(came, Refused) else None


def _is_refused(scene: Scene, lease: Lease, events: Sequence[RunEvent]) -> bool:
    """Whether the store refuses events, as it must those that contradict each other."""
    try:
        return isinstance(scene.journal.append(lease, events), Refused)
    except RuntimeError:  # our own invariant, which is what is tried here
        return True
