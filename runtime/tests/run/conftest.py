"""Agents written by hand: the frozen IR of small graphs, as a compiler would lower them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remit_runtime.bundle.agent import (
    AgentIR,
    ContextLimits,
    Guardrails,
    MemoryGrant,
    ModelUse,
    Observability,
    TaskType,
)
from remit_runtime.bundle.graph import Budget, GraphIR, State
from remit_runtime.canonical import digest_of
from remit_runtime.journal.events import RunStarted

MakeAgent = Callable[..., AgentIR]
MakeStarted = Callable[..., RunStarted]


def _agent(*states: State, fallback: str = "none", models: int = 1) -> AgentIR:
    return AgentIR(
        id="acme.small",
        version="0.1.0",
        risk="high",
        autonomy="advisory",
        tasks=(TaskType("small", digest_of(b"task")),),
        output=digest_of(b"output"),
        graph=GraphIR(states[0].id, tuple(sorted(states, key=lambda state: state.id))),
        tools=(),
        denied_tools=(),
        models=tuple(ModelUse(f"model{n}", digest_of(b"model")) for n in range(models)),
        fallback="in_order" if fallback == "in_order" else "none",
        reasoning_budget="none",
        context=ContextLimits(16000, (), ()),
        memory=MemoryGrant((), ()),
        data_classes=(),
        guardrails=Guardrails(0, block_on_secret_exposure=True),
        budget=Budget(60, 8, 20, 500_000, 300_000),
        observability=Observability("optional", "redacted", 365),
        output_trust="untrusted",
        duties=(),
    )


def _started(given: str = "{}", steps: int = 60) -> RunStarted:
    return RunStarted(
        agent="acme.small",
        version="0.1.0",
        closure=digest_of(b"closure"),
        bundle=digest_of(b"bundle"),
        environment="dev",
        task="small",
        input=given,
        workspaces=(),
        user="os:ada",
        asserted_user=False,
        tenant=None,
        budget=Budget(steps, 8, 20, 500_000, 300_000),
        parent=None,
        model_adapter="none",
        deadline_ms=300_000,
    )


@pytest.fixture(scope="session")
def make_agent() -> MakeAgent:
    """`make_agent(first_state, ...)`: an agent version that starts at its first state."""
    return _agent


@pytest.fixture(scope="session")
def make_started() -> MakeStarted:
    """`make_started(input, steps)`: the first event of a run."""
    return _started
