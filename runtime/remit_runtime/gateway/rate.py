"""How often a tool may be called by this process: a window of one minute that slides."""

from __future__ import annotations

import threading
from collections import deque

WINDOW_MS = 60_000


class Rates:
    """The calls of the last minute, by tool. Safe to share between threads; another process counts for itself."""

    def __init__(self) -> None:
        self._begun: dict[str, deque[int]] = {}
        self._lock = threading.Lock()

    def take(self, tool: str, per_minute: int | None, now_ms: int) -> bool:
        """Whether one more call of the tool fits into the minute before now; if it does, it is counted."""
        if per_minute is None:
            return True
        with self._lock:
            begun = self._begun.setdefault(tool, deque())
            while begun and begun[0] <= now_ms - WINDOW_MS:
                begun.popleft()
            if len(begun) >= per_minute:
                return False
            begun.append(now_ms)
            return True
