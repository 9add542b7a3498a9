"""Who drives: the name by which the journal knows this process, and whether such a process is still there."""

from __future__ import annotations

import base64
import os
import platform
import secrets
from pathlib import Path


def this_process() -> str:
    """The name of this process: host, process id and when it started, so that no later process has the same."""
    pid = os.getpid()
    return f"{platform.node()}/{pid}/{_birth(pid)}"


def is_gone(owner: str) -> bool:
    """Whether an owner was a process of this host that is no longer there; False whenever that is not certain."""
    host, _, rest = owner.rpartition("/")[0].rpartition("/")
    birth = owner.rpartition("/")[2]
    if host != platform.node() or not rest.isdigit() or not birth.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return birth != "0" and _birth(int(rest)) not in ("0", birth)


def new_run_id() -> str:
    """An id for a run that nobody has or guesses: `run_` and 26 base-32 characters."""
    return "run_" + base64.b32encode(secrets.token_bytes(16)).decode("ascii").rstrip("=").lower()


def _birth(pid: int) -> str:
    """When a process started, in ticks since the boot; "0" where the system does not say."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "0"
    # The second field is the program's name in brackets and may hold anything; the start is field 22.
    fields = text.rpartition(")")[2].split()
    return fields[19] if len(fields) > 19 and fields[19].isdigit() else "0"
