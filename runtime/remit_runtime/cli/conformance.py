"""`conformance`: the twelve invariants, tried with the agents, tools and policies of one bundle."""

from __future__ import annotations

import argparse
import base64
from pathlib import Path
from tempfile import TemporaryDirectory

from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.canonical import decode_strict
from remit_runtime.cli import bundles, here
from remit_runtime.conformance.check import conformance
from remit_runtime.conformance.render import findings_json, findings_text
from remit_runtime.trust.envelope import Envelope
from remit_runtime.trust.statement import TEST_RESULT
from remit_runtime.trust.verify import attestations_beside, open_verified


def check(arguments: argparse.Namespace) -> int:
    """Prints what was found of each invariant: 1 where one is violated, 3 where one is not proven."""
    path = bundles.find(arguments.bundle)
    bundle = bundles.opened(arguments.bundle, arguments.env)
    findings = conformance(bundle, here.now_ms(), lambda: reopened(path, arguments.env))
    text = findings_json if arguments.format == "json" else findings_text
    print(text(bundle, findings))
    statuses = {one.status for one in findings}
    return 1 if "violated" in statuses else 3 if "not_proven" in statuses else 0


def reopened(path: Path, environment: str) -> VerifiedBundle:
    """The bundle opened without the results of its suites, where that is let through.

    Raises:
        BundleRejected: it is not, as it should be where evidence is demanded.
    """
    with TemporaryDirectory(prefix="remit-conformance-") as folder:
        bare = Path(folder) / "bare.attestations.jsonl"
        bare.write_bytes(_without_results(attestations_beside(path).read_bytes()))
        return open_verified(path, bare, here.home(), environment, here.now_ms())


def _without_results(attestations: bytes) -> bytes:
    """Attestations that were verified before, without those that say how a suite went."""
    lines = attestations.splitlines(keepends=True)
    return b"".join(line for line in lines if TEST_RESULT.encode() not in _payload(line))


def _payload(line: bytes) -> bytes:
    return base64.b64decode(decode_strict(line.rstrip(b"\n"), Envelope).payload)
