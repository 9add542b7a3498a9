"""This machine and this process, read once: home, clock, user, and the runtime over them."""

from __future__ import annotations

import os
import pwd
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from remit_runtime.errors import UsageError
from remit_runtime.invoke import JOURNAL, Runtime, open_runtime
from remit_runtime.trace.export import exporter_of
from remit_runtime.trust.state import home_of


def home() -> Path:
    """The directory of local state."""
    return home_of(os.environ, Path.cwd())


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def local_user() -> str:
    """The principal of whoever runs this process: by its user id, and never by what its environment says."""
    uid = os.getuid()
    try:
        return f"os:{pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"os:uid-{uid}"


@contextmanager
def runtime() -> Generator[Runtime]:
    """The runtime of this machine, closed afterwards."""
    opened = open_runtime(
        home(), now_ms, os.environ.get("PATH", os.defpath), exporter=exporter_of(os.environ)
    )
    try:
        yield opened
    finally:
        opened.journal.close()


@contextmanager
def existing_runtime() -> Generator[Runtime]:
    """The runtime of this machine where something has run already.

    Raises:
        UsageError: nothing has.
    """
    if not (home() / JOURNAL).exists():
        raise UsageError("journal_missing", f"nothing has run here yet: `{home()}` holds no journal")
    with runtime() as opened:
        yield opened


def enclosing_repository() -> Path | None:
    """The Git repository around the current directory."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), None)
