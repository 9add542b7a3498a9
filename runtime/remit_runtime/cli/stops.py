"""`halt`, `kill` and `lift`: narrowing that works at once, each act audited."""

from __future__ import annotations

import argparse

from remit_runtime.cli import here
from remit_runtime.errors import UsageError
from remit_runtime.journal.records import Scope


def scope_of(text: str) -> Scope:
    """The scope that a word names.

    Raises:
        UsageError: it names none.
    """
    kind, _, name = text.partition(":")
    match kind:
        case "everything" if not name:
            return Scope("everything")
        case "run" | "agent" | "tool" | "bundle" if name:
            return Scope(kind, name)
        case _:
            message = f"`{text}` is not `run:ID`, `agent:ID`, `tool:ID`, `bundle:DIGEST` or `everything`"
            raise UsageError("scope_malformed", message)


def halt(arguments: argparse.Namespace) -> int:
    """Suspends a scope."""
    scope = scope_of(arguments.scope)
    with here.runtime() as runtime:
        runtime.journal.halt(scope, here.local_user(), arguments.reason)
    print(f"halted {scope}")
    return 0


def kill(arguments: argparse.Namespace) -> int:
    """Kills a scope; runs that nobody drives end now, the others when they next decide or begin something."""
    scope = scope_of(arguments.scope)
    with here.runtime() as runtime:
        covered = runtime.journal.kill(scope, here.local_user(), arguments.reason)
        runtime.journal.sweep(runtime.owner)
    print(f"killed {scope}, {covered} {'run' if covered == 1 else 'runs'} that had not ended")
    return 0


def lift(arguments: argparse.Namespace) -> int:
    """Lifts the halts and kills of a scope; 1 when none was in force."""
    scope = scope_of(arguments.scope)
    with here.runtime() as runtime:
        lifted = runtime.journal.lift(scope, here.local_user(), arguments.reason)
    print(f"lifted {scope}" if lifted else f"nothing was in force for {scope}")
    return 0 if lifted else 1
