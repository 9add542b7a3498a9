"""Packing: what was read of each source, held to its limits, becomes a packet (docs/context.md).

A source is in the packet whole or it is named among the excluded: nothing is ever cut.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from remit_runtime.bundle.agent import ContextSourceIR
from remit_runtime.canonical import Digest, canonical_json, digest_of
from remit_runtime.journal.events import ContextPacked, ExcludedSource, PackedSource

Estimate = Callable[[str], int]
"""How many tokens a text is taken to have."""


@dataclass(frozen=True, slots=True)
class Found:
    """A source's text, already redacted. `age_ms` is None where nobody knows it, below 0 if it lies in the future."""

    source: ContextSourceIR
    text: str
    origin: str
    age_ms: int | None
    redactions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lacking:
    """A source that gave no text: a stable code and a sentence."""

    source: ContextSourceIR
    code: str
    reason: str


Read = Found | Lacking


def packed(
    state: str, reads: Sequence[Read], required: Collection[str], max_tokens: int, estimate: Estimate
) -> ContextPacked:
    """The packet of what was read, by rank; `failed` names the first required source that is not in it.

    `max_tokens` is the most that the packet may have: optional sources go first, the last by rank first, and if
    that is not enough the last required one is what fails.
    """
    judged = [_judged(read, estimate) for read in reads]
    kept = [one for one in judged if isinstance(one, PackedSource)]
    excluded = {one.id: one for one in judged if isinstance(one, ExcludedSource)}
    for one in _dropped(kept, required, max_tokens):
        reason = f"with its {one.tokens} tokens the packet would pass the agent's limit of {max_tokens}"
        excluded[one.id] = ExcludedSource(one.id, "over_input_limit", reason)
    sources = tuple(one for one in kept if one.id not in excluded)
    left_out = tuple(excluded[read.source.id] for read in reads if read.source.id in excluded)
    return ContextPacked(
        state=state,
        packet=packet_digest(sources, left_out),
        sources=sources,
        excluded=left_out,
        tokens=sum(one.tokens for one in sources),
        failed=next((one.id for one in left_out if one.id in required), None),
    )


def packet_digest(sources: Sequence[PackedSource], excluded: Sequence[ExcludedSource]) -> Digest:
    """The id of a packet: of what is in it and what is not. Age, run and machine have no part in it."""
    return digest_of(
        canonical_json(
            {
                "excluded": [[one.id, one.code] for one in excluded],
                "sources": [[one.id, one.type, one.trust, one.digest] for one in sources],
            }
        )
    )


def summary_of(packet: ContextPacked) -> dict[str, object]:
    """What `${state}` means after a context state: the packet without its texts."""
    return {
        "packet": packet.packet,
        "tokens": packet.tokens,
        "sources": [
            {
                "id": one.id,
                "type": one.type,
                "trust": one.trust,
                "tokens": one.tokens,
                "digest": one.digest,
            }
            for one in packet.sources
        ],
        "excluded": [{"id": one.id, "code": one.code} for one in packet.excluded],
    }


def _judged(read: Read, estimate: Estimate) -> PackedSource | ExcludedSource:
    """The source as the packet would hold it, or why it may not."""
    if isinstance(read, Lacking):
        return ExcludedSource(read.source.id, read.code, read.reason)
    source = read.source
    age = read.age_ms if read.age_ms is not None and read.age_ms >= 0 else None
    limit = source.max_age_milliseconds
    if limit is not None and age is None:
        return ExcludedSource(source.id, "age_unknown", "nobody knows how old it is, and its age is limited")
    if limit is not None and age is not None and age > limit:
        reason = f"it is {_minutes(age)} minutes old, and may be {_minutes(limit)}"
        return ExcludedSource(source.id, "stale", reason)
    tokens = estimate(read.text)
    if tokens > source.max_tokens:
        reason = f"it has {tokens} tokens, and may have {source.max_tokens}"
        return ExcludedSource(source.id, "over_max_tokens", reason)
    return PackedSource(
        id=source.id,
        type=source.type,
        # Only a file can be vouched for; what a tool gives is untrusted whatever a definition says.
        trust=source.trust if source.type == "file" else "untrusted",
        freshness_ms=age,
        tokens=tokens,
        digest=digest_of(read.text.encode("utf-8", "surrogatepass")),
        text=read.text,
        origin=read.origin,
        redactions=read.redactions,
    )


def _dropped(kept: Sequence[PackedSource], required: Collection[str], max_tokens: int) -> list[PackedSource]:
    """What must go so that the rest fits: optional sources by rank from the last, then required ones likewise."""
    total = sum(one.tokens for one in kept)
    dropped: list[PackedSource] = []
    last_first = list(reversed(kept))
    optional = [one for one in last_first if one.id not in required]
    for one in (*optional, *(one for one in last_first if one.id in required)):
        if total <= max_tokens:
            break
        if one.tokens > 0:  # an empty source takes no room
            dropped.append(one)
            total -= one.tokens
    return dropped


def _minutes(milliseconds: int) -> str:
    return f"{milliseconds / 60_000:.1f}".removesuffix(".0")
