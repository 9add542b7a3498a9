"""The words of the command line, group by group; what a command does is named here and imported when it runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

TYPE_CHECKING = False  # see `remit.cache.store`
if TYPE_CHECKING:
    from typing import TypeAlias

    _Action = argparse._SubParsersAction  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] -- it has no other name
    Commands: TypeAlias = _Action[argparse.ArgumentParser]

_FORMATS = ("text", "json", "sarif", "github")
RUNTIME_COMMANDS = ("run", "runs", "verify", "halt", "kill", "lift", "audit", "traces", "conformance")
"""Commands that belong to the runtime and are the same under both names."""


def parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of a command line; the runtime's commands are there unless one of the compiler's own is asked for."""
    top = argparse.ArgumentParser(
        prog="remit",
        description="Compile a Git repository of agent definitions into one signed bundle, and run it.",
    )
    # To look the version up costs more than to read ten files.
    top.add_argument("--version", action="version", version=_version() if "--version" in words else "")
    commands = top.add_subparsers(
        # Without the name it is made up by formatting help, for which the width of the terminal is looked up.
        prog=top.prog,
        dest="command",
        metavar="COMMAND",
        required=True,
    )
    _author(commands)
    _gate(commands)
    _release(commands)
    if not _asks_compiler(words, commands):
        from remit_runtime.cli import add_commands

        add_commands(commands, RUNTIME_COMMANDS, run_without="the definitions on disk, compiled for `dev`")
        # The same command, but without a bundle it compiles the one it needs.
        commands.choices["run"].set_defaults(does="remit.cli.operate:run")
    return top


def _asks_compiler(words: Sequence[str], commands: Commands) -> bool:
    first = next((word for word in words if not word.startswith("-")), None)
    return first in commands.choices


def _version() -> str:
    from importlib.metadata import version

    return f"remit {version('remit')}"


def _command(commands: Commands, name: str, does: str, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
    command.set_defaults(does=f"remit.cli.{does}")
    return command


def _author(commands: Commands) -> None:
    init = _command(commands, "init", "author:init", "write a first repository that compiles and runs")
    init.add_argument("directory", nargs="?", default=".")
    init.add_argument("--organisation", metavar="WORD", help="default: the name of the directory")
    init.add_argument("--template", metavar="NAME", help="an agent of a common kind, such as `reviewer`")
    check = _command(commands, "check", "check:check", "find everything that is wrong with the definitions")
    check.add_argument("directory", nargs="?", default=".")
    check.add_argument("--format", choices=_FORMATS, default="text")
    check.add_argument("--no-cache", action="store_true", help="judge everything, and remember nothing")
    check.add_argument(
        "--statistics", action="store_true", help="print what was read and judged, as JSON on standard error"
    )
    fix = _command(commands, "fix", "fix:fix", "show the safe corrections as a diff, or make them")
    fix.add_argument("directory", nargs="?", default=".")
    fix.add_argument("--write", action="store_true", help="make the corrections")
    explain = _command(commands, "explain", "author:explain", "print the page of a rule")
    explain.add_argument("rule", metavar="CODE", help="a code such as REF001, or a name")
    schema = _command(
        commands, "schema", "author:schema", "print the JSON Schema of the language, for editors"
    )
    schema.add_argument("kind", nargs="?", help="one kind only")
    agents = _command(commands, "agents", "author:agents", "list the agents of the repository")
    agents.add_argument("directory", nargs="?", default=".")
    agents.add_argument("--format", choices=("text", "json"), default="text")


def _gate(commands: Commands) -> None:
    evals = _command(commands, "eval", "gate:evaluate", "run eval suites and judge their gates")
    evals.add_argument("suites", nargs="*", metavar="SUITE", help="default: all of them")
    evals.add_argument("--to", default="dev", metavar="ENV", help="whose gates judge; default: `dev`")
    evals.add_argument("--format", choices=("text", "json"), default="text")


def _release(commands: Commands) -> None:
    build = _command(commands, "build", "release:build", "seal and sign the bundle of the commit at HEAD")
    _for_whom(build)
    build.add_argument("-o", "--output", required=True, metavar="DIR")
    keys = _command(commands, "keys", "keys:keys", "show the keys of this machine, or make one")
    keys.add_argument("new", nargs="?", metavar="NAME", help="make a key of this name")
    keys.add_argument("--format", choices=("text", "json"), default="text")
    ship = _command(
        commands, "ship", "release:ship", "check, seal, eval, sign, verify and load the commit at HEAD"
    )
    _for_whom(ship)
    ship.add_argument("-o", "--output", metavar="DIR", help="default: `bundles` in the local state")
    ship.add_argument("--run", metavar="AGENT", help="then run this agent on the enclosing repository")
    ship.add_argument("--task", metavar="TYPE", help="of the run; default: the agent's only one")
    ship.add_argument(
        "--input",
        action="extend",
        nargs="+",
        default=[],
        metavar="FILE|-|k=v",
        help="of the run: a JSON file, - for standard input, or single fields",
    )
    ship.add_argument("--script", metavar="FILE", help="answers of the model in the run, in `dev` only")


def _for_whom(command: argparse.ArgumentParser) -> None:
    command.add_argument("--to", default="dev", metavar="ENV", help="for this environment; default: `dev`")
