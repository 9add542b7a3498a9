"""What an operator types through the compiler: run, which compiles the bundle it needs when it is given none."""

from __future__ import annotations

import argparse
from pathlib import Path

from remit.cli.author import report_of, tree_of
from remit.cli.here import clock, version_of
from remit.cli.release import facts, signers
from remit.git import dirty_definitions, enclosing_root, head_commit
from remit.release.ship import Evaluated, Sealed, released, sealed
from remit_runtime.cli import here
from remit_runtime.cli import run as runtime_run
from remit_runtime.errors import UsageError
from remit_runtime.trust.roots import DEV

NO_COMMIT = "0" * 40
"""The commit of definitions that are only on disk."""


def run(arguments: argparse.Namespace) -> int:
    """Runs an agent of a bundle; without one, of the definitions on disk, compiled for `dev`."""
    if arguments.bundle is None:
        if arguments.env != DEV:
            raise UsageError(
                "bundle_missing", f"`{arguments.env}` runs released bundles: name one with `--bundle`"
            )
        made = _compiled()
        if isinstance(made, int):
            return made
        arguments.bundle = str(made)
    return runtime_run.run(arguments)


def _compiled() -> Path | int:
    started = clock()
    root = enclosing_root(Path())
    if root is None:
        raise UsageError("no_root", "there is no `remit.yaml` here or above: name a bundle with `--bundle`")
    made = sealed(tree_of(root), DEV)
    if not isinstance(made, Sealed):
        return report_of(made)
    head = head_commit(root)
    commit = NO_COMMIT if head is None or dirty_definitions(root) else head
    directory = here.home() / "bundles"
    build = facts(commit, started)
    paths = released(made, Evaluated({}, ()), build, signers(DEV), directory, version_of("remit-runtime"))
    return paths.bundle


def run_bundle(
    bundle: Path, agent: str, *, environment: str, task: str | None, inputs: list[str], script: str | None
) -> int:
    """Runs an agent of a bundle file, and shows the last text it leaves behind."""
    arguments = argparse.Namespace(
        agent=agent,
        bundle=str(bundle),
        env=environment,
        task=task,
        input=inputs,
        workspace=[],
        script=script,
        principal=None,
        format="text",
    )
    return runtime_run.run(arguments)
