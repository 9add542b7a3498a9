"""The `remitd` command, which works without the compiler; `remit` takes the same commands from `add_commands`.

Exit codes of every command: 0 good, 1 refused or an unsuccessful run, 2 usage, 3 not proven, 4 waits for a person,
70 our own bug.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from remit_runtime.cli.words import COMMANDS, add_commands

GOOD, REFUSED, USAGE, NOT_PROVEN, WAITING, OUR_BUG = 0, 1, 2, 3, 4, 70

__all__ = ["COMMANDS", "add_commands", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    top = argparse.ArgumentParser(
        prog="remitd", description="Load a signed bundle and run its agents within their remit."
    )
    add_commands(top.add_subparsers(dest="command", metavar="COMMAND", required=True))
    try:
        arguments = top.parse_args(words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else USAGE
    try:
        return _run(arguments)
    except BrokenPipeError:
        # Whoever read our output has gone; what is left has no reader.
        sys.stderr.close()
        return REFUSED
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the one place where our own bugs end: said, never a traceback
        from remit_runtime.cli.failure import code_of

        return code_of(error)


def _run(arguments: argparse.Namespace) -> int:
    module, _, name = str(arguments.does).partition(":")
    code: int = getattr(import_module(module), name)(arguments)
    return code
