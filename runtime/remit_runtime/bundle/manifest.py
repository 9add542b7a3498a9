"""The manifest, the inventory cards and the source map of a bundle."""

from __future__ import annotations

from typing import Literal

from remit_runtime.bundle.words import Struct
from remit_runtime.canonical import Digest


class AgentCard(Struct, frozen=True):
    """What an inventory says of an agent, none of which changes what it can do."""

    id: str
    name: str
    purpose: str
    owner: str
    business_owner: str | None
    lifecycle: Literal["active", "deprecated", "retired"]
    suites: tuple[str, ...]


class SourcePlace(Struct, frozen=True):
    """Where a rule, grant or state stands in the repository: id -> path:line:column."""

    id: str
    path: str
    line: int
    column: int


class SourceMap(Struct, frozen=True):
    places: tuple[SourcePlace, ...]


class AgentEntry(Struct, frozen=True):
    """An agent of the bundle: `closure` is the digest of its `AgentIR` object, `card` that of its `AgentCard`."""

    id: str
    version: str
    closure: Digest
    card: Digest


class Library(Struct, frozen=True):
    """A used library and the digest of its definitions."""

    id: str
    digest: Digest


class StoredObject(Struct, frozen=True):
    digest: Digest
    length: int


class Manifest(Struct, frozen=True):
    """The table of contents. Objects follow it in the file, in digest order, without gaps."""

    format: int
    organisation: str
    language: str
    environment: str
    agents: tuple[AgentEntry, ...]
    policy: Digest
    source_map: Digest
    libraries: tuple[Library, ...]
    objects: tuple[StoredObject, ...]
