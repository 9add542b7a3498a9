"""What a command that could not finish says, and its exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from pathlib import Path

from remit.git import GitFailed
from remit_runtime.errors import RemitError, UsageError

_MACHINE = frozenset(
    getattr(errno, name) for name in ("EDQUOT", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ENOSPC", "EROFS")
)
"""What a disk, a limit or memory does to any program."""


def code_of(error: Exception) -> int:
    """Says what went wrong on standard error and gives the exit code. A traceback only where `REMIT_DEBUG` is set."""
    match error:
        case UsageError():
            return _said(error.message, 2)
        case RemitError():
            return _said(f"{error.code}: {error.message}", 1)
        case GitFailed():
            return _said(str(error), 2)
        case OSError(errno=int(number)) if number in _MACHINE:
            return _said(f"this machine refuses: {os.strerror(number).lower()}", 1)
        case FileNotFoundError() if not _is_somewhere():
            return _said("the current directory is gone", 2)
        case _:
            if os.environ.get("REMIT_DEBUG"):
                traceback.print_exception(error)
            return _said(f"this is a bug of remit ({type(error).__name__}: {error})", 70)


def _is_somewhere() -> bool:
    try:
        return bool(Path.cwd())
    except FileNotFoundError:
        return False


def _said(message: str, code: int) -> int:
    print(f"remit: {_one_line(message)}", file=sys.stderr)
    return code


def _one_line(text: str) -> str:
    """A message in which nothing is hidden: what a file or a word brought along may steer a terminal."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
