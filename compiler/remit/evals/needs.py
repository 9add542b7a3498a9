"""What a suite needs of the machine that runs it: the programs of its agent's tools, and walls where they run code."""

from __future__ import annotations

from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.tool import ProcessIR
from remit_runtime.gateway.executables import find
from remit_runtime.gateway.sandbox import Sandbox, layer_for, probe
from remit_runtime.invoke import Runtime
from remit_runtime.run.admission import with_handoffs


def lacking(runtime: Runtime, bundle: VerifiedBundle, agent: str) -> str | None:
    """What this machine lacks for an agent and those it hands off to, as a sentence, or None."""
    executables = find(runtime.home, runtime.search_path)
    tools = [bundle.tool(use.object) for one in with_handoffs(bundle, agent) for use in one.tools]
    sandbox: Sandbox | None = None
    for tool in sorted(tools, key=lambda one: one.id):
        way = tool.implementation
        if not isinstance(way, ProcessIR):
            continue
        if way.executable not in executables:
            return f"this machine has no executable `{way.executable}`, which `{tool.id}` needs"
        if way.executes_repository:
            sandbox = sandbox or probe()
            if layer_for(sandbox, way, tool.effect, bundle.environment) is None:
                return f"this machine has no walls for `{tool.id}`, which runs code of the repository"
    return None
