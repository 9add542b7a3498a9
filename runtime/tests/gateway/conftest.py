"""A small world behind a real gateway: process tools, their policy, a journal on disk, one run, a Git repository."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from remit_runtime.bundle.agent import (
    AgentIR,
    ContextLimits,
    Guardrails,
    MemoryGrant,
    ModelIR,
    ModelUse,
    Observability,
    TaskType,
    ToolUse,
)
from remit_runtime.bundle.container import build, read
from remit_runtime.bundle.evidence import BuildRecord, Evidence
from remit_runtime.bundle.graph import Budget, EndState, GraphIR
from remit_runtime.bundle.manifest import AgentCard, AgentEntry, Manifest, SourceMap
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.policy import (
    ApprovalRequirement,
    Constraint,
    EnvironmentIR,
    PolicyRule,
    PolicySet,
    RedactPattern,
    ResourceIR,
)
from remit_runtime.bundle.tool import (
    ArgvPart,
    CredentialIR,
    Limits,
    ProcessIR,
    Recovery,
    ResourceBinding,
    ToolIR,
)
from remit_runtime.bundle.words import FORMAT
from remit_runtime.canonical import Digest, canonical_json, canonical_json_full, digest_of
from remit_runtime.gateway.call import call
from remit_runtime.gateway.http import Network
from remit_runtime.gateway.load import Gateway, load
from remit_runtime.gateway.outcome import CallOutcome, CallRequest
from remit_runtime.gateway.sandbox import LAYERS, Layer, probe
from remit_runtime.gateway.workspace import Workspace
from remit_runtime.journal.events import RunEvent, RunStarted
from remit_runtime.journal.records import Lease, NewRun
from remit_runtime.journal.sqlite import Journal
from remit_runtime.policy.engine import engine
from remit_runtime.policy.schema import (
    CedarAction,
    CedarEntityType,
    CedarGroup,
    CedarNamespace,
    CedarScope,
    CedarType,
    provenance_type,
)

EMPTY = Digest("sha256:" + "0" * 64)
TEXT = CedarType(type="String")
ANY_OBJECT = {"type": "object"}
NOW = 1_795_000_000_000


@dataclass(frozen=True)
class TestTool:
    """A process tool of a test: what it takes, and the command line it becomes."""

    __test__ = False

    id: str
    argv: tuple[str | tuple[str, str] | tuple[str, str, str], ...]
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])
    output: Mapping[str, Any] = field(default_factory=lambda: ANY_OBJECT)
    process: Mapping[str, Any] = field(default_factory=dict[str, Any])
    schema: Mapping[str, Any] = field(default_factory=dict[str, Any])
    changes: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def parts(self) -> tuple[ArgvPart, ...]:
        """The command line after the executable: a text is literal, a pair or triple surrounds one argument."""
        return tuple(
            ArgvPart(one, None, "") if isinstance(one, str) else ArgvPart(one[0], one[1], "".join(one[2:]))
            for one in self.argv[1:]
        )

    def input(self) -> dict[str, Any]:
        closed = {"type": "object", "additionalProperties": False, "properties": dict(self.properties)}
        return {**closed, **self.schema}


@dataclass
class World:
    """A gateway and one run before it. `call` asks for a call and moves the lease on."""

    gateway: Gateway
    agent: AgentIR
    lease: Lease
    home: Path
    workspaces: Mapping[str, Workspace]
    run: str = "run_test"

    def call(self, tool: str, arguments: Any = None, **changes: Any) -> CallOutcome:
        """What comes of a call; arguments that are bytes are sent as they are."""
        request = CallRequest(
            lease=self.lease,
            agent=self.agent,
            state="work",
            offered=frozenset(use.id for use in self.agent.tools),
            tool=tool,
            arguments=arguments if isinstance(arguments, bytes) else json.dumps(arguments or {}).encode(),
            written_by="model",
            user="os:ada",
            tenant=None,
            task="task",
            eval_status="not_required",
            incident=False,
            deadline_ms=NOW + 600_000,
            workspaces=self.workspaces,
        )
        outcome = call(self.gateway, replace(request, **changes))
        self.lease = outcome.lease
        return outcome

    def events(self) -> list[RunEvent]:
        """The events of the run after its start."""
        return [stored.event for stored in self.gateway.journal.events(self.run)][1:]

    def audit(self) -> list[tuple[str, str | None, str | None]]:
        """The audit rows of the run's calls: event, outcome, code."""
        rows = self.gateway.journal.audit_rows(self.run)
        return [(row.event, row.outcome, row.code) for row in rows if row.event != "run_started"]


class MakeWorld(Protocol):
    def __call__(
        self,
        *tools: TestTool,
        layers: Sequence[Layer] = ...,
        rules: Sequence[PolicyRule] | None = ...,
        budget: Budget = ...,
        environment: str = ...,
        workspaces: Mapping[str, Workspace] = ...,
        redact: Sequence[RedactPattern] = ...,
        agent: Mapping[str, Any] = ...,
        clock: Callable[[], int] = ...,
        credentials: Sequence[CredentialIR] = ...,
        models: Sequence[ModelIR] = ...,
        environ: Mapping[str, str] = ...,
        network: Network = ...,
        hosts: Mapping[str, str] = ...,
    ) -> World: ...


def rule(tools: Sequence[str], text: str = "", **changes: Any) -> PolicyRule:
    """An organisation rule that permits these tools, with changes."""
    actions = ", ".join(f'Remit::Action::"{tool}"' for tool in sorted(tools))
    cedar = text or f'@id("policies/test.yaml#allow")\npermit (principal, action in [{actions}], resource);'
    plain = PolicyRule(
        "policies/test.yaml#allow",
        "permit",
        "organisation",
        cedar,
        tuple(sorted(tools)),
        None,
        (),
        "tests may",
    )
    return msgspec.structs.replace(plain, **changes)


@pytest.fixture
def make_rule() -> Callable[..., PolicyRule]:
    """`make_rule(tools, text, ...)`: an organisation rule."""
    return rule


@pytest.fixture
def constraint() -> Callable[[str, Any], Constraint]:
    """A constraint of a rule."""
    return lambda name, value: Constraint(name, canonical_json(value).decode())


@pytest.fixture
def tool() -> type[TestTool]:
    """`tool(id, argv, properties, ...)`: a process tool."""
    return TestTool


@pytest.fixture(params=LAYERS)
def layer(request: pytest.FixtureRequest) -> Layer:
    """Each sandbox layer that works on this machine."""
    wanted: Layer = request.param
    if wanted not in probe((wanted,)).layers:
        pytest.skip(f"{wanted} does not work on this machine")
    return wanted


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of the runtime whose allow-list holds the shell, for tools of tests."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    shell = os.path.realpath("/bin/sh")
    (folder / "executables.toml").write_text(f'shell = "{shell}"\n', "utf-8")
    return folder


@pytest.fixture
def make_world(home: Path) -> Iterator[MakeWorld]:
    """`make_world(tool, ..., layers=...)`: a gateway over these tools, and a run that may call them."""
    opened: list[Journal] = []

    def make(
        *tools: TestTool,
        layers: Sequence[Layer] = LAYERS,
        rules: Sequence[PolicyRule] | None = None,
        budget: Budget = Budget(50, 10, 20, 1_000_000, 600_000),  # noqa: B008 -- frozen
        environment: str = "dev",
        workspaces: Mapping[str, Workspace] | None = None,
        redact: Sequence[RedactPattern] = (),
        agent: Mapping[str, Any] | None = None,
        clock: Callable[[], int] = lambda: NOW,
        credentials: Sequence[CredentialIR] = (),
        models: Sequence[ModelIR] = (),
        environ: Mapping[str, str] | None = None,
        network: Network | None = None,
        hosts: Mapping[str, str] | None = None,
    ) -> World:
        objects: dict[Digest, bytes] = {}
        for credential in credentials:
            _put(objects, canonical_json(credential))
        uses = tuple(_put_tool(objects, one) for one in sorted(tools, key=lambda one: one.id))
        asked = tuple(ModelUse(one.id, _put(objects, canonical_json(one))) for one in models)
        changes = {"budget": budget, "models": asked, **(agent or {})}
        plain = msgspec.structs.replace(_agent(objects, uses), **changes)
        allowed = [rule([one.id for one in tools])] if rules is None else rules
        policy = _policy(tools, tuple(allowed), tuple(redact))
        if hosts:
            binding = EnvironmentIR(environment, (), (), None, False, tuple(sorted(hosts.items())))
            policy = msgspec.structs.replace(policy, environments=(binding,))
        bundle = _bundle(objects, plain, policy, environment)
        journal = Journal.open(home / "journal.db", clock)
        opened.append(journal)
        lease = journal.create(NewRun("run_test", "test", 60_000), _started(bundle, plain, environment))
        assert isinstance(lease, Lease)
        gateway = load(bundle, journal, clock, home, layers=layers, environ=environ or {}, network=network)
        return World(gateway, plain, lease, home, workspaces or {})

    yield make
    for journal in opened:
        journal.close()


@pytest.fixture
def git() -> Callable[..., str]:
    """`git(folder, argument, ...)`: what git prints, in nobody's name."""

    def run(folder: Path, *arguments: str) -> str:
        own = {
            "GIT_AUTHOR_NAME": "Ada",
            "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
            "GIT_COMMITTER_NAME": "Ada",
            "GIT_COMMITTER_EMAIL": "ada@example.org",
            "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH": os.environ["PATH"],
        }
        command = ["git", "-c", "protocol.file.allow=always", *arguments]
        done = subprocess.run(command, cwd=folder, env=own, capture_output=True, check=True, timeout=60)
        return done.stdout.decode().strip()

    return run


@pytest.fixture
def repository(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository of two commits, the first tagged v1."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "a.py").write_text('"""The first module."""\n\n\ndef one() -> int:\n    return 1\n', "utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Begin")
    git(folder, "tag", "v1")
    (folder / "b.txt").write_text("two\n", "utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Go on")
    return folder


def _put(objects: dict[Digest, bytes], data: bytes) -> Digest:
    objects[digest_of(data)] = data
    return digest_of(data)


def _put_tool(objects: dict[Digest, bytes], one: TestTool) -> ToolUse:
    process = ProcessIR(
        one.argv[0] if isinstance(one.argv[0], str) else "",
        one.parts(),
        "none",
        "text",
        (0,),
        "read_only",
        None,
        False,
    )
    plain = ToolIR(
        id=one.id,
        version="1.0.0",
        capability=one.id,
        effect="read",
        destructive=False,
        resource=ResourceBinding("Tool", None, one.id),
        input=_put(objects, canonical_json_full(one.input())),
        output=_put(objects, canonical_json_full(dict(one.output))),
        arguments=(),
        trusted_output=(),
        recovery=Recovery("idempotent", ()),
        limits=Limits(20_000, None, 100_000, 1),
        credential=None,
        implementation=msgspec.structs.replace(process, **one.process),
    )
    final = msgspec.structs.replace(plain, **one.changes)
    return ToolUse(one.id, "1.0.0", _put(objects, canonical_json(final)))


def _agent(objects: dict[Digest, bytes], uses: tuple[ToolUse, ...]) -> AgentIR:
    schema = _put(objects, canonical_json_full(ANY_OBJECT))
    return AgentIR(
        id="acme.worker",
        version="0.1.0",
        risk="low",
        autonomy="advisory",
        tasks=(TaskType("task", schema),),
        output=schema,
        graph=GraphIR("done", (EndState("done", "succeeded", None, ()),)),
        tools=uses,
        denied_tools=(),
        models=(),
        fallback="none",
        reasoning_budget="none",
        context=ContextLimits(8_000, (), ()),
        memory=MemoryGrant((), ()),
        data_classes=(),
        guardrails=Guardrails(0, True),
        budget=Budget(50, 10, 20, 1_000_000, 600_000),
        observability=Observability("required", "redacted", 365),
        output_trust="untrusted",
        duties=(),
    )


def _policy(
    tools: Sequence[TestTool], rules: tuple[PolicyRule, ...], redact: tuple[RedactPattern, ...]
) -> PolicySet:
    return PolicySet(
        engine(),
        rules,
        (),
        _schema(tools),
        _entities(tools),
        (ApprovalRequirement("owner", "owner", 1, 3600, True, ()),),
        (),
        (ResourceIR("Repo", "docs", "acme/docs", False, "low", ()),),
        (),
        (),
        redact,
    )


def _record(**fields: CedarType) -> CedarType:
    return CedarType(type="Record", attributes=fields)


def _entity(name: str) -> CedarType:
    return CedarType(type="Entity", name=name)


def _schema(tools: Sequence[TestTool]) -> str:
    run = _record(
        agent_version=TEXT,
        user=TEXT,
        tenant=TEXT,
        risk=_entity("Risk"),
        task=TEXT,
        state=TEXT,
        environment=_entity("Environment"),
        data_classes=CedarType(type="Set", element=TEXT),
        approvals=CedarType(type="Set", element=_entity("Approval")),
        eval_status=_entity("EvalStatus"),
        incident=CedarType(type="Boolean"),
    )
    closed = {
        "Risk": ("low", "medium", "high", "critical"),
        "Environment": ("dev", "production"),
        "Approval": ("owner",),
        "EvalStatus": ("proven", "not_proven", "not_required"),
    }
    risky = CedarEntityType(shape=_record(risk=_entity("Risk")))
    namespace = CedarNamespace(
        entity_types={
            **{name: CedarEntityType(enum=values) for name, values in closed.items()},
            "Agent": CedarEntityType(shape=_record(version=TEXT, risk=_entity("Risk"))),
            "Repo": risky,
            "Tool": risky,
        },
        common_types={"Run": run, "Facts": _record()},
        actions={"effect:read": CedarAction(), **{one.id: _action(one) for one in tools}},
    )
    return canonical_json({"Remit": namespace}).decode()


def _action(one: TestTool) -> CedarAction:
    context = _record(
        run=CedarType(type="EntityOrCommon", name="Run"),
        facts=CedarType(type="EntityOrCommon", name="Facts"),
        provenance=provenance_type(),
        args=_record(),
    )
    binding = one.changes.get("resource")
    resource = "Tool" if binding is None else binding.type
    notes = {"hidden": canonical_json(tuple(one.properties)).decode()}
    if one.schema.get("additionalProperties"):
        notes["open"] = ""
    return CedarAction((CedarGroup("effect:read"),), CedarScope(("Agent",), (resource,), context), notes)


def _entities(tools: Sequence[TestTool]) -> str:
    def risky(kind: str, identity: str, **attributes: Any) -> dict[str, Any]:
        risk = {"__entity": {"type": "Remit::Risk", "id": "low"}}
        return {
            "uid": {"type": f"Remit::{kind}", "id": identity},
            "attrs": {**attributes, "risk": risk},
            "parents": [],
        }

    named = [risky("Tool", one.id) for one in tools]
    return canonical_json(
        [risky("Agent", "acme.worker", version="0.1.0"), risky("Repo", "docs"), *named]
    ).decode()


def _bundle(
    objects: dict[Digest, bytes], agent: AgentIR, policy: PolicySet, environment: str
) -> VerifiedBundle:
    card = AgentCard(agent.id, agent.id, "Works.", "dev", None, "active", ())
    entry = AgentEntry(
        agent.id, agent.version, _put(objects, canonical_json(agent)), _put(objects, canonical_json(card))
    )
    manifest = Manifest(
        FORMAT,
        "acme",
        "remit/v1",
        environment,
        (entry,),
        _put(objects, canonical_json(policy)),
        _put(objects, canonical_json(SourceMap(()))),
        (),
        (),
    )
    data = build(manifest, objects)
    built = BuildRecord("remit:builder/test", "acme", "0" * 40, "", "")
    evidence = Evidence(built, (), (), "", "", ())
    return VerifiedBundle(digest_of(data), environment, evidence, read(data), False)


def _started(bundle: VerifiedBundle, agent: AgentIR, environment: str) -> RunStarted:
    return RunStarted(
        agent=agent.id,
        version=agent.version,
        closure=bundle.entry(agent.id).closure,
        bundle=bundle.digest,
        environment=environment,
        task="task",
        input="{}",
        workspaces=(),
        user="os:ada",
        asserted_user=False,
        tenant=None,
        budget=agent.budget,
        parent=None,
        model_adapter="none",
        deadline_ms=NOW + 600_000,
    )
