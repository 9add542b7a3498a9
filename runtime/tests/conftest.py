"""Signed releases of agents written by hand, with real process tools and real policies, ready to be run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
import pytest

from remit_runtime.bundle.agent import (
    AgentIR,
    ContextLimits,
    ContextSourceIR,
    Guardrails,
    LiteralText,
    MemoryGrant,
    ModelIR,
    ModelUse,
    Observability,
    PromptIR,
    Slot,
    SourceUse,
    TaskType,
    ToolUse,
)
from remit_runtime.bundle.graph import Budget, GraphIR, Reference, State
from remit_runtime.bundle.manifest import AgentCard, AgentEntry, SourceMap, SourcePlace
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.policy import (
    ApprovalRequirement,
    EnvironmentIR,
    PolicyRule,
    PolicySet,
    RedactPattern,
    TeamIR,
    TenantIR,
)
from remit_runtime.bundle.references import reached
from remit_runtime.bundle.tool import ArgvPart, Limits, ProcessIR, Recovery, ResourceBinding, ToolIR
from remit_runtime.bundle.words import Effect
from remit_runtime.canonical import Digest, canonical_json, canonical_json_full, decode_strict, digest_of
from remit_runtime.invoke import Runtime, open_runtime
from remit_runtime.journal.events import RunEvent
from remit_runtime.journal.family import Family
from remit_runtime.journal.records import StoredEvent
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

T = TypeVar("T")

OBJECT = {"type": "object"}
TEXT = {"type": "string"}
BUDGET = Budget(60, 8, 20, 500_000, 300_000)
RULE = "policies/reading.yaml#reading-is-allowed"
ASKS = "policies/reading.yaml#some-ask"


@dataclass(frozen=True)
class HandTool:
    """A process tool: its command line, where a name in braces is an argument, how its output is read, its policy.

    `approvals` are those that it needs besides.
    """

    id: str
    argv: tuple[str, ...]
    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reads: str = "lines"
    workspace: str | None = "repository"
    recovery: str = "idempotent"
    policy: str = "permit"  # or `ask`: the approval `owner` is needed; or `silent`: no rule permits it
    output: Mapping[str, Any] = field(default_factory=lambda: OBJECT)
    approvals: tuple[str, ...] = ()
    effect: Effect = "read"


@dataclass(frozen=True)
class HandPeople:
    """The approvals of a bundle, and the teams whose members give them."""

    approvals: tuple[ApprovalRequirement, ...] = (ApprovalRequirement("owner", "owner", 1, 60, True, ()),)
    teams: tuple[TeamIR, ...] = ()


@dataclass(frozen=True)
class HandAgent:
    """An agent: its states, start first, and what it is granted."""

    id: str
    states: tuple[State, ...]
    tools: tuple[str, ...] = ()
    task: Mapping[str, Any] = field(default_factory=lambda: OBJECT)
    output: Mapping[str, Any] = field(default_factory=dict[str, Any])
    budget: Budget = BUDGET
    duties: tuple[str, ...] = ()
    lifecycle: str = "active"
    asks: bool = True
    sources: tuple[ContextSourceIR, ...] = ()  # all that are not `optional` are required
    optional: tuple[str, ...] = ()
    max_input_tokens: int = 16_000
    trace: str = "optional"
    price: tuple[int, int] = (0, 0)  # micro-dollars per million tokens in and out
    guardrails: Guardrails = field(default_factory=lambda: Guardrails(0, block_on_secret_exposure=True))


class Release(Protocol):
    """A bundle on disk, its attestations beside it, and the home whose key signed it."""

    @property
    def path(self) -> Path: ...
    @property
    def home(self) -> Path: ...
    def open(self) -> VerifiedBundle: ...


class MakeRelease(Protocol):
    def __call__(
        self,
        agents: Sequence[HandAgent],
        tools: Sequence[HandTool] = ...,
        people: HandPeople = ...,
        redact: Any = ...,
    ) -> Release: ...


class Put(Protocol):
    """The objects of a bundle that is being made."""

    @property
    def objects(self) -> dict[Digest, bytes]: ...
    def put(self, value: object) -> Digest: ...


GIT_LOG = HandTool("git.log", ("git", "log", "--format=%h %s", "{since}..HEAD"), {"since": TEXT})
LS_FILES = HandTool("git.ls_files", ("git", "ls-files"))


@pytest.fixture
def hand_tool() -> type[HandTool]:
    """`hand_tool(id, argv, properties)`: a process tool."""
    return HandTool


@pytest.fixture
def hand_agent() -> type[HandAgent]:
    """`hand_agent(id, states, tools)`: an agent version."""
    return HandAgent


PROMPT = canonical_json(
    PromptIR(
        (LiteralText("Summarise the commits since "), Slot(Reference("task", ("since",)), trusted=False))
    )
)


@pytest.fixture(scope="session")
def prompt() -> Digest:
    """The digest of a prompt that every release holds: it speaks of `task.since`."""
    return digest_of(PROMPT)


@pytest.fixture(scope="session")
def schema_digest() -> Callable[[object], Digest]:
    """`schema_digest(schema)`: the digest of a JSON Schema; releases hold a summary's and any object's."""
    return lambda document: digest_of(canonical_json_full(document))


SUMMARY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary"],
    "properties": {"summary": TEXT},
}


@pytest.fixture
def hand_people() -> type[HandPeople]:
    """`hand_people(approvals, teams)`: who answers."""
    return HandPeople


@pytest.fixture
def make_release(tiny_bundle: Any) -> MakeRelease:
    """`make_release(agents, tools, people)`: a signed bundle of these agents in the home of `dev`."""
    return _maker(tiny_bundle)


@pytest.fixture
def make_production(tiny_production: Any) -> MakeRelease:
    """`make_production(agents, tools, people)`: the same in a home whose `trust.toml` lists `production`."""
    return _maker(tiny_production)


def _maker(tiny: Any) -> MakeRelease:
    def make(
        agents: Sequence[HandAgent],
        tools: Sequence[HandTool] = (GIT_LOG, LS_FILES),
        people: HandPeople = HandPeople(),
        redact: Sequence[RedactPattern] = (),
        tenants: Sequence[TenantIR] = (),
    ) -> Release:
        parts = replace(tiny.parts, objects={})
        parts.objects[digest_of(PROMPT)] = PROMPT
        for schema in (SUMMARY, OBJECT, {}):
            _put_schema(parts, schema)
        uses = {tool.id: ToolUse(tool.id, "1.0.0", parts.put(_tool(parts, tool))) for tool in tools}
        entries = tuple(_entry(parts, agent, uses) for agent in sorted(agents, key=lambda one: one.id))
        rules = (RULE, *(asking(name) for name in _asked(tools)))
        places = SourceMap(tuple(SourcePlace(rule, "policies/reading.yaml", 7, 7) for rule in rules))
        policy = _policy(agents, tools, people, parts.manifest.environment)
        manifest = msgspec.structs.replace(
            parts.manifest,
            agents=entries,
            policy=parts.put(msgspec.structs.replace(policy, redact=tuple(redact), tenants=tuple(tenants))),
            source_map=parts.put(places),
        )

        # A bundle holds what something in it names, and nothing else.
        def load(digest: Digest, shape: type[T]) -> T:
            return decode_strict(parts.objects[digest], shape)

        named = reached(manifest, load).named
        objects = {digest: parts.objects[digest] for digest in named}
        data, _ = replace(parts, manifest=manifest, objects=objects).sealed()
        tiny.resign(data)
        shell = os.path.realpath("/bin/sh")
        (tiny.home / "executables.toml").write_text(f'shell = "{shell}"\n', "utf-8")
        release: Release = tiny
        return release

    return make


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A Git repository of two commits, the first tagged v1, whose commits are the same on every machine."""
    folder = tmp_path / "repository"
    folder.mkdir()
    _git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "a.py").write_text("one = 1\n", "utf-8")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "-m", "Begin")
    _git(folder, "tag", "v1")
    (folder / "b.txt").write_text("two\n", "utf-8")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "-m", "Go on")
    return folder


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    run: str
    seq: int
    at_ms: int
    event: RunEvent


@pytest.fixture(scope="session")
def governed_run() -> Family:
    """A review with an approval, a question, a handoff, denials and a repair: at least one event of every kind."""
    lines = (Path(__file__).parent / "samples" / "governed_run.jsonl").read_bytes().splitlines()
    stored = [msgspec.json.decode(line, type=_Stored) for line in lines]

    def of(run: str, children: tuple[Family, ...] = ()) -> Family:
        own = (StoredEvent(one.run, one.seq, one.at_ms, one.event, "") for one in stored if one.run == run)
        return Family(run, "run_review", tuple(own), children)

    return of("run_review", (of("run_explain"),))


@pytest.fixture
def make_runtime() -> Iterator[Callable[..., Runtime]]:
    """`make_runtime(home, clock)`: a runtime over a home, closed after the test; run ids count from run_1."""
    opened: list[Runtime] = []

    def make(home: Path, clock: Callable[[], int] = lambda: 1_795_000_000_000) -> Runtime:
        made = open_runtime(home, clock, os.environ["PATH"])
        opened.append(made)
        count = iter(range(1, 1000))
        return replace(made, new_run=lambda: f"run_{next(count)}")

    yield make
    for one in opened:
        one.journal.close()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)`: compares a text with `golden/name` beside the test; `--update-golden` rewrites it."""
    update = request.config.getoption("--update-golden", default=False)
    folder = request.path.parent / "golden"

    def compare(name: str, text: str) -> None:
        if update and not os.environ.get("CI"):
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(text, "utf-8")
        expected = (folder / name).read_text("utf-8") if (folder / name).exists() else ""
        assert text == expected, f"{name} is out of date; `pytest --update-golden` rewrites it"

    return compare


def _git(folder: Path, *arguments: str) -> None:
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
    subprocess.run(["git", *arguments], cwd=folder, env=own, check=True, capture_output=True, timeout=60)


def _put_schema(parts: Put, document: object) -> Digest:
    data = canonical_json_full(document)
    parts.objects[digest_of(data)] = data
    return digest_of(data)


def _argv(text: str) -> ArgvPart:
    before, brace, rest = text.partition("{")
    if not brace:
        return ArgvPart(text, None, "")
    name, _, after = rest.partition("}")
    return ArgvPart(before, name, after)


def _tool(parts: Put, tool: HandTool) -> ToolIR:
    closed = {"type": "object", "additionalProperties": False, "properties": dict(tool.properties)}
    process = ProcessIR(
        tool.argv[0],
        tuple(_argv(one) for one in tool.argv[1:]),
        "none",
        "lines" if tool.reads == "lines" else "text",
        (0,),
        "read_only",
        tool.workspace,
        False,
    )
    return ToolIR(
        id=tool.id,
        version="1.0.0",
        capability=tool.id,
        effect=tool.effect,
        destructive=False,
        resource=ResourceBinding("Tool", None, tool.id),
        input=_put_schema(parts, closed),
        output=_put_schema(parts, tool.output),
        arguments=(),
        trusted_output=(),
        recovery=Recovery("manual" if tool.recovery == "manual" else "idempotent", ()),
        limits=Limits(20_000, None, 200_000, 1),
        credential=None,
        implementation=process,
    )


def _entry(parts: Put, agent: HandAgent, uses: Mapping[str, ToolUse]) -> AgentEntry:
    model = parts.put(ModelIR("dev", "scripted", "script", None, 32_000, 4_000, (), (), *agent.price, None))
    ir = AgentIR(
        id=agent.id,
        version="0.1.0",
        risk="high",
        autonomy="advisory",
        tasks=(TaskType("range", _put_schema(parts, agent.task)),),
        output=_put_schema(parts, agent.output),
        graph=GraphIR(agent.states[0].id, tuple(sorted(agent.states, key=lambda state: state.id))),
        tools=tuple(uses[name] for name in sorted(agent.tools)),
        denied_tools=(),
        models=(ModelUse("dev", model),) if agent.asks else (),
        fallback="none",
        reasoning_budget="none",
        context=ContextLimits(
            agent.max_input_tokens,
            tuple(sorted(one.id for one in agent.sources if one.id not in agent.optional)),
            tuple(sorted(agent.optional)),
            tuple(SourceUse(one.id, parts.put(one)) for one in sorted(agent.sources, key=lambda one: one.id)),
        ),
        memory=MemoryGrant((), ()),
        data_classes=(),
        guardrails=agent.guardrails,
        budget=agent.budget,
        observability=Observability("required" if agent.trace == "required" else "optional", "redacted", 365),
        output_trust="untrusted",
        duties=agent.duties,
    )
    lifecycle: Any = agent.lifecycle
    card = AgentCard(agent.id, agent.id, "Speaks of commits.", "dev", None, lifecycle, ("basics",))
    return AgentEntry(agent.id, "0.1.0", parts.put(ir), parts.put(card))


def _policy(
    agents: Sequence[HandAgent], tools: Sequence[HandTool], people: HandPeople, environment: str
) -> PolicySet:
    rules = [_rule(RULE, "permit", [tool.id for tool in tools if tool.policy != "silent"])]
    rules += [
        _rule(asking(name), "forbid", [tool.id for tool in tools if name in _asked([tool])], name)
        for name in _asked(tools)
    ]
    return PolicySet(
        engine(),
        tuple(sorted(rules, key=lambda rule: rule.id)),
        (),
        _cedar_schema(tools, people, environment),
        _entities(agents, tools),
        people.approvals,
        people.teams,
        (),
        (EnvironmentIR(environment, (), (), None, False, ()),),
        (),
        (),
    )


def _asked(tools: Sequence[HandTool]) -> list[str]:
    """The approvals that tools need."""
    return sorted(
        {name for tool in tools for name in (*tool.approvals, *(["owner"] if tool.policy == "ask" else []))}
    )


def asking(approval: str) -> str:
    """The id of the rule that asks for an approval."""
    return ASKS if approval == "owner" else f"{ASKS}-{approval}"


def _rule(id_: str, effect: str, tools: Sequence[str], approval: str | None = None) -> PolicyRule:
    names = sorted(tools)
    actions = ", ".join(f'Remit::Action::"{name}"' for name in names)
    unless = (
        ""
        if approval is None
        else f' unless {{ context.run.approvals.contains(Remit::Approval::"{approval}") }}'
    )
    asks = "" if approval is None else f'@approval("{approval}")\n'
    cedar = f'@id("{id_}")\n{asks}{effect} (principal, action in [{actions}], resource){unless};'
    kind: Any = effect
    return PolicyRule(id_, kind, "organisation", cedar, tuple(names), approval, (), "reading commits is safe")


def _record(**fields: CedarType) -> CedarType:
    return CedarType(type="Record", attributes=fields)


def _entity(name: str) -> CedarType:
    return CedarType(type="Entity", name=name)


def _cedar_schema(tools: Sequence[HandTool], people: HandPeople, environment: str) -> str:
    text = CedarType(type="String")
    run = _record(
        agent_version=text,
        user=text,
        tenant=text,
        risk=_entity("Risk"),
        task=text,
        state=text,
        environment=_entity("Environment"),
        data_classes=CedarType(type="Set", element=text),
        approvals=CedarType(type="Set", element=_entity("Approval")),
        eval_status=_entity("EvalStatus"),
        incident=CedarType(type="Boolean"),
    )
    closed = {
        "Risk": ("low", "medium", "high", "critical"),
        "Environment": (environment,),
        "Approval": tuple(one.id for one in people.approvals),
        "EvalStatus": ("proven", "not_proven", "not_required"),
    }
    risky = CedarEntityType(shape=_record(risk=_entity("Risk")))
    namespace = CedarNamespace(
        entity_types={
            **{name: CedarEntityType(enum=values) for name, values in closed.items()},
            "Agent": CedarEntityType(shape=_record(version=text, risk=_entity("Risk"))),
            "Tool": risky,
        },
        common_types={"Run": run, "Facts": _record()},
        actions={"effect:read": CedarAction(), **{tool.id: _action(tool) for tool in tools}},
    )
    return canonical_json({"Remit": namespace}).decode()


def _action(tool: HandTool) -> CedarAction:
    context = _record(
        run=CedarType(type="EntityOrCommon", name="Run"),
        facts=CedarType(type="EntityOrCommon", name="Facts"),
        provenance=provenance_type(),
        args=_record(),
    )
    hidden = canonical_json(tuple(tool.properties)).decode()
    scope = CedarScope(("Agent",), ("Tool",), context)
    return CedarAction((CedarGroup("effect:read"),), scope, {"hidden": hidden})


def _entities(agents: Sequence[HandAgent], tools: Sequence[HandTool]) -> str:
    risk = {"__entity": {"type": "Remit::Risk", "id": "high"}}
    return canonical_json(
        [
            *(
                {
                    "uid": {"type": "Remit::Agent", "id": agent.id},
                    "attrs": {"risk": risk, "version": "0.1.0"},
                    "parents": [],
                }
                for agent in agents
            ),
            *(
                {"uid": {"type": "Remit::Tool", "id": tool.id}, "attrs": {"risk": risk}, "parents": []}
                for tool in tools
            ),
        ]
    ).decode()
