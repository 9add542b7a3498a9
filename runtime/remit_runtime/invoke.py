"""The front door: who may start which agent, with what; and how a run that was left is taken up again.

Everything that can refuse a run is asked before there is one. A refusal is raised, and stands in the audit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import msgspec

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.canonical import digest_of
from remit_runtime.errors import RunRefused
from remit_runtime.gateway.load import Gateway
from remit_runtime.gateway.load import load as load_gateway
from remit_runtime.gateway.redact import redacted
from remit_runtime.gateway.workspace import Workspace, checkout, commit_of, folder_of, remove_all
from remit_runtime.journal.audit import AuditEntry
from remit_runtime.journal.events import RunEnded, RunStarted
from remit_runtime.journal.records import Existing, Lease, NewRun, Refused
from remit_runtime.journal.sqlite import Journal
from remit_runtime.models.json_text import Json, json_text
from remit_runtime.models.port import ModelPort
from remit_runtime.models.provider import PROVIDER
from remit_runtime.models.scripted import ScriptedModel, parse_script
from remit_runtime.policy.material import value_at
from remit_runtime.run import artifacts
from remit_runtime.run.admission import (
    asking_agents,
    budget_for,
    model_refusal,
    needed_workspaces,
    refusal_of,
    task_input,
    task_of,
    trace_refusal,
    with_handoffs,
)
from remit_runtime.run.child import state_of
from remit_runtime.run.drive import drive
from remit_runtime.run.owner import new_run_id, this_process
from remit_runtime.run.plan import plan_in
from remit_runtime.run.result import RunResult, ended_result, waiting_result
from remit_runtime.run.worker import LEASE_MS, Driven, Worker, claimed
from remit_runtime.trace.export import NOT_CONFIGURED, Exporter, Untraced
from remit_runtime.trace.spool import begin, drop, send_ended
from remit_runtime.trust.state import make_home

JOURNAL = "journal.sqlite"
REJECTED = "run_rejected"


@dataclass(frozen=True)
class Runtime:
    """This machine as runs see it: where state lives, the one store, the clock and who drives.

    `clock` gives milliseconds since the epoch, `search_path` is where `git` is looked for after the system's folders,
    `environ` is where credentials may be found, and `exporter` takes the spans of runs.
    """

    home: Path
    journal: Journal
    clock: Callable[[], int]
    search_path: str
    owner: str
    new_run: Callable[[], str]
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)
    exporter: Exporter | Untraced = NOT_CONFIGURED


@dataclass(frozen=True)
class InvokeRequest:
    """What somebody asks for. `workspaces` are Git repositories by name, read at `revision`.

    `model` answers for the agent's models: a script in `dev`, or the providers that the bundle names; None refuses an
    agent that has one. `asserted_user` says that the user was claimed and not proved, which only `dev` allows.
    `quoted` are the fields of the input (dotted paths) that hold words of others: a value that stands only there is
    not the user's.
    """

    agent: str
    input: Mapping[str, Json]
    user: str
    task: str | None = None
    workspaces: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType(dict[str, Path]()))
    revision: str = "HEAD"
    model: ModelPort | None = None
    asserted_user: bool = False
    tenant: str | None = None
    invocation_key: str | None = None
    quoted: tuple[str, ...] = ()


def open_runtime(
    home: Path,
    clock: Callable[[], int],
    search_path: str = os.defpath,
    environ: Mapping[str, str] = os.environ,
    exporter: Exporter | Untraced = NOT_CONFIGURED,
) -> Runtime:
    """The runtime over a home of local state, whose journal is opened or made.

    Raises:
        TrustInvalid: the home cannot be made.
        StoreUnavailable: the journal cannot be opened.
    """
    make_home(home)
    journal = Journal.open(home / JOURNAL, clock)
    return Runtime(home, journal, clock, search_path, this_process(), new_run_id, environ, exporter)


def invoke(runtime: Runtime, bundle: VerifiedBundle, request: InvokeRequest) -> RunResult:
    """What a new run has come to: its end, or that it waits for a person.

    Raises:
        RunRefused: nothing was started, and the audit says why.
        UsageError: `executables.toml` of the home is not of its form.
        BundleRejected: the bundle's policy or a schema cannot be used.
        StoreUnavailable: the journal does not answer.
    """
    gateway = _gateway(runtime, bundle)
    run = runtime.new_run()
    try:
        driven = _begun(runtime, gateway, request, run)
    except RunRefused as refused:
        _remember(runtime, bundle, request, refused)
        remove_all(runtime.home, run)
        drop(runtime.home, run)
        raise
    if isinstance(driven, RunResult):
        return driven
    return _driven(runtime, gateway, driven, request.model)


def resume(runtime: Runtime, bundle: VerifiedBundle, run: str, model: ModelPort | None = None) -> RunResult:
    """What a run that was left has come to now. A child run is resumed with the run it belongs to.

    A run that has ended stays as it is; its artifacts are written again if they are gone.

    Raises:
        UsageError: there is no such run.
        RunRefused: another bundle, another worker that is alive, no script, or the run's checkout is gone.
    """
    record = runtime.journal.read(run)
    while record.parent is not None:
        record = runtime.journal.read(record.parent)
    if record.bundle != bundle.digest:
        raise RunRefused("bundle_other", f"run `{record.run}` belongs to the bundle `{record.bundle}`")
    if record.status == "ended":
        return _ended(runtime, record.run)
    gateway = _gateway(runtime, bundle)
    state = state_of(_worker(runtime, gateway, model), record.run)
    if state.started is None:
        raise RuntimeError(f"run `{record.run}` has no first event")
    model = _model_again(runtime, record.run, state.started, model)
    worker = _worker(runtime, gateway, model)
    adapter = state.started.model_adapter
    if adapter != "none" and (model is None or model.name != adapter):
        message = f"run `{record.run}` was started with the model adapter `{adapter}`"
        raise RunRefused("model_adapter_missing", message)
    workspaces = _workspaces_again(runtime, record.run, state.started)
    lease = _claimed(runtime, record.run)
    plan = plan_in(bundle, bundle.agent(record.agent))
    # Read again under the lease: the last owner may have written until it was fenced.
    state = state_of(worker, record.run)
    driven = Driven(plan, workspaces, lease, state)
    if not isinstance(runtime.exporter, Untraced):
        begin(runtime.home, record.run)
    return _driven(runtime, gateway, driven, model)


def _gateway(runtime: Runtime, bundle: VerifiedBundle) -> Gateway:
    return load_gateway(
        bundle,
        runtime.journal,
        runtime.clock,
        runtime.home,
        search_path=runtime.search_path,
        environ=runtime.environ,
    )


def _begun(runtime: Runtime, gateway: Gateway, request: InvokeRequest, run: str) -> Driven | RunResult:
    bundle = gateway.bundle
    started = _admitted(runtime, gateway, request)
    agents = with_handoffs(bundle, request.agent)
    workspaces = _checked_out(runtime, gateway, request, agents, run)
    commits = tuple((name, one.commit) for name, one in sorted(workspaces.items()))
    script = _script_of(request.model)
    digest = None if script is None else runtime.journal.keep_blob(script)
    started = msgspec.structs.replace(started, workspaces=commits, script=digest)
    new = NewRun(run, runtime.owner, LEASE_MS, request.invocation_key)
    if not isinstance(runtime.exporter, Untraced):
        begin(runtime.home, run)
    lease = runtime.journal.create(new, started)
    match lease:
        case Existing():
            remove_all(runtime.home, run)
            drop(runtime.home, run)
            return _standing(runtime, lease.run)
        case Refused():
            raise RunRefused(
                f"run_{lease.reason}", f"no run may start: {lease.reason} {lease.limit or ''}".strip()
            )
        case Lease():
            state = state_of(_worker(runtime, gateway, request.model), run)
            return Driven(plan_in(bundle, bundle.agent(request.agent)), workspaces, lease, state)


def _refuse_unquotable(given: Json, quoted: tuple[str, ...]) -> None:
    """A field that is misspelled would leave words of others to be the user's."""
    for name in quoted:
        if not value_at(given, tuple(name.split(".")))[0]:
            message = f"the input has no field `{name}` that could hold words of others"
            raise RunRefused("quoted_unknown", message)


def _admitted(runtime: Runtime, gateway: Gateway, request: InvokeRequest) -> RunStarted:
    """The first event of a run that may start, still without its workspaces.

    Raises:
        RunRefused: it may not.
    """
    bundle = gateway.bundle
    refused = refusal_of(bundle, request.agent)
    if refused is not None:
        raise refused
    agent = bundle.agent(request.agent)
    if isinstance(runtime.exporter, Untraced):
        untraced = trace_refusal(bundle, agent.id, runtime.exporter.reason)
        if untraced is not None:
            raise untraced
    task = task_of(agent, request.task)
    if isinstance(task, RunRefused):
        raise task
    given = task_input(gateway.schemas, agent, task, dict(request.input))
    if isinstance(given, RunRefused):
        raise given
    _refuse_unquotable(given, request.quoted)
    model = model_refusal(bundle, agent.id, None if request.model is None else request.model.name)
    if model is not None:
        raise model
    if request.asserted_user and bundle.environment != "dev":
        message = f"a principal may be asserted in `dev` only, not in `{bundle.environment}`"
        raise RunRefused("principal_asserted", message)
    budget = budget_for(gateway.policy_set, bundle.environment, agent, request.tenant)
    if isinstance(budget, RunRefused):
        raise budget
    return RunStarted(
        agent=agent.id,
        version=agent.version,
        closure=bundle.entry(agent.id).closure,
        bundle=bundle.digest,
        environment=bundle.environment,
        task=task,
        # The input is the only value that no gateway has given: a secret in it is cut out before it is written.
        input=json_text(redacted(given, gateway.secrets_only).value),
        workspaces=(),
        user=request.user,
        asserted_user=request.asserted_user,
        tenant=request.tenant,
        budget=budget,
        parent=None,
        model_adapter=_adapter(bundle, agent.id, request.model),
        deadline_ms=runtime.clock() + budget.milliseconds,
        trace=agent.observability.trace,
        content=agent.observability.content,
        quoted=tuple(sorted(request.quoted)),
    )


def _adapter(bundle: VerifiedBundle, agent: str, model: ModelPort | None) -> str:
    """The name of the adapter that a run is started with; `none` where nobody will be asked."""
    if model is None or (model.name == PROVIDER and not asking_agents(bundle, agent)):
        return "none"
    return model.name


def _checked_out(
    runtime: Runtime, gateway: Gateway, request: InvokeRequest, agents: tuple[AgentIR, ...], run: str
) -> dict[str, Workspace]:
    """A private checkout of every workspace that the run may need.

    Raises:
        RunRefused: one is not given, or cannot be checked out.
    """
    found: dict[str, Workspace] = {}
    for name in needed_workspaces(gateway.bundle, agents):
        repository = request.workspaces.get(name)
        if repository is None:
            raise RunRefused("workspace_missing", f"agent `{request.agent}` needs the workspace `{name}`")
        git = gateway.executables.get("git")
        if git is None:
            raise RunRefused("git_missing", "no `git` that can be trusted is on this machine")
        commit = commit_of(git, repository, request.revision)
        found[name] = checkout(git, repository, commit, runtime.home, run, name)
    return found


def _workspaces_again(runtime: Runtime, run: str, started: RunStarted) -> dict[str, Workspace]:
    found: dict[str, Workspace] = {}
    for name, commit in started.workspaces:
        path = folder_of(runtime.home, run) / name
        if not path.is_dir():
            raise RunRefused("workspace_missing", f"the checkout `{name}` of run `{run}` is gone")
        found[name] = Workspace(name, commit, path)
    return found


def _script_of(model: ModelPort | None) -> bytes | None:
    """The bytes of the script that answers, where a script does and it was read from bytes."""
    return model.script.source or None if isinstance(model, ScriptedModel) else None


def _model_again(
    runtime: Runtime, run: str, started: RunStarted, given: ModelPort | None
) -> ModelPort | None:
    """What answers for the models of a run that is taken up: the script that it was started with, else what is given.

    Raises:
        RunRefused: `script_other`: another script is given than the run's.
        JournalCorrupt: the journal does not hold the script any more.
    """
    if started.script is None:
        return given
    if not isinstance(given, ScriptedModel):
        return ScriptedModel(parse_script(runtime.journal.blob(started.script)))
    script = _script_of(given)
    if script is None or digest_of(script) != started.script:
        raise RunRefused(
            "script_other", f"run `{run}` was started with another script: resume it without one"
        )
    return given


def _claimed(runtime: Runtime, run: str) -> Lease:
    lease = claimed(runtime.journal, run, runtime.owner)
    if isinstance(lease, Refused):
        raise RunRefused(
            f"run_{lease.reason}", f"run `{run}` cannot be resumed: {lease.reason} {lease.limit or ''}"
        )
    return lease


def _driven(runtime: Runtime, gateway: Gateway, driven: Driven, model: ModelPort | None) -> RunResult:
    result = drive(_worker(runtime, gateway, model), driven)
    if result.status == "ended":
        remove_all(runtime.home, driven.run)
    if not isinstance(runtime.exporter, Untraced):
        send_ended(runtime.journal, runtime.home, driven.run, runtime.exporter)
    return result


def _worker(runtime: Runtime, gateway: Gateway, model: ModelPort | None) -> Worker:
    return Worker(gateway, model, runtime.home, runtime.owner, runtime.new_run)


def _standing(runtime: Runtime, run: str) -> RunResult:
    """The result of a run that an earlier invocation of the same key has made, as it stands."""
    record = runtime.journal.read(run)
    if record.status == "ended":
        return _ended(runtime, run)
    return waiting_result(runtime.journal, run, f"the run is {record.status}")


def _ended(runtime: Runtime, run: str) -> RunResult:
    last = runtime.journal.events(run)[-1].event
    if not isinstance(last, RunEnded):
        raise RuntimeError(f"run `{run}` has ended without its terminal event")
    artifacts.write(runtime.journal, runtime.home, run, last.artifacts)
    remove_all(runtime.home, run)
    return ended_result(runtime.journal, runtime.home, run, last)


def _remember(runtime: Runtime, bundle: VerifiedBundle, request: InvokeRequest, refused: RunRefused) -> None:
    entry = AuditEntry(
        REJECTED,
        principal=request.user,
        agent=request.agent[:200],
        bundle=bundle.digest,
        outcome="rejected",
        code=refused.code,
        detail=refused.message,
    )
    runtime.journal.note(entry)
