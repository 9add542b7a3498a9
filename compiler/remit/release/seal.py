"""Sealing: from lowered objects to the one file whose digest names them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from remit_runtime.bundle.agent import PromptIR
from remit_runtime.bundle.container import build, read
from remit_runtime.bundle.graph import DecideState
from remit_runtime.bundle.manifest import AgentEntry, Library, Manifest, SourceMap
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.bundle.words import FORMAT
from remit_runtime.canonical import Digest, digest_of
from remit_runtime.errors import RemitError

if TYPE_CHECKING:  # sealing needs the parts, not the passes that made them
    from remit.lower.portfolio import Lowered


@dataclass(frozen=True)
class Sealable:
    """All that goes into one bundle, in any order. `objects` holds the canonical bytes of every object by digest.

    A prompt, tool, model, card, policy set or source map is the `canonical_json` of its struct; a schema is the
    `canonical_json_full` of its JSON.
    """

    organisation: str
    language: str
    environment: str
    agents: tuple[AgentEntry, ...]
    policy: Digest
    source_map: Digest
    libraries: tuple[Library, ...]
    objects: Mapping[Digest, bytes] = field(repr=False)


@dataclass(frozen=True)
class SealedBundle:
    """The bytes of a bundle and the digest that names it."""

    data: bytes = field(repr=False)
    digest: Digest
    manifest: Manifest


def sealable(lowered: Lowered) -> Sealable:
    """The parts of a lowered portfolio."""
    return Sealable(
        organisation=lowered.organisation,
        language=lowered.language,
        environment=lowered.environment,
        agents=lowered.entries,
        policy=lowered.policy_digest,
        source_map=lowered.source_map,
        libraries=lowered.libraries,
        objects=lowered.objects,
    )


def seal(parts: Sealable) -> SealedBundle:
    """The bundle of the parts: the same bytes for the same parts on every machine.

    The result is read back under the rules of the runtime, so what is sealed loads.

    Raises:
        RuntimeError: the parts break a rule of the format, which is a bug of whoever lowered them.
    """
    manifest = Manifest(
        format=FORMAT,
        organisation=parts.organisation,
        language=parts.language,
        environment=parts.environment,
        agents=tuple(sorted(parts.agents, key=lambda entry: entry.id)),
        policy=parts.policy,
        source_map=parts.source_map,
        libraries=tuple(sorted(parts.libraries, key=lambda library: library.id)),
        objects=(),
    )
    data = build(manifest, parts.objects)
    try:
        read_back = _loadable(data)
    except RemitError as error:
        raise RuntimeError(f"what was lowered does not load: {error.message}") from error
    return SealedBundle(data, digest_of(data), read_back)


def _loadable(data: bytes) -> Manifest:
    """The manifest, once also the objects that the runtime decodes only on use are what they are named as."""
    contents = read(data)
    contents.objects.typed(contents.manifest.policy, PolicySet)
    contents.objects.typed(contents.manifest.source_map, SourceMap)
    for agent in contents.agents.values():
        for state in agent.graph.states:
            if isinstance(state, DecideState):
                contents.objects.typed(state.prompt, PromptIR)
    for digest in contents.schemas:
        contents.objects.json(digest)
    return contents.manifest
