"""Which objects a manifest reaches, and as what: the rule that a bundle holds all it names and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from remit_runtime.bundle.agent import AgentIR, ContextSourceIR, ModelIR
from remit_runtime.bundle.graph import CheckState, DecideState, HandoffState
from remit_runtime.bundle.manifest import AgentCard, AgentEntry, Manifest
from remit_runtime.bundle.tool import CredentialIR, McpIR, ToolIR
from remit_runtime.canonical import Digest
from remit_runtime.errors import BundleRejected

T = TypeVar("T")


class Load(Protocol):
    """Gives the typed object of a digest, or raises `BundleRejected`."""

    def __call__(self, digest: Digest, shape: type[T], /) -> T: ...


@dataclass(frozen=True)
class Reached:
    """The objects a manifest reaches. Closures, cards, tools and models were decoded to follow them.

    `schemas` are the objects that are any JSON: schemas, and the reviewed definitions of MCP tools.
    """

    agents: Mapping[str, AgentIR]
    named: frozenset[Digest]
    schemas: frozenset[Digest]


@dataclass(frozen=True)
class _Walk:
    load: Load
    named: set[Digest] = field(default_factory=set[Digest])
    schemas: set[Digest] = field(default_factory=set[Digest])
    tools: dict[Digest, ToolIR] = field(default_factory=dict[Digest, ToolIR])


def reached(manifest: Manifest, load: Load) -> Reached:
    """Every object the manifest reaches, through agents, tools, models and their credentials.

    What two places say of one thing must agree: an entry's id and version with those of its closure, a pin's with
    those of its tool, the child of a handoff with its entry, so that no name in the bundle stands for two things.

    Raises:
        BundleRejected: `identity_mismatch`, or whatever `load` raises.
    """
    walk = _Walk(load, {manifest.policy, manifest.source_map})
    agents = {entry.id: _agent(entry, walk) for entry in manifest.agents}
    closures = {entry.id: entry.closure for entry in manifest.agents}
    for agent in agents.values():
        for state in agent.graph.states:
            if isinstance(state, HandoffState) and state.object is not None:
                _same(closures.get(state.agent), state.object, f"agent `{state.agent}` of agent `{agent.id}`")
    return Reached(agents, frozenset(walk.named | walk.schemas), frozenset(walk.schemas))


def _agent(entry: AgentEntry, walk: _Walk) -> AgentIR:
    agent = walk.load(entry.closure, AgentIR)
    card = walk.load(entry.card, AgentCard)
    _same((agent.id, agent.version, card.id), (entry.id, entry.version, entry.id), f"agent `{entry.id}`")
    walk.named.update((entry.closure, entry.card), _prompts(agent))
    walk.schemas.update((agent.output,), _schemas(agent))
    for use in agent.tools:
        tool = _tool(use.object, walk)
        _same((tool.id, tool.version), (use.id, use.version), f"tool `{use.id}` of agent `{agent.id}`")
    for pin in agent.models:
        model = walk.load(pin.object, ModelIR)
        _same(model.id, pin.id, f"model `{pin.id}` of agent `{agent.id}`")
        walk.named.add(pin.object)
        _credential(model.credential, model.credential_object, walk)
    for source in agent.context.sources:
        _same(
            walk.load(source.object, ContextSourceIR).id,
            source.id,
            f"context source `{source.id}` of agent `{agent.id}`",
        )
        walk.named.add(source.object)
    return agent


def _credential(name: str | None, digest: Digest | None, walk: _Walk) -> None:
    """The credential that a tool or a model names, where it pins one."""
    if digest is not None:
        _same(walk.load(digest, CredentialIR).id, name, f"credential `{name}`")
        walk.named.add(digest)


def _tool(digest: Digest, walk: _Walk) -> ToolIR:
    if digest not in walk.tools:
        tool = walk.load(digest, ToolIR)
        walk.tools[digest] = tool
        walk.named.add(digest)
        walk.schemas.update((tool.input, tool.output))
        if isinstance(tool.implementation, McpIR):
            walk.schemas.add(tool.implementation.definition)
        if tool.credential is not None:
            _credential(tool.credential.ref, tool.credential.object, walk)
    return walk.tools[digest]


def _prompts(agent: AgentIR) -> Iterator[Digest]:
    for state in agent.graph.states:
        if isinstance(state, DecideState):
            yield state.prompt


def _schemas(agent: AgentIR) -> Iterator[Digest]:
    """The schemas of an agent's tasks and states."""
    for task in agent.tasks:
        yield task.schema
    for state in agent.graph.states:
        if isinstance(state, DecideState) and state.decides is not None:
            yield state.decides
        elif isinstance(state, CheckState):
            yield state.schema


def _same(found: object, named: object, what: str) -> None:
    if found != named:
        raise BundleRejected("identity_mismatch", f"{what} is not what its object says")
