"""The `remit` command: a module for each group of commands, imported when one of its commands runs.

Exit codes of every command: 0 good, 1 findings or refused, 2 usage, 3 not proven, 4 waits for a person, 70 our own bug.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

GOOD, REFUSED, USAGE, NOT_PROVEN, WAITING, OUR_BUG = 0, 1, 2, 3, 4, 70

_ONLY_LOOK = ("check", "fix", "explain", "schema", "agents")

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    from remit.cli.words import parser

    # While modules load, the cyclic collector would walk them again and again; what only looks ends before it helps.
    gc.disable()
    _let_all_text_out()
    # Plugins of other packages would run inside the parsing of definitions, and to look for them costs 60 ms.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    try:
        arguments = parser(words).parse_args(words)
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
        from remit.cli.failure import code_of

        return code_of(error)


def _let_all_text_out() -> None:
    """Escapes what the encoding of a terminal or pipe cannot say, so that no file name or line ends a command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command not in _ONLY_LOOK:
        gc.enable()
    module, _, name = str(arguments.does).partition(":")
    code: int = getattr(import_module(module), name)(arguments)
    return code
