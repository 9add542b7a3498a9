"""The twelve invariants in their order, each tried in one scratch world."""

from __future__ import annotations

from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.conformance import calls, identity, limits
from remit_runtime.conformance.finding import Finding
from remit_runtime.conformance.identity import Reopen
from remit_runtime.conformance.scene import scene_of


def conformance(bundle: VerifiedBundle, now_ms: int, reopen: Reopen) -> tuple[Finding, ...]:
    """What was found of each invariant. `reopen` opens the bundle again without the results of its suites.

    Raises:
        RemitError: the scratch home cannot be made, or the bundle's policy cannot be used.
    """
    with scene_of(bundle, now_ms) as scene:
        # The first looks for runs that are none, and the audit and the ends are of all that was tried before.
        found = (
            identity.unknown_agent(scene),
            identity.inactive_agent(scene),
            calls.unregistered_tool(scene),
            calls.no_secret(scene),
            identity.memory_write(scene),
            calls.irreversible(scene),
            limits.budget(scene),
            limits.kill_switch(scene),
            calls.untrusted_output(scene),
            identity.eval_baseline(bundle, reopen),
            limits.audit(scene),
            limits.terminal_state(scene),
        )
    return tuple(sorted(found, key=lambda one: one.number))
