"""Invariants of who may run: known, active, with evidence, and without memory that no policy allows."""

from __future__ import annotations

from collections.abc import Callable

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.graph import MemoryState
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.conformance.finding import Attempts, Finding, found
from remit_runtime.conformance.scene import USER, Scene, attempted
from remit_runtime.errors import RemitError, RunRefused
from remit_runtime.invoke import InvokeRequest, invoke
from remit_runtime.journal.records import Refused, Scope
from remit_runtime.trust.roots import DEV

Reopen = Callable[[], VerifiedBundle]
"""Opens the bundle again without the results of its suites; raises where that is refused, as it should be."""


def unknown_agent(scene: Scene) -> Finding:
    """An id that is not in the bundle starts nothing."""
    attempts = Attempts()
    ids = {agent.id for agent in scene.agents()}
    near = {
        name
        for one in ids
        for name in (one.upper(), one[:-1], f"{one}x", f" {one}", f"{one}\n", one.replace(".", "_"))
    }
    for name in sorted((near | {"", "*", *scene.tools()}) - ids):
        code = _refusal(scene, name)
        attempts.saw(
            code == "agent_unknown" and not scene.journal.runs(),
            _last_row(scene),
            f"`{name}` was not refused as unknown: {code}",
        )
    return found(1, "an unknown agent cannot run", attempts)


def inactive_agent(scene: Scene) -> Finding:
    """A retired agent starts nothing, and neither does one that is switched off."""
    attempts = Attempts()
    for entry in scene.bundle.agents():
        if scene.bundle.card(entry.card).lifecycle == "retired":
            code = _refusal(scene, entry.id)
            held = code == "agent_inactive"
            attempts.saw(held, _last_row(scene), f"the retired `{entry.id}` was not refused: {code}")
            continue
        scope = Scope("agent", entry.id)
        scene.journal.kill(scope, USER, "conformance")
        came = attempted(scene, scene.bundle.agent(entry.id))
        scene.journal.lift(scope, USER, "conformance")
        refused = isinstance(came, Refused) and came.reason == "killed"
        attempts.saw(refused, _last_row(scene), f"`{entry.id}` ran while it was switched off")
    return found(2, "an inactive agent cannot run", attempts)


def memory_write(scene: Scene) -> Finding:
    """An agent that may write memory does not run where no policy of memory is enforced."""
    attempts = Attempts()
    for agent in scene.agents():
        if _writes(agent):
            code = _refusal(scene, agent.id)
            held = code == "duty_unsupported"
            attempts.saw(held, _last_row(scene), f"`{agent.id}` may write memory and was not refused: {code}")
    return found(
        5, "no durable memory write without policy", attempts, "no agent of the bundle may write memory"
    )


def eval_baseline(bundle: VerifiedBundle, reopen: Reopen) -> Finding:
    """Outside `dev` every agent version has suites that passed, and without them the bundle does not open."""
    attempts = Attempts()
    demanded = bundle.environment != DEV or any(
        one.id == bundle.environment and one.require_evidence for one in bundle.policy().environments
    )
    if demanded:
        for entry in bundle.agents():
            suites = bundle.evidence.for_closure(entry.closure)
            passed = bool(suites) and all(suite.passed for suite in suites)
            names = ", ".join(suite.suite for suite in suites)
            attempts.saw(passed, f"{entry.id}: {names}", f"`{entry.id}` has no suite that passed")
        code = _rejection(reopen)
        attempts.saw(code is not None, code, "the bundle opens without the results of its suites")
    why = f"`{bundle.environment}` demands no evidence"
    return found(11, "every production version has an eval baseline", attempts, why)


def _refusal(scene: Scene, agent: str) -> str | None:
    """The code with which the front door refuses an agent; None where it does not."""
    try:
        invoke(scene.runtime, scene.bundle, InvokeRequest(agent, {}, USER))
    except RunRefused as refused:
        return refused.code
    return None


def _rejection(reopen: Reopen) -> str | None:
    try:
        reopen()
    except RemitError as error:
        return error.code
    return None


def _last_row(scene: Scene) -> str | None:
    rows = scene.journal.audit_rows()
    return f"audit:{rows[-1].seq}" if rows else None


def _writes(agent: AgentIR) -> bool:
    states = (state for state in agent.graph.states if isinstance(state, MemoryState))
    return bool(agent.memory.write) or any(state.operation == "write" for state in states)
