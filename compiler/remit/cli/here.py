"""What several commands ask: the clock, the day, the versions of what is installed, and the word that was meant."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date


def clock() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def today() -> date:
    """The day it is, in UTC: the same for everybody who works on a repository."""
    from datetime import UTC, datetime

    return datetime.now(UTC).date()


def version_of(distribution: str) -> str:
    """The version of an installed distribution."""
    from importlib.metadata import version

    return version(distribution)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the one most likely meant, or nothing."""
    from remit.diagnostic import nearest

    near = nearest(word, known)
    return f"; did you mean `{near}`" if near else ""
