"""Bundles on this machine: finding one by path or digest, keeping a copy, and saying what is in it."""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

from remit_runtime.bundle.container import read
from remit_runtime.bundle.limits import MAX_FILE_BYTES
from remit_runtime.bundle.manifest import SourceMap
from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.sealed import sealed_copy
from remit_runtime.canonical import is_digest
from remit_runtime.cli.here import home, now_ms
from remit_runtime.errors import BundleRejected, UsageError
from remit_runtime.gateway.redact import shown
from remit_runtime.run.admission import refusal_of
from remit_runtime.trust.verify import SUFFIX, attestations_beside, open_verified

BUNDLES = "bundles"


def find(given: str | None) -> Path:
    """The file of a bundle given by path or digest; without either the newest in `bundles` of the local state.

    Raises:
        UsageError: there is none.
    """
    folder = home() / BUNDLES
    if given is None:
        kept = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        if not kept:
            raise UsageError("bundle_missing", f"name a bundle with `--bundle`: `{folder}` holds none")
        return kept[-1]
    if not is_digest(given):
        if not Path(given).is_file():
            raise UsageError("bundle_missing", f"there is no bundle file `{given}`")
        return Path(given)
    return by_digest(given)


def by_digest(digest: str) -> Path:
    """The file in `bundles` of the local state that should hold a digest; whoever opens it checks that it does.

    Raises:
        UsageError: there is none.
    """
    folder = home() / BUNDLES
    found = sorted(folder.glob(f"*-{digest.removeprefix('sha256:')[:12]}{SUFFIX}"))
    if not found:
        raise UsageError(
            "bundle_missing", f"`{folder}` holds no bundle `{digest}`: name its file with `--bundle`"
        )
    return found[0]


def opened(given: str | None, environment: str, attestations: str | None = None) -> VerifiedBundle:
    """The verified bundle that was asked for.

    Raises:
        UsageError: there is none.
        BundleRejected: it does not hold, or it is not the digest that was asked for.
        TrustInvalid: this machine does not say whom the environment trusts.
    """
    path = find(given)
    beside = None if attestations is None else Path(attestations)
    bundle = open_verified(path, beside, home(), environment, now_ms())
    if given is not None and is_digest(given) and bundle.digest != given:
        raise BundleRejected("digest_other", f"`{path}` is not the bundle `{given}`")
    return bundle


def keep(path: Path, bundle: VerifiedBundle) -> None:
    """Keeps a copy of a bundle and its attestations in `bundles` of the local state, where resumed runs find it.

    Raises:
        UsageError: it cannot be written.
    """
    name = f"{bundle.manifest.organisation}-{bundle.digest.removeprefix('sha256:')[:12]}{SUFFIX}"
    target = home() / BUNDLES / name
    if target.exists():
        return
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for source, kept in ((attestations_beside(path), attestations_beside(target)), (path, target)):
            half = kept.with_name(f".{kept.name}.part")
            shutil.copyfile(source, half)
            half.replace(kept)
    except OSError as error:
        raise UsageError("home_unwritable", f"`{target.parent}` cannot keep the bundle") from error


def source_map_of(digest: str) -> SourceMap | None:
    """The source map of a bundle kept on this machine, if its bytes are what the digest says; trust plays no part."""
    try:
        sealed = sealed_copy(by_digest(digest), MAX_FILE_BYTES)
        if sealed.digest != digest:
            return None
        contents = read(sealed.view)
        return contents.objects.typed(contents.manifest.source_map, SourceMap)
    except (UsageError, BundleRejected):
        return None


def list_agents(arguments: argparse.Namespace) -> int:
    """Prints the agents of a bundle with their version, lifecycle, evidence and what keeps them from running here."""
    bundle = opened(arguments.bundle, arguments.env)
    agents = [_agent(bundle, entry.id) for entry in bundle.agents()]
    if arguments.format == "json":
        print(json.dumps({"version": 1, "bundle": bundle.digest, "agents": agents}))
        return 0
    print(f"{bundle.manifest.organisation}  {bundle.digest}  for {bundle.environment}")
    for agent in agents:
        print(f"{agent['id']}  {agent['version']}  {agent['lifecycle']}  {agent['evidence']}")
        print(f"  {shown(str(agent['purpose']))}")
        if agent["refused"]:
            print(f"  does not run here: {shown(str(agent['refused']))}")
    return 0


def _agent(bundle: VerifiedBundle, name: str) -> dict[str, object]:
    entry = bundle.entry(name)
    card = bundle.card(entry.card)
    suites = bundle.evidence.for_closure(entry.closure)
    refused = refusal_of(bundle, name)
    evidence = "no evidence"
    if suites:
        evidence = "proven" if all(suite.passed for suite in suites) else "not proven"
    return {
        "id": entry.id,
        "version": entry.version,
        "closure": entry.closure,
        "name": card.name,
        "purpose": card.purpose,
        "owner": card.owner,
        "lifecycle": card.lifecycle,
        "evidence": evidence,
        "suites": [suite.suite for suite in suites],
        "refused": None if refused is None else refused.message,
    }


def verify(arguments: argparse.Namespace) -> int:
    """Prints what was verified of a bundle: its digest, who built and signed it, and each gate's figures."""
    bundle = opened(arguments.bundle, arguments.env, arguments.attestations)
    evidence = bundle.evidence
    if arguments.format == "json":
        body = {
            "version": 1,
            "digest": bundle.digest,
            "environment": bundle.environment,
            "commit": evidence.build.commit,
            "builder": evidence.build.builder,
            "signers": list(evidence.signers),
            "levels": list(evidence.levels),
            "agents": [f"{entry.id}@{entry.version}" for entry in bundle.agents()],
        }
        print(json.dumps(body))
        return 0
    print(f"{bundle.digest}  holds, for {bundle.environment}")
    print(f"  built    {evidence.build.builder} at commit {evidence.build.commit}")
    print(f"  signed   {', '.join(evidence.signers)}")
    print(f"  levels   {', '.join(evidence.levels)}")
    for suite in evidence.suites:
        verdict = "passed" if suite.passed else "failed"
        print(f"  eval     {suite.agent}: suite `{suite.suite}` {verdict}")
        for gate in suite.gates:
            count = "" if gate.k is None else f"  {gate.k} of {gate.n}"
            print(f"           {gate.id}: {gate.metric}{count}")
    return 0
