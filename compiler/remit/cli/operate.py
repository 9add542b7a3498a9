"""What an operator types through the compiler: run, which compiles the bundle it needs when it is given none."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from remit.cli.author import report_of, tree_of
from remit.cli.here import clock, today, version_of
from remit.cli.release import facts, signers
from remit.git import dirty_definitions, enclosing_root, head_commit
from remit.release.ship import Evaluated, Sealed, released, sealed
from remit_runtime.cli import here
from remit_runtime.cli import run as runtime_run
from remit_runtime.errors import UsageError
from remit_runtime.gateway.redact import shown
from remit_runtime.trust.roots import DEV

if TYPE_CHECKING:
    from remit.report import Format

NO_COMMIT = "0" * 40
"""The commit of definitions that are only on disk."""


def run(arguments: argparse.Namespace) -> int:
    """Runs an agent of a bundle; without one, of the definitions on disk, compiled for `dev`."""
    if arguments.bundle is None:
        if arguments.env != DEV:
            raise UsageError(
                "bundle_missing", f"`{arguments.env}` runs released bundles: name one with `--bundle`"
            )
        made = _compiled(arguments.format)
        if isinstance(made, int):
            return made
        arguments.bundle = str(made)
    return runtime_run.run(arguments)


def _compiled(form: Format) -> Path | int:
    started = clock()
    root = enclosing_root(Path())
    if root is None:
        raise UsageError("no_root", "there is no `remit.yaml` here or above: name a bundle with `--bundle`")
    made = sealed(tree_of(root), DEV, today())
    if not isinstance(made, Sealed):
        return report_of(made, form)
    head = head_commit(root)
    commit = NO_COMMIT if head is None or dirty_definitions(root) else head
    directory = here.home() / "bundles"
    build = facts(commit, started)
    paths = released(made, Evaluated({}, ()), build, signers(DEV), directory, version_of("remit-runtime"))
    return paths.bundle


SHOWN_LINES = 60
"""How much of a text that a shipped run leaves behind is shown; the file holds all of it."""


def run_shipped(arguments: argparse.Namespace, bundle: Path) -> int:
    """Runs an agent of a bundle that was just shipped, and shows the beginning of each text it leaves behind."""
    given = argparse.Namespace(
        agent=arguments.run,
        bundle=str(bundle),
        env=arguments.to,
        task=arguments.task,
        input=arguments.input,
        workspace=[],
        quoted=[],
        script=arguments.script,
        principal=None,
    )
    result = runtime_run.result_of(given)
    code = runtime_run.report(result, "text")
    for artifact in result.artifacts:
        if artifact.name.endswith((".md", ".txt")):
            print("\n" + _beginning(artifact.path))
    return code


def _beginning(path: Path) -> str:
    """The first lines of an untrusted text, fit for a terminal."""
    lines = path.read_text(encoding="utf-8").splitlines()
    shown_lines = [shown(line) for line in lines[:SHOWN_LINES]]
    if len(lines) > SHOWN_LINES:
        shown_lines.append(f"... and {len(lines) - SHOWN_LINES} more lines in {path}")
    return "\n".join(shown_lines)
