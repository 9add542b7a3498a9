"""The words of the command line; what a command does is named here and imported when it runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING

COMMANDS = ("run", "runs", "agents", "halt", "kill", "lift", "audit", "traces", "verify", "conformance")

_NEWEST = "the newest in `bundles` of the local state"
_SCOPE = "run:ID, agent:ID, tool:ID, bundle:DIGEST or everything"

if TYPE_CHECKING:  # argparse has no public name for what `add_subparsers` gives
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def add_commands(commands: Commands, names: Collection[str] = COMMANDS, run_without: str = _NEWEST) -> None:
    """Adds the runtime's commands of these names to a parser's subcommands.

    `run_without` says which bundle `run` takes where none is named. Each command sets `does` to `module:function`;
    the function takes the parsed arguments and gives the exit code.
    """
    makers: dict[str, Callable[[Commands], None]] = {
        "run": partial(_run, without=run_without),
        "runs": _runs,
        "agents": _agents,
        "halt": _halt,
        "kill": _kill,
        "lift": _lift,
        "audit": _audit,
        "traces": _traces,
        "verify": _verify,
        "conformance": _conformance,
    }
    for name in COMMANDS:
        if name in names:
            makers[name](commands)


def _command(commands: Commands, name: str, does: str, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
    command.set_defaults(does=f"remit_runtime.cli.{does}")
    return command


def _format(command: argparse.ArgumentParser) -> None:
    command.add_argument("--format", choices=("text", "json"), default="text")


def _bundle(command: argparse.ArgumentParser, without: str = _NEWEST) -> None:
    command.add_argument("--bundle", metavar="FILE|DIGEST", help=f"default: {without}")
    command.add_argument("--env", default="dev", metavar="ENV", help="the environment whose trust counts")


def _run(commands: Commands, without: str) -> None:
    run = _command(commands, "run", "run:run", "run an agent of a bundle")
    run.add_argument("agent", metavar="AGENT")
    _bundle(run, without)
    run.add_argument("--task", metavar="TYPE", help="default: the agent's only one")
    run.add_argument(
        "--input",
        action="extend",
        nargs="+",
        default=[],
        metavar="FILE|-|k=v",
        help="a JSON file, - for standard input, or single fields",
    )
    run.add_argument(
        "--workspace",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="a Git repository; default: `repository` is the enclosing one",
    )
    run.add_argument(
        "--quoted",
        action="append",
        default=[],
        metavar="FIELD",
        help="a field of the input that holds words of others, not yours",
    )
    run.add_argument("--script", metavar="FILE", help="answers of the model, in `dev` only")
    _claim(run)
    _format(run)


def _runs(commands: Commands) -> None:
    runs = commands.add_parser("runs", help="look at runs, answer, cancel or resume them")
    inner = runs.add_subparsers(dest="runs_command", metavar="COMMAND", required=True)
    listed = _command(inner, "list", "runs:list_runs", "list runs, the newest first")
    listed.add_argument("--agent", metavar="AGENT")
    listed.add_argument("--status", choices=("running", "waiting", "ended"))
    listed.add_argument("--limit", type=int, default=50)
    show = _command(
        inner, "show", "runs:show_run", "print every state, decision, call and audit row of a run"
    )
    explain = _command(
        inner, "explain", "explain:explain_run", "answer fifteen questions about a run from its events"
    )
    trace = _command(
        inner, "trace", "explain:trace_run", "draw a run as a tree, with what each part took and cost"
    )
    audit = _command(inner, "audit", "runs:audit_run", "print the audit rows of a run")
    cancel = _command(inner, "cancel", "runs:cancel_run", "cancel a run: it decides and begins nothing more")
    resume = _command(inner, "resume", "run:resume_run", "take up a run that was left")
    for command in (show, explain, trace, audit, cancel, resume):
        command.add_argument("run", metavar="RUN")
    resume.add_argument("--bundle", metavar="FILE|DIGEST", help="default: the run's, from the local state")
    resume.add_argument(
        "--script", metavar="FILE", help="the script the run was started with; the journal has it too"
    )
    approvals = _command(
        inner, "approvals", "approvals:list_approvals", "print everything that waits for people"
    )
    for command in (listed, show, explain, trace, audit, resume, approvals):
        _format(command)
    _answers(inner)


def _answers(inner: Commands) -> None:
    """The commands by which people answer."""
    approve = _command(inner, "approve", "approvals:approve", "approve what a run waits for")
    deny = _command(inner, "deny", "approvals:deny", "deny what a run waits for")
    answer = _command(inner, "answer", "approvals:answer", "answer what a model asks")
    for command in (approve, deny, answer):
        command.add_argument("run", metavar="RUN")
        command.add_argument(
            "--bundle", metavar="FILE|DIGEST", help="default: the run's, from the local state"
        )
    for command in (approve, deny):
        command.add_argument("approval", metavar="APPROVAL", nargs="?", help="default: the only one")
        command.add_argument("--reason", default="", metavar="TEXT", help="stands in the journal")
        who = command.add_mutually_exclusive_group()
        _claim(who)
        who.add_argument("--key", metavar="KEYID", help="sign with a key of `keys` in the local state")
    answer.add_argument("text", metavar="TEXT", help="goes to the model as untrusted text")
    answer.add_argument("--question", metavar="QUESTION", help="default: the only one")
    _claim(answer)


def _claim(command: argparse.ArgumentParser | argparse._MutuallyExclusiveGroup) -> None:  # pyright: ignore[reportPrivateUsage]
    command.add_argument(
        "--as", dest="principal", metavar="PRINCIPAL", help="claim a principal, in `dev` only"
    )


def _agents(commands: Commands) -> None:
    agents = _command(commands, "agents", "bundles:list_agents", "list the agents of a bundle")
    _bundle(agents)
    _format(agents)


def _halt(commands: Commands) -> None:
    halt = _command(commands, "halt", "stops:halt", "suspend a scope until it is lifted")
    _scope(halt)


def _kill(commands: Commands) -> None:
    kill = _command(commands, "kill", "stops:kill", "end the runs of a scope for good")
    _scope(kill)


def _lift(commands: Commands) -> None:
    lift = _command(
        commands, "lift", "stops:lift", "lift the halts and kills of a scope; killed runs stay killed"
    )
    _scope(lift)


def _scope(command: argparse.ArgumentParser) -> None:
    command.add_argument("scope", metavar="SCOPE", help=_SCOPE)
    command.add_argument("--reason", required=True, metavar="TEXT", help="stands in the audit")


def _audit(commands: Commands) -> None:
    audit = commands.add_parser("audit", help="verify the audit of this machine")
    inner = audit.add_subparsers(dest="audit_command", metavar="COMMAND", required=True)
    verify = _command(inner, "verify", "runs:verify_audit", "verify every hash of the audit and of the runs")
    _format(verify)


def _traces(commands: Commands) -> None:
    traces = commands.add_parser("traces", help="send the traces that no receiver has taken yet")
    inner = traces.add_subparsers(dest="traces_command", metavar="COMMAND", required=True)
    send = _command(inner, "send", "explain:send_traces", "send the spans that wait in the spool")
    _format(send)


def _verify(commands: Commands) -> None:
    verify = _command(
        commands, "verify", "bundles:verify", "verify a bundle against the keys this machine trusts"
    )
    verify.add_argument("bundle", metavar="FILE|DIGEST")
    verify.add_argument("--attestations", metavar="FILE", help="default: the file beside the bundle")
    verify.add_argument("--env", default="dev", metavar="ENV")
    _format(verify)


def _conformance(commands: Commands) -> None:
    conformance = _command(
        commands, "conformance", "conformance:check", "try to break the twelve invariants with a bundle"
    )
    conformance.add_argument("bundle", metavar="FILE|DIGEST")
    conformance.add_argument("--env", default="dev", metavar="ENV", help="the environment whose trust counts")
    _format(conformance)
