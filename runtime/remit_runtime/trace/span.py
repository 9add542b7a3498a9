"""A span: a part of a run with its beginning, its end and what is known of it. A frozen value."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Value = str | int | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """One part of a run. `seq` is the event that began it, `closed` the one that ended it; None while it lasts.

    `label` is what it is about, in a word. `spent_microusd` is what the part itself has cost, without its children.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    label: str
    run: str
    seq: int
    closed: int | None
    start_ms: int
    end_ms: int | None
    status: Literal["ok", "error", "unset"]
    message: str
    attributes: Mapping[str, Value]
    spent_microusd: int = 0


def trace_id(run: str) -> str:
    """The id of the trace of a run that nobody handed off to: 16 bytes, in hex."""
    return _hex("trace", run, bytes_=16)


def span_id(run: str, seq: int, name: str) -> str:
    """The id of the span of that name which an event began: 8 bytes, in hex."""
    return _hex("span", run, str(seq), name, bytes_=8)


def _hex(*parts: str, bytes_: int) -> str:
    # An id of zeroes would be invalid (W3C Trace Context §3.2.2); no hash that anybody has seen is one.
    return hashlib.sha256("\0".join(("remit", *parts)).encode()).hexdigest()[: 2 * bytes_]
