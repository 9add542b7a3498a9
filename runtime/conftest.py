"""A small signed bundle, as a release would leave it on disk, for every test that needs one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings

from remit_runtime.bundle.agent import (
    AgentIR,
    ContextLimits,
    Guardrails,
    LiteralText,
    MemoryGrant,
    ModelIR,
    ModelUse,
    Observability,
    PromptIR,
    Slot,
    TaskType,
    ToolUse,
)
from remit_runtime.bundle.container import build, read
from remit_runtime.bundle.graph import (
    Budget,
    CheckState,
    Constant,
    DecideState,
    EndState,
    GraphIR,
    ObjectOf,
    Reference,
    Route,
    ToolState,
)
from remit_runtime.bundle.manifest import AgentCard, AgentEntry, Library, Manifest, SourceMap, SourcePlace
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.policy import EnvironmentIR, PolicyRule, PolicySet
from remit_runtime.bundle.tool import ArgvPart, Limits, McpIR, ProcessIR, Recovery, ResourceBinding, ToolIR
from remit_runtime.bundle.words import FORMAT
from remit_runtime.canonical import Digest, canonical_json, canonical_json_full, digest_of
from remit_runtime.errors import BundleRejected
from remit_runtime.trust.envelope import signed
from remit_runtime.trust.keys import DEV_KEY, PrivateKey, new_private_key, write_private_key
from remit_runtime.trust.roots import FILE
from remit_runtime.trust.rules import bundle_subject, subjects_of
from remit_runtime.trust.state import make_home
from remit_runtime.trust.statement import (
    BUILD_TYPE,
    BuildDefinition,
    Builder,
    BuildMetadata,
    Configuration,
    ExternalParameters,
    GateNumbers,
    Input,
    Provenance,
    ProvenanceStatement,
    RunDetails,
    Sha256,
    Statement,
    Summary,
    SummaryStatement,
    TestResult,
    TestResultStatement,
    Verifier,
    agent_name,
    bare,
    commit_dependency,
    library_dependency,
    resource_uri,
    subject_of,
)
from remit_runtime.trust.verify import attestations_beside, open_verified

NOW = 1_795_000_000_000
TIME = "2026-11-18T00:00:00Z"


def pytest_configure() -> None:
    """How long one example takes on a busy machine is no property of ours."""
    settings.register_profile("remit", deadline=None)
    settings.load_profile("remit")


@dataclass(frozen=True)
class Parts:
    """A manifest without its table, and the objects that belong to it."""

    manifest: Manifest
    objects: dict[Digest, bytes]

    def sealed(self) -> tuple[bytes, Digest]:
        """The bytes of the bundle and their digest."""
        data = build(self.manifest, self.objects)
        return data, digest_of(data)

    def put(self, value: object) -> Digest:
        """The digest of a struct, which is put among the objects."""
        data = canonical_json(value)
        self.objects[digest_of(data)] = data
        return digest_of(data)


@dataclass(frozen=True)
class TinyBundle:
    """A bundle of two agents on disk, its attestations beside it, and a home whose keys signed them."""

    parts: Parts
    path: Path
    home: Path
    environment: str
    keys: tuple[PrivateKey, ...]

    @property
    def attestations(self) -> Path:
        """The file of signed statements."""
        return attestations_beside(self.path)

    @property
    def digest(self) -> Digest:
        """The digest of the file as it stands."""
        return digest_of(self.path.read_bytes())

    def open(self) -> VerifiedBundle:
        """The bundle, verified as the runtime would."""
        return open_verified(self.path, None, self.home, self.environment, NOW)

    def statements(self) -> tuple[Statement, ...]:
        """The provenance, the test results and the summary of the file as it stands."""
        return statements_for(read(self.path.read_bytes()).manifest, self.digest)

    def sign(self, statements: Iterable[Statement], keys: Sequence[PrivateKey] | None = None) -> None:
        """Puts other statements beside the bundle, signed by its keys or by others."""
        lines = (signed(canonical_json(one), keys or self.keys) + b"\n" for one in statements)
        self.attestations.write_bytes(b"".join(lines))

    def resign(self, data: bytes) -> None:
        """Puts other bytes in place of the bundle and signs what they say of themselves: a release made by mistake."""
        self.path.write_bytes(data)
        try:
            manifest = read(data).manifest
        except BundleRejected:  # such bytes have no manifest of their own: they are signed under the old one
            manifest = read(self.parts.sealed()[0]).manifest
        self.sign(statements_for(manifest, digest_of(data)))


def schema(parts: Parts, value: object) -> Digest:
    """The digest of a JSON Schema, which is put among the objects."""
    data = canonical_json_full(value)
    parts.objects[digest_of(data)] = data
    return digest_of(data)


def tiny_parts(environment: str = "dev") -> Parts:
    """Two agents of one tool: a workflow that lists commits, and a model that summarises them."""
    empty = Digest("sha256:" + "0" * 64)
    manifest = Manifest(
        FORMAT, "acme", "remit/v1", environment, (), empty, empty, (Library("std@1", empty),), ()
    )
    parts = Parts(manifest, {})
    tool = parts.put(_tool(parts))
    model = parts.put(ModelIR("dev", "scripted", "script", None, 32_000, 4_000, (), (), 0, 0, None))
    notes = parts.put(_notes(parts))
    agents = (_workflow(parts, tool), _summariser(parts, tool, notes, model))
    entries = tuple(
        AgentEntry(agent.id, agent.version, parts.put(agent), parts.put(_card(agent.id))) for agent in agents
    )
    policy = parts.put(_policy(environment))
    places = (SourcePlace("policies/git.yaml#read", "policies/git.yaml", 7, 5),)
    finished = msgspec.structs.replace(
        manifest, agents=entries, policy=policy, source_map=parts.put(SourceMap(places))
    )
    return replace(parts, manifest=finished)


def statements_for(manifest: Manifest, digest: Digest) -> tuple[Statement, ...]:
    """What a good release says of a bundle: provenance, a passed suite for every agent, and a summary of them."""
    others: tuple[Statement, ...] = (
        provenance_for(manifest, digest),
        *(result_for(entry) for entry in manifest.agents),
    )
    return (*others, summary_for(manifest, digest, others))


def provenance_for(manifest: Manifest, digest: Digest) -> ProvenanceStatement:
    """The provenance of a bundle."""
    sources = (commit_dependency(".", "ab" * 20), *(library_dependency(one) for one in manifest.libraries))
    return ProvenanceStatement(
        (bundle_subject(digest, manifest),),
        Provenance(
            BuildDefinition(
                BUILD_TYPE, ExternalParameters(manifest.organisation, manifest.environment), sources
            ),
            RunDetails(Builder("remit:builder/local", {"remit": "0.1.0"}), BuildMetadata(TIME, TIME)),
        ),
    )


def result_for(entry: AgentEntry, *, passed: bool = True) -> TestResultStatement:
    """The result of the suite `basics` for an agent version."""
    digest = Sha256("5" * 64)
    about = (
        Configuration("suite", uri="remit:suite/basics", digest=digest),
        Configuration("dataset", digest=digest),
        Configuration("graders", digest=digest),
        Configuration("policy_slice", digest=digest),
        Configuration("runtime", uri="remit:runtime/0.1.0"),
        Configuration(
            "quality",
            uri="remit:gate/quality",
            annotations=GateNumbers("task_success_rate", 20, 20, 860_891, 800_000, passed),
        ),
    )
    return TestResultStatement(
        (subject_of(agent_name(entry.id, entry.version), entry.closure),),
        TestResult("PASSED" if passed else "FAILED", about, ("c1", "c2"), (), ()),
    )


def summary_for(
    manifest: Manifest,
    digest: Digest,
    others: Sequence[Statement],
    levels: tuple[str, ...] = ("REMIT_EVAL_PASSED", "SLSA_BUILD_LEVEL_1"),
) -> SummaryStatement:
    """The summary over other statements."""
    inputs = sorted(digest_of(canonical_json(one)) for one in others)
    return SummaryStatement(
        subjects_of(digest, manifest),
        Summary(
            Verifier("remit:builder/local"),
            TIME,
            resource_uri(manifest.organisation, manifest.environment),
            Input("remit:policy", Sha256(bare(manifest.policy))),
            tuple(Input("remit:attestation", Sha256(bare(one))) for one in inputs),
            "PASSED",
            levels,
        ),
    )


def trust_text(environment: str, threshold: int, keys: Sequence[PrivateKey]) -> str:
    """A `trust.toml` under which an environment trusts the keys."""
    listed = ", ".join(f'"{key.public.keyid}"' for key in keys)
    tables = (
        f'[keys.{key.public.keyid}]\nscheme = "ed25519"\npublic = "{key.public.raw.hex()}"\n' for key in keys
    )
    head = f"version = 0\n[environments.{environment}]\nthreshold = {threshold}\nkeys = [{listed}]\n"
    return head + "".join(tables)


def _on_disk(folder: Path, parts: Parts, home: Path, keys: tuple[PrivateKey, ...]) -> TinyBundle:
    path = folder / "acme.remit"
    path.write_bytes(parts.sealed()[0])
    tiny = TinyBundle(parts, path, home, parts.manifest.environment, keys)
    tiny.sign(tiny.statements())
    return tiny


@pytest.fixture(scope="session")
def private_keys() -> tuple[PrivateKey, ...]:
    """Three keys that exist for this session only."""
    return tuple(new_private_key() for _ in range(3))


@pytest.fixture
def tiny_bundle(tmp_path: Path, private_keys: tuple[PrivateKey, ...]) -> TinyBundle:
    """A bundle for `dev`, signed by the local key of its home."""
    home = tmp_path / "home"
    make_home(home)
    write_private_key(home / DEV_KEY, private_keys[0])
    return _on_disk(tmp_path, tiny_parts(), home, private_keys[:1])


@pytest.fixture
def tiny_production(tmp_path: Path, private_keys: tuple[PrivateKey, ...]) -> TinyBundle:
    """A bundle for `production`, where two of three keys must sign and evals must have passed."""
    home = tmp_path / "home"
    make_home(home)
    (home / FILE).write_text(trust_text("production", 2, private_keys), encoding="utf-8")
    return _on_disk(tmp_path, tiny_parts("production"), home, private_keys[:2])


def _tool(parts: Parts) -> ToolIR:
    inputs = schema(
        parts,
        {
            "type": "object",
            "additionalProperties": False,
            "properties": {"since": {"type": "string"}, "share": {"type": "number", "maximum": 0.5}},
        },
    )
    process = ProcessIR(
        "git",
        (ArgvPart("log", None, ""), ArgvPart("", "since", "..HEAD")),
        "none",
        "lines",
        (0,),
        "read_only",
        None,
        False,
    )
    return ToolIR(
        id="git.log",
        version="1.0.0",
        capability="git.read",
        effect="read",
        destructive=False,
        resource=ResourceBinding("Workspace", None, "workspace"),
        input=inputs,
        output=schema(parts, {"type": "array", "items": {"type": "string"}}),
        arguments=(),
        trusted_output=(),
        recovery=Recovery("idempotent", ()),
        limits=Limits(20_000, None, 200_000, 1),
        credential=None,
        implementation=process,
    )


def _workflow(parts: Parts, tool: Digest) -> AgentIR:
    args = ObjectOf((("since", Reference("task", ("since",))),))
    graph = GraphIR(
        "log",
        (
            CheckState("enough", schema(parts, {"minItems": 1}), Reference("log"), "done", None),
            EndState("done", "succeeded", Reference("log"), ()),
            ToolState("log", "git.log", args, "enough", None, None, None),
        ),
    )
    return _agent(parts, "acme.commits", graph, (ToolUse("git.log", "1.0.0", tool),), ())


def _notes(parts: Parts) -> ToolIR:
    """A tool of an MCP server, pinned by its reviewed definition."""
    reviewed = schema(
        parts, {"name": "find", "description": "Finds a note.", "inputSchema": {"type": "object"}}
    )
    return msgspec.structs.replace(
        _tool(parts),
        id="notes.find",
        capability="notes.read",
        implementation=McpIR("notes", "find", reviewed),
    )


def _summariser(parts: Parts, tool: Digest, notes: Digest, model: Digest) -> AgentIR:
    prompt = parts.put(
        PromptIR((LiteralText("Summarise the commits since "), Slot(Reference("task", ("since",)), False)))
    )
    shape = schema(parts, {"type": "object", "properties": {"summary": {"type": "string"}}})
    graph = GraphIR(
        "think",
        (
            EndState("done", "succeeded", ObjectOf((("summary", Constant('"ok"')),)), ()),
            DecideState("think", prompt, (), (), shape, 4, (Route("talk"),), None, None),
            DecideState("talk", prompt, (), (), None, 4, (Route("done"),), None, None),
        ),
    )
    tools = (ToolUse("git.log", "1.0.0", tool), ToolUse("notes.find", "1.0.0", notes))
    return _agent(parts, "acme.digest", graph, tools, (ModelUse("dev", model),))


def _agent(
    parts: Parts, name: str, graph: GraphIR, tools: tuple[ToolUse, ...], models: tuple[ModelUse, ...]
) -> AgentIR:
    return AgentIR(
        id=name,
        version="0.1.0",
        risk="low",
        autonomy="advisory",
        tasks=(TaskType("range", schema(parts, {"type": "object", "required": ["since"]})),),
        output=schema(parts, {"type": ["object", "array"]}),
        graph=graph,
        tools=tools,
        denied_tools=(),
        models=models,
        fallback="none",
        reasoning_budget="none",
        context=ContextLimits(8_000, (), ()),
        memory=MemoryGrant((), ()),
        data_classes=("internal_code",),
        guardrails=Guardrails(0, True),
        budget=Budget(20, 5, 5, 1_000_000, 60_000),
        observability=Observability("required", "redacted", 365),
        output_trust="untrusted",
        duties=(),
    )


def _card(agent: str) -> AgentCard:
    return AgentCard(agent, agent, "Speaks of commits.", "dev", None, "active", ("basics",))


def _policy(environment: str) -> PolicySet:
    rule = PolicyRule(
        "policies/git.yaml#read",
        "permit",
        "organisation",
        'permit (principal, action == Remit::Action::"git.log", resource);',
        ("git.log",),
        None,
        (),
        "reading commits is safe",
    )
    environments = (EnvironmentIR(environment, (), (), None, environment != "dev", ()),)
    return PolicySet("cedar-4.12", (rule,), (), "{}", "[]", (), (), (), environments, (), ())
