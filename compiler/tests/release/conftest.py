"""The parts of a small bundle, as lowering hands them over, and the outcome of its eval."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from remit.release.evidence import GateOutcome, SuiteOutcome
from remit.release.provenance import BuildFacts
from remit.release.seal import Sealable
from remit.release.staleness import Basis
from remit_runtime.bundle.agent import AgentIR, ContextLimits, Guardrails, MemoryGrant, Observability, ToolUse
from remit_runtime.bundle.graph import Budget, EndState, GraphIR, ToolState
from remit_runtime.bundle.graph import Constant as ConstantValue
from remit_runtime.bundle.manifest import AgentCard, AgentEntry, Library, SourceMap
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.bundle.tool import Limits, McpIR, Recovery, ResourceBinding, ToolIR
from remit_runtime.canonical import Digest, canonical_json, canonical_json_full, digest_of

MakeParts = Callable[..., Sealable]
MakeOutcome = Callable[..., SuiteOutcome]

_AGENTS = ("acme.lister", "acme.mapper")


@pytest.fixture
def make_parts() -> MakeParts:
    """Parts of a bundle for an environment, with something changed."""

    def make(environment: str = "dev", *, owner: str = "dev", steps: int = 9) -> Sealable:
        objects: dict[Digest, bytes] = {}

        def put(value: object) -> Digest:
            return _stored(objects, canonical_json(value))

        shape = _stored(objects, canonical_json_full({"type": "object", "maxProperties": 1e21}))
        tool = put(_tool(shape))
        entries = tuple(
            AgentEntry(name, "1.2.0", put(_agent(name, shape, tool, steps)), put(_card(name, owner)))
            for name in _AGENTS
        )
        policy = PolicySet("cedar-4.12", (), (), "{}", "[]", (), (), (), (), (), ())
        library = Library("std@1", digest_of(b"std"))
        return Sealable(
            "acme", "remit/v1", environment, entries, put(policy), put(SourceMap(())), (library,), objects
        )

    return make


@pytest.fixture
def make_outcome() -> MakeOutcome:
    """The outcome of the suite `basics` for an agent of some parts."""

    def make(parts: Sealable, agent: str = "acme.lister", *, passed: bool = True) -> SuiteOutcome:
        entry = next(one for one in parts.agents if one.id == agent)
        some = digest_of(b"some")
        basis = Basis(agent, "basics", entry.closure, some, some, some, some, model=some)
        gate = GateOutcome("quality", "task_success_rate", 20, 20 if passed else 11, 860_891, 800_000, passed)
        failed = () if passed else ("c3",)
        return SuiteOutcome(basis, entry.version, passed, ("c2", "c1"), failed, (gate,))

    return make


@pytest.fixture
def facts() -> BuildFacts:
    """What a builder knows."""
    started = 1_795_000_000_000
    return BuildFacts(".", "ab" * 20, "remit:builder/local", "0.1.0", started, started + 2_000)


def _stored(objects: dict[Digest, bytes], data: bytes) -> Digest:
    digest = digest_of(data)
    objects[digest] = data
    return digest


def _card(name: str, owner: str) -> AgentCard:
    return AgentCard(name, name, "Lists.", owner, None, "active", ("basics",))


def _tool(shape: Digest) -> ToolIR:
    return ToolIR(
        id="files.list",
        version="1.0.0",
        capability="files.read",
        effect="read",
        destructive=False,
        resource=ResourceBinding("Workspace", None, "workspace"),
        input=shape,
        output=shape,
        arguments=(),
        trusted_output=(),
        recovery=Recovery("idempotent", ()),
        limits=Limits(1_000, None, 1_000, 1),
        credential=None,
        implementation=McpIR("files", "list", shape),
    )


def _agent(name: str, shape: Digest, tool: Digest, steps: int) -> AgentIR:
    call = ToolState("list", "files.list", ConstantValue("{}"), "done", None, None, None)
    return AgentIR(
        id=name,
        version="1.2.0",
        risk="low",
        autonomy="advisory",
        tasks=(),
        output=shape,
        graph=GraphIR("list", (EndState("done", "succeeded", None, ()), call)),
        tools=(ToolUse("files.list", "1.0.0", tool),),
        denied_tools=(),
        models=(),
        fallback="none",
        reasoning_budget="none",
        context=ContextLimits(1, (), ()),
        memory=MemoryGrant((), ()),
        data_classes=(),
        guardrails=Guardrails(0, True),
        budget=Budget(steps, 1, 1, 1, 1),
        observability=Observability("required", "redacted", 1),
        output_trust="untrusted",
        duties=(),
    )
