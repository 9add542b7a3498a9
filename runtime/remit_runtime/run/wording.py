"""Values of a run in the words of a line: times, money, and text from outside with nothing hidden in it."""

from __future__ import annotations

from datetime import UTC, datetime

from remit_runtime.gateway.redact import shown, shown_json

MAX_SHOWN = 400


def when(at_ms: int) -> str:
    """A time of the journal, in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{at_ms % 1000:03d}"


def money(microusd: int) -> str:
    """An amount of money in US dollars, exact."""
    return f"{microusd // 1_000_000}.{microusd % 1_000_000:06d}"


def one_line(text: str, limit: int = MAX_SHOWN) -> str:
    """Text from outside on one line of bounded length."""
    clean = shown(text).replace("\n", "\\n").replace("\t", "\\t")
    return clean if len(clean) <= limit else f"{clean[:limit]}... ({len(clean)} characters)"


def one_json(text: str, limit: int = MAX_SHOWN) -> str:
    """JSON text from outside on one line of bounded length."""
    clean = shown_json(text)
    return clean if len(clean) <= limit else f"{clean[:limit]}... ({len(clean)} characters)"
