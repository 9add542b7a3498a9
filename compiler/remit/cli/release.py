"""What a release manager types: build, ship."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from remit.cli.author import report_of
from remit.cli.gate import EXIT, evaluation_text, progress
from remit.cli.here import clock, did_you_mean, today, version_of
from remit.git import commit_tree, dirty_definitions, enclosing_root, head_commit
from remit.release.provenance import BuildFacts
from remit.release.ship import Evaluated, Sealed, evaluated, released, sealed, suites_of
from remit_runtime.errors import TrustInvalid, UsageError
from remit_runtime.trust.keys import KeyMade, PrivateKey, ensure_dev_key, read_private_key
from remit_runtime.trust.roots import DEV, roots_of
from remit_runtime.trust.state import home_of
from remit_runtime.trust.verify import open_verified

BUILDER = "remit:local"


def build(arguments: argparse.Namespace) -> int:
    """Seals and signs the bundle of HEAD without running evals, and prints its digest."""
    root = _root()
    made = _sealed_head(root, arguments.to)
    if not isinstance(made, tuple):
        return made
    sealed_head, commit, started = made
    nothing = Evaluated({}, ())
    keys = signers(arguments.to)
    paths = released(
        sealed_head,
        nothing,
        facts(commit, started),
        keys,
        Path(arguments.output),
        version_of("remit-runtime"),
    )
    print(paths.bundle)
    print(sealed_head.bundle.digest)
    return 0


def ship(arguments: argparse.Namespace) -> int:
    """Checks, seals, evaluates, signs, verifies and loads the bundle of HEAD, and runs an agent of it."""
    root = _root()
    made = _sealed_head(root, arguments.to)
    if not isinstance(made, tuple):
        return made
    sealed_head, commit, started = made
    _known_agent(sealed_head, arguments.run)
    # Before the evals, which may take long: without keys nothing can come of them.
    keys = signers(arguments.to)
    names = ", ".join(f"{entry.id}@{entry.version}" for entry in sealed_head.lowered.entries)
    print(f"checked and sealed {commit[:12]} for {arguments.to}: {names}")
    shown = evaluated(
        sealed_head, suites_of(sealed_head), clock, os.environ.get("PATH", os.defpath), progress()
    )
    verdict = evaluation_text(shown)
    judged = shown.in_the_way_of(arguments.to)
    if judged != "passed":
        print(verdict, end="")
        print(f"nothing was shipped: the gates of `{arguments.to}` say {judged.replace('_', ' ')}")
        return EXIT[judged]
    home = home_of(os.environ, Path.cwd())
    directory = Path(arguments.output or home / "bundles")
    paths = released(sealed_head, shown, facts(commit, started), keys, directory, version_of("remit-runtime"))
    bundle = open_verified(paths.bundle, paths.attestations, home, arguments.to, clock())
    print(f"signed, verified and loaded {paths.bundle}")
    print(bundle.digest)
    print(verdict, end="")
    if arguments.run is None:
        return 0
    from remit.cli.operate import run_shipped

    return run_shipped(arguments, paths.bundle)


def _known_agent(made: Sealed, wanted: str | None) -> None:
    if wanted is not None and wanted not in made.lowered.agents:
        environment = made.lowered.environment
        raise UsageError(
            "no_such_agent",
            f"there is no agent `{wanted}` in `{environment}`{did_you_mean(wanted, made.lowered.agents)}",
        )


def _root() -> Path:
    root = enclosing_root(Path())
    if root is None:
        raise UsageError("no_root", "there is no `remit.yaml` here or above; `remit init` writes one")
    return root


def _sealed_head(root: Path, environment: str) -> tuple[Sealed, str, int] | int:
    """The sealed bundle of HEAD with its commit and when it was begun, or the exit code of what is in the way."""
    if head_commit(root) is None:
        raise UsageError("no_commit", f"a bundle is made of a commit, and `{root}` has none yet")
    dirty = dirty_definitions(root)
    if dirty:
        listed = "".join(f"\n  {path}" for path in dirty[:20])
        more = f"\n  and {len(dirty) - 20} more" if len(dirty) > 20 else ""
        print(f"these files differ from HEAD; commit or restore them first:{listed}{more}")
        return 1
    started = clock()
    with commit_tree(root) as tree:
        made = sealed(tree, environment, today())
        if not isinstance(made, Sealed):
            return report_of(made)
        return made, tree.commit or "", started


def facts(commit: str, started: int) -> BuildFacts:
    """What this machine knows of a build."""
    return BuildFacts(".", commit, BUILDER, version_of("remit"), started, clock())


def signers(environment: str) -> tuple[PrivateKey, ...]:
    """The keys of this machine that the environment trusts. The key of `dev` is made, and announced, if need be.

    Raises:
        TrustInvalid: there is no such key, or a key file does not hold.
    """
    home = home_of(os.environ, Path.cwd())
    if environment == DEV:
        key = ensure_dev_key(home)
        if isinstance(key, KeyMade):
            # Not on standard output: what follows there may be read by a program.
            print(f"made the key of `dev` for this machine: {key.path} ({key.keyid[:16]})", file=sys.stderr)
        return (read_private_key(key.path),)
    roots = roots_of(home, environment)
    found = [read_private_key(path) for path in sorted((home / "keys").glob("*.key"))]
    trusted = tuple(key for key in found if key.public.keyid in roots.keys)
    if len(trusted) < roots.threshold:
        raise TrustInvalid(
            "signers_missing",
            f"`{environment}` asks for {roots.threshold} signatures and {len(trusted)} of its keys are here",
        )
    return trusted
