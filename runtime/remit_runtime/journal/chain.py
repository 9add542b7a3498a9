"""Hash chains: each row's hash covers the hash before it and every column of the row, so no row can change alone."""

from __future__ import annotations

import hashlib

import msgspec

from remit_runtime.canonical import canonical_json

GENESIS = bytes(32)


class _EventRow(msgspec.Struct, frozen=True, gc=False):
    run: str
    seq: int
    at_ms: int
    v: int
    kind: str
    event: msgspec.Raw


def chained(prev: bytes, row: bytes) -> bytes:
    """The hash of a row's canonical bytes after `prev`: SHA-256 over both."""
    return hashlib.sha256(prev + row).digest()


def event_hash(prev: bytes, run: str, seq: int, at_ms: int, v: int, kind: str, body: bytes) -> bytes:
    """The hash of an event row; `body` is the event's canonical JSON."""
    return chained(prev, canonical_json(_EventRow(run, seq, at_ms, v, kind, msgspec.Raw(body))))


def snapshot_hash(head: bytes, body: bytes) -> bytes:
    """What ties a snapshot to the event it was folded up to, whose hash is `head`."""
    return hashlib.sha256(head + body).digest()
