"""What a command that could not finish says, and its exit code."""

from __future__ import annotations

import os
import sys
import traceback

from remit_runtime.errors import RemitError, UsageError


def code_of(error: Exception) -> int:
    """Says what went wrong on standard error and gives the exit code. A traceback only where `REMIT_DEBUG` is set."""
    match error:
        case UsageError():
            return _said(error.message, 2)
        case RemitError():
            return _said(f"{error.code}: {error.message}", 1)
        case _:
            if os.environ.get("REMIT_DEBUG"):
                traceback.print_exception(error)
            return _said(f"this is a bug of remit ({type(error).__name__}: {error})", 70)


def _said(message: str, code: int) -> int:
    from remit_runtime.gateway.redact import shown

    print(f"remitd: {shown(message)}", file=sys.stderr)
    return code
