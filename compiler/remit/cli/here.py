"""This machine, read once: the clock and the versions of what is installed."""

from __future__ import annotations

import time


def clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def version_of(distribution: str) -> str:
    """The version of an installed distribution."""
    from importlib.metadata import version

    return version(distribution)
