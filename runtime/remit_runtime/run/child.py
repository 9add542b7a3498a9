"""Child runs: what a handoff starts, with how much of its parent's budget, and what the parent hears of it."""

from __future__ import annotations

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.graph import Budget, HandoffState
from remit_runtime.errors import RunRefused, UsageError
from remit_runtime.journal.events import ChildEnded, ChildStarted, RunEvent, RunStarted
from remit_runtime.journal.ledger import amount_of_budget
from remit_runtime.journal.records import Existing, Lease, NewRun, Refused
from remit_runtime.models.json_text import Json, json_text, trusted_json
from remit_runtime.run.admission import budget_for, refusal_of, smaller, task_input
from remit_runtime.run.effects import FollowChild, Record, StartChild
from remit_runtime.run.move import leave
from remit_runtime.run.plan import narrowed, plan_in
from remit_runtime.run.result import RunResult
from remit_runtime.run.state import EMPTY, RunState, deadline_of, fold_all
from remit_runtime.run.worker import LEASE_MS, Driven, Worker, claimed


def child_start(worker: Worker, driven: Driven, effect: StartChild) -> RunEvent:
    """The event that sets a child's budget aside; or the handoff's failure, if the child may not run at all."""
    node = effect.state
    bundle = worker.gateway.bundle
    given = _refused(worker, driven, node.agent) or _input(worker, node, effect.input)
    if isinstance(given, RunRefused):
        detail = f"`{node.agent}` did not start: {given.message}"
        return _failed(effect, detail).events[0]
    budget = _carved(worker, driven, node, bundle.agent(node.agent))
    return ChildStarted(node.id, worker.new_run(), node.agent, json_text(given), budget)


def _refused(worker: Worker, driven: Driven, agent: str) -> RunRefused | None:
    """Why an agent may not run for this parent, or None; the tenant of the parent must have it too."""
    gateway, tenant = worker.gateway, driven.started.tenant
    refused = refusal_of(gateway.bundle, agent)
    if refused is not None:
        return refused
    lowered = budget_for(gateway.policy_set, gateway.bundle.environment, gateway.bundle.agent(agent), tenant)
    return lowered if isinstance(lowered, RunRefused) else None


def child_in_hands(worker: Worker, driven: Driven, effect: FollowChild) -> Driven | Refused | None:
    """The child run that was started, claimed or created now; None if it has ended already.

    Raises:
        RuntimeError: the parent has not started it.
    """
    token = next(one for one in driven.state.tokens if one.state == effect.state.id)
    if not isinstance(token.last, ChildStarted):
        raise RuntimeError(f"run `{driven.run}` follows a child that it has not started")
    lease = _lease(worker, driven, effect, token.last)
    if isinstance(lease, Refused):
        return None if lease.reason == "ended" else lease
    state = state_of(worker, effect.child)
    agent = narrowed(worker.gateway.bundle.agent(token.last.agent), driven.plan.agent)
    within = state.answers + answers_below(worker, state)
    around = driven.state.answers + answers_below(worker, driven.state) - within
    return Driven(
        plan_in(worker.gateway.bundle, agent),
        driven.workspaces,
        lease,
        state,
        driven.answers_outside + around,
    )


def _lease(worker: Worker, driven: Driven, effect: FollowChild, event: ChildStarted) -> Lease | Refused:
    if _exists(worker, effect.child):
        return claimed(worker.journal, effect.child, worker.owner)
    started = _started(worker, driven, effect.state, event)
    created = worker.journal.create(NewRun(effect.child, worker.owner, LEASE_MS), started)
    if isinstance(created, Existing):
        raise RuntimeError(f"the child `{effect.child}` was created without an invocation key")
    # A parent that ends while its child is created is no end of the child: it never was.
    return (
        Refused("cancelled", driven.run)
        if isinstance(created, Refused) and created.reason == "ended"
        else created
    )


def child_end(effect: FollowChild, result: RunResult) -> ChildEnded:
    """What the parent hears of a child that has ended.

    Raises:
        RuntimeError: it has not.
    """
    if result.reason is None:
        raise RuntimeError(f"the child `{effect.child}` has not ended")
    return ChildEnded(effect.state.id, effect.child, result.reason, result.output)


def state_of(worker: Worker, run: str) -> RunState:
    """A run's state, folded from its verified events."""
    return fold_all(EMPTY, [stored.event for stored in worker.journal.events(run)])


def answers_below(worker: Worker, state: RunState) -> int:
    """The model answers of all child runs of a run, and of theirs."""
    total = 0
    for child in state.children:
        if _exists(worker, child):
            below = state_of(worker, child)
            total += below.answers + answers_below(worker, below)
    return total


def _exists(worker: Worker, run: str) -> bool:
    try:
        worker.journal.read(run)
    except UsageError:
        return False
    return True


def _input(worker: Worker, node: HandoffState, given: str) -> Json | RunRefused:
    agent = worker.gateway.bundle.agent(node.agent)
    return task_input(worker.gateway.schemas, agent, node.task, trusted_json(given))


def _failed(effect: StartChild, detail: str) -> Record:
    node = effect.state
    return leave(node.id, effect.branch, "failed", None, node.failed or node.chosen_by, detail)


def _carved(worker: Worker, driven: Driven, node: HandoffState, child: AgentIR) -> Budget:
    """The smallest of what the child has by itself, what its parent shares, and what the parent has left."""
    record = worker.journal.read(driven.run)
    left = amount_of_budget(record.budget).beyond(record.spent + record.reserved)
    time_left = max(0, deadline_of(driven.state) - worker.now_ms())
    rest = Budget(left.steps, left.model_calls, left.tool_calls, left.microusd, time_left)
    return smaller(smaller(child.budget, node.share or child.budget), rest)


def _started(worker: Worker, driven: Driven, node: HandoffState, event: ChildStarted) -> RunStarted:
    parent = driven.started
    bundle = worker.gateway.bundle
    agent = bundle.agent(event.agent)
    return RunStarted(
        agent=agent.id,
        version=agent.version,
        closure=bundle.entry(agent.id).closure,
        bundle=parent.bundle,
        environment=parent.environment,
        task=node.task,
        input=event.input,
        workspaces=parent.workspaces,
        user=parent.user,
        asserted_user=parent.asserted_user,
        tenant=parent.tenant,
        budget=event.budget,
        parent=driven.run,
        model_adapter=parent.model_adapter,
        deadline_ms=min(deadline_of(driven.state), worker.now_ms() + event.budget.milliseconds),
        trace=agent.observability.trace,
        content=agent.observability.content,
        script=parent.script,
    )
