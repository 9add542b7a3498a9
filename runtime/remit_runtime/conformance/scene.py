"""The scratch world of a conformance check: a home, a journal and a gateway from which nothing can leave."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.tool import ToolIR
from remit_runtime.conformance.sample import sample
from remit_runtime.gateway.call import call
from remit_runtime.gateway.http import Network
from remit_runtime.gateway.load import Gateway
from remit_runtime.gateway.load import load as load_gateway
from remit_runtime.gateway.outcome import Approved, CallRequest
from remit_runtime.invoke import Runtime, open_runtime
from remit_runtime.journal.events import RunStarted, ToolDecided
from remit_runtime.journal.records import Lease, NewRun, Refused
from remit_runtime.journal.sqlite import Journal
from remit_runtime.models.json_text import Json, json_text
from remit_runtime.policy.request import EvalStatus
from remit_runtime.run.admission import SUPPORTED_DUTIES, budget_for
from remit_runtime.trace.export import kept_here

LEASE_MS = 30_000
USER = "os:conformance"
STATE = "conformance"
PAST_POLICY = ("rate", "credential", "prepare")
"""Stages that are asked only of a call that policy has allowed."""


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now_ms: int

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Scene:
    """Where attempts are made. `runs` are the runs that attempts have made."""

    bundle: VerifiedBundle
    runtime: Runtime
    gateway: Gateway
    clock: Clock
    home: Path
    runs: list[str] = field(default_factory=list[str])

    @property
    def journal(self) -> Journal:
        """The store of the scratch home."""
        return self.runtime.journal

    def agents(self) -> Iterator[AgentIR]:
        """Every agent of the bundle."""
        for entry in self.bundle.agents():
            yield self.bundle.agent(entry.id)

    def tools(self) -> dict[str, ToolIR]:
        """Every tool that an agent of the bundle is granted, by its id."""
        return {use.id: self.bundle.tool(use.object) for agent in self.agents() for use in agent.tools}


@contextmanager
def scene_of(bundle: VerifiedBundle, now_ms: int) -> Generator[Scene]:
    """A scratch home over a verified bundle, gone when the block ends. No program, host or secret is known in it.

    Raises:
        RemitError: the home cannot be made, or the bundle's policy cannot be used.
    """
    with TemporaryDirectory(prefix="remit-conformance-") as name:
        home, clock = Path(name) / "home", Clock(now_ms)
        opened = open_runtime(home, clock, "", environ={}, exporter=kept_here)
        numbers = iter(range(1, 1_000_000))
        runtime = replace(opened, new_run=lambda: f"run_{next(numbers)}")
        loaded = load_gateway(
            bundle,
            runtime.journal,
            clock,
            home,
            search_path="",
            layers=(),
            environ={},
            network=Network(resolve=_nowhere, connect=_nowhere),
        )
        try:
            yield Scene(bundle, runtime, replace(loaded, executables={}), clock, home)
        finally:
            runtime.journal.close()


def first_event(scene: Scene, agent: AgentIR) -> RunStarted:
    """The first event of a run of an agent, as the front door would write it.

    Raises:
        RuntimeError: the bundle sets no budget for it.
    """
    budget = budget_for(scene.gateway.policy_set, scene.bundle.environment, agent, None)
    if isinstance(budget, Exception):
        raise RuntimeError(f"agent `{agent.id}` has no budget without a tenant")
    return RunStarted(
        agent=agent.id,
        version=agent.version,
        closure=scene.bundle.entry(agent.id).closure,
        bundle=scene.bundle.digest,
        environment=scene.bundle.environment,
        task=agent.tasks[0].name,
        input="{}",
        workspaces=(),
        user=USER,
        asserted_user=False,
        tenant=None,
        budget=budget,
        parent=None,
        model_adapter="none",
        deadline_ms=scene.clock() + budget.milliseconds,
    )


def begun(scene: Scene, agent: AgentIR) -> Lease:
    """The lease of a new run of an agent.

    Raises:
        RuntimeError: the journal refuses it.
    """
    lease = attempted(scene, agent)
    if not isinstance(lease, Lease):
        raise RuntimeError(f"a run of agent `{agent.id}` was refused: {lease.reason}")
    scene.runs.append(lease.run)
    return lease


def attempted(scene: Scene, agent: AgentIR) -> Lease | Refused:
    """What the journal says to the first event of a run of an agent."""
    new = NewRun(scene.runtime.new_run(), scene.runtime.owner, LEASE_MS)
    made = scene.journal.create(new, first_event(scene, agent))
    if not isinstance(made, Lease | Refused):
        raise RuntimeError("a run without an invocation key exists already")
    return made


@dataclass(frozen=True)
class Judged:
    """What came of a call that nothing could perform: its decision, the event that holds it, and the next lease.

    `allowed` says that policy would have let it go. `event` is None where the journal refused the decision itself.
    """

    lease: Lease
    event: ToolDecided | None
    key: str
    allowed: bool
    refused: Refused | None = None


def judged(
    scene: Scene,
    lease: Lease,
    agent: AgentIR,
    tool: str,
    arguments: Json,
    offered: frozenset[str] | None = None,
    approved: tuple[Approved, ...] = (),
) -> Judged:
    """The gateway's judgement on a call, written into the scratch journal; what is allowed fails to be prepared."""
    request = CallRequest(
        lease=lease,
        agent=agent,
        state=STATE,
        offered=frozenset(use.id for use in agent.tools) if offered is None else offered,
        tool=tool,
        arguments=json_text(arguments).encode(),
        written_by="model",
        user=USER,
        tenant=None,
        task=agent.tasks[0].name,
        eval_status=eval_status(scene, agent),
        incident=False,
        deadline_ms=scene.clock() + LEASE_MS,
        workspaces={},
        approved=approved,
    )
    outcome = call(scene.gateway, request)
    stored = scene.journal.events(lease.run, lease.seq)
    event = next((one.event for one in stored if isinstance(one.event, ToolDecided)), None)
    if event is None:
        return Judged(outcome.lease, None, "", False, getattr(outcome, "refused", None))
    allowed = event.outcome == "allow" or event.stage in PAST_POLICY
    return Judged(outcome.lease, event, event.call, allowed)


def arguments_for(scene: Scene, tool: ToolIR) -> list[dict[str, Json]]:
    """Arguments that the tool takes, one set for each registered resource it could touch; none where nobody knows."""
    schema, binding = scene.gateway.schemas.schema(tool.input), tool.resource
    if binding.arg is None:
        made = sample(schema, {})
        return [] if made is None else [made]
    resources = (one for one in scene.gateway.policy_set.resources if one.type == binding.type)
    names = (
        one.match.replace("**", "x").replace("*", "x") if one.pattern else one.match for one in resources
    )
    found = (sample(schema, {binding.arg: name}) for name in names)
    return [one for one in found if one is not None]


def eval_status(scene: Scene, agent: AgentIR) -> EvalStatus:
    """What the bundle's evidence says of an agent, at its best: no rule is kept by evidence that is missing."""
    suites = scene.bundle.evidence.for_closure(scene.bundle.entry(agent.id).closure)
    if suites and all(suite.passed for suite in suites):
        return "proven"
    return "not_required" if scene.bundle.environment == "dev" else "not_proven"


def supported(duty: str) -> bool:
    """Whether this runtime keeps a duty."""
    return duty in SUPPORTED_DUTIES


def _nowhere(*_: object) -> NoReturn:
    raise OSError("a conformance check reaches nobody")
