"""Serves the state of a file until it is interrupted, and prints its address first."""

from __future__ import annotations

import sys
from pathlib import Path

from github_loopback.server import Server
from github_loopback.state import state_of


def main(arguments: list[str]) -> int:
    """Serves the state of a file until it is interrupted."""
    server = Server(state_of(Path(arguments[0]).read_text(encoding="utf-8")))
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
    return 0


raise SystemExit(main(sys.argv[1:]))
