"""What a release manager types: build, keys, ship."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from remit.cli.author import report_of
from remit.cli.gate import EXIT, evaluation_text, progress
from remit.cli.here import clock, version_of
from remit.git import commit_tree, dirty_definitions, enclosing_root
from remit.release.build import Paths
from remit.release.provenance import BuildFacts
from remit.release.ship import Evaluated, Sealed, evaluated, released, sealed, suites_of
from remit_runtime.errors import TrustInvalid, UsageError
from remit_runtime.trust.keys import KeyMade, PrivateKey, ensure_dev_key, new_private_key, read_private_key
from remit_runtime.trust.keys import write_private_key as write_key
from remit_runtime.trust.roots import DEV, roots_of
from remit_runtime.trust.state import home_of, make_home
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
    names = ", ".join(f"{entry.id}@{entry.version}" for entry in sealed_head.lowered.entries)
    print(f"checked and sealed {commit[:12]} for {arguments.to}: {names}")
    shown = evaluated(
        sealed_head, suites_of(sealed_head), clock, os.environ.get("PATH", os.defpath), progress()
    )
    verdict = evaluation_text(shown)
    if shown.verdict != "passed":
        print(verdict, end="")
        print(f"nothing was shipped: the gates of `{arguments.to}` say {shown.verdict.replace('_', ' ')}")
        return EXIT[shown.verdict]
    paths = _put(sealed_head, shown, commit, started, arguments)
    home = home_of(os.environ, Path.cwd())
    bundle = open_verified(paths.bundle, paths.attestations, home, arguments.to, clock())
    print(f"signed, verified and loaded {paths.bundle}")
    print(bundle.digest)
    print(verdict, end="")
    if arguments.run is None:
        return 0
    from remit.cli.operate import run_shipped

    return run_shipped(arguments, paths.bundle)


def _put(made: Sealed, shown: Evaluated, commit: str, started: int, arguments: argparse.Namespace) -> Paths:
    directory = arguments.output or home_of(os.environ, Path.cwd()) / "bundles"
    keys = signers(arguments.to)
    return released(made, shown, facts(commit, started), keys, Path(directory), version_of("remit-runtime"))


def _root() -> Path:
    root = enclosing_root(Path())
    if root is None:
        raise UsageError("no_root", "there is no `remit.yaml` here or above; `remit init` writes one")
    return root


def _sealed_head(root: Path, environment: str) -> tuple[Sealed, str, int] | int:
    """The sealed bundle of HEAD with its commit and when it was begun, or the exit code of what is in the way."""
    dirty = dirty_definitions(root)
    if dirty:
        listed = "".join(f"\n  {path}" for path in dirty[:20])
        more = f"\n  and {len(dirty) - 20} more" if len(dirty) > 20 else ""
        print(f"these files differ from HEAD; commit or restore them first:{listed}{more}")
        return 1
    started = clock()
    with commit_tree(root) as tree:
        made = sealed(tree, environment)
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
            print(f"made the key of `dev` for this machine: {key.path} ({key.keyid[:16]})")
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


def keys(arguments: argparse.Namespace) -> int:
    """Shows the keys of this machine, or makes one and says what to put into `trust.toml`."""
    home = home_of(os.environ, Path.cwd())
    if arguments.new is not None:
        return _new_key(home, arguments.new)
    rows = [
        {"name": path.stem, "keyid": read_private_key(path).public.keyid, "path": str(path)}
        for path in sorted((home / "keys").glob("*.key"))
    ]
    if arguments.format == "json":
        print(json.dumps({"version": 1, "keys": rows}, indent=2))
        return 0
    if not rows:
        print(f"there is no key in {home / 'keys'}; the first `remit ship` makes that of `dev`")
    for row in rows:
        print(f"{row['name']}  {row['keyid']}  {row['path']}")
    return 0


def _new_key(home: Path, name: str) -> int:
    if not name.replace("-", "").replace("_", "").isalnum():
        raise UsageError("bad_name", f"a key is named by one word, not `{name}`")
    make_home(home)
    path = home / "keys" / f"{name}.key"
    key = new_private_key()
    if not write_key(path, key):
        raise UsageError("key_exists", f"there is a key `{path}` already")
    print(f"made {path}; to trust it, add to {home / 'trust.toml'}:\n")
    print(f'[keys.{key.public.keyid}]\nscheme = "ed25519"\npublic = "{key.public.raw.hex()}"')
    return 0
