"""A verified bundle: the only form in which a bundle can be run.

The sealed bytes are the authority; what is decoded from them is a cache of frozen structs. Only `trust` makes a
`VerifiedBundle`, so a function that takes one needs no check of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from remit_runtime.bundle.agent import AgentIR, ContextSourceIR, ModelIR, PromptIR
from remit_runtime.bundle.container import Contents
from remit_runtime.bundle.evidence import Evidence
from remit_runtime.bundle.manifest import AgentCard, AgentEntry, Manifest, SourceMap
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.bundle.tool import CredentialIR, ToolIR
from remit_runtime.canonical import Digest
from remit_runtime.errors import RunRefused

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class VerifiedBundle:
    """A bundle whose bytes, signatures and evidence hold for one environment. Objects are decoded when first asked for.

    Every method raises `BundleRejected` if an object does not decode as what it is asked for.
    """

    digest: Digest
    environment: str
    evidence: Evidence
    contents: Contents = field(repr=False)
    sealed_by_kernel: bool
    _decoded: dict[tuple[Digest, str], Any] = field(
        default_factory=dict[tuple[Digest, str], Any], init=False, repr=False
    )

    @property
    def manifest(self) -> Manifest:
        """The table of contents."""
        return self.contents.manifest

    def agents(self) -> tuple[AgentEntry, ...]:
        """The agents of the bundle, sorted by id."""
        return self.manifest.agents

    def entry(self, agent: str) -> AgentEntry:
        """The entry of an agent.

        Raises:
            RunRefused: `agent_unknown`.
        """
        for entry in self.manifest.agents:
            if entry.id == agent:
                return entry
        raise RunRefused("agent_unknown", f"the bundle holds no agent `{agent}`")

    def agent(self, agent: str) -> AgentIR:
        """An agent version.

        Raises:
            RunRefused: `agent_unknown`.
        """
        return self.contents.agents[self.entry(agent).id]

    def card(self, digest: Digest) -> AgentCard:
        """What an inventory says of an agent."""
        return self._typed(digest, AgentCard)

    def tool(self, digest: Digest) -> ToolIR:
        """A pinned tool."""
        return self._typed(digest, ToolIR)

    def prompt(self, digest: Digest) -> PromptIR:
        """A prompt's segments."""
        return self._typed(digest, PromptIR)

    def model(self, digest: Digest) -> ModelIR:
        """A pinned model."""
        return self._typed(digest, ModelIR)

    def credential(self, digest: Digest) -> CredentialIR:
        """A pinned credential: where its secret is found, never the secret."""
        return self._typed(digest, CredentialIR)

    def context_source(self, digest: Digest) -> ContextSourceIR:
        """A pinned source of context."""
        return self._typed(digest, ContextSourceIR)

    def policy(self) -> PolicySet:
        """The policy set of the environment."""
        return self._typed(self.manifest.policy, PolicySet)

    def source_map(self) -> SourceMap:
        """Where every rule, grant and state stands in the repository."""
        return self._typed(self.manifest.source_map, SourceMap)

    def schema(self, digest: Digest) -> bytes:
        """A JSON Schema as its canonical bytes (RFC 8785)."""
        return self._once(digest, "schema", lambda: self.contents.objects.json(digest))

    def _typed(self, digest: Digest, shape: type[T]) -> T:
        return self._once(digest, shape.__name__, lambda: self.contents.objects.typed(digest, shape))

    def _once(self, digest: Digest, shape: str, make: Callable[[], T]) -> T:
        # Two threads may both decode an object once: they get equal values, so nothing is locked.
        key = (digest, shape)
        if key not in self._decoded:
            self._decoded[key] = make()
        return cast("T", self._decoded[key])
