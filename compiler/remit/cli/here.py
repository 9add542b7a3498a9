"""What several commands ask: the clock, the versions of what is installed, and the word that was meant."""

from __future__ import annotations

import time
from collections.abc import Iterable


def clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def version_of(distribution: str) -> str:
    """The version of an installed distribution."""
    from importlib.metadata import version

    return version(distribution)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the one most likely meant, or nothing."""
    from remit.diagnostic import nearest

    near = nearest(word, known)
    return f"; did you mean `{near}`" if near else ""
