"""Findings as a person and as a program reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.conformance.finding import Finding
from remit_runtime.gateway.redact import shown

MAX_REASONS = 8


def findings_text(bundle: VerifiedBundle, findings: Sequence[Finding]) -> str:
    """One line for each invariant, and why where it is not simply held."""
    lines = [f"{bundle.digest}  in {bundle.environment}"]
    for one in findings:
        status = one.status.replace("_", " ")
        seen = f"  [{' '.join(one.evidence[:3])}]" if one.evidence else ""
        lines.append(f"{one.number:>2}  {status:<15} {one.invariant}: {one.tried} attempts{seen}")
        lines += [f"    {shown(reason)}" for reason in one.reasons[:MAX_REASONS]]
        if len(one.reasons) > MAX_REASONS:
            lines.append(f"    and {len(one.reasons) - MAX_REASONS} more")
    return "\n".join(lines)


def findings_json(bundle: VerifiedBundle, findings: Sequence[Finding]) -> str:
    """The same as one JSON object, with ASCII only."""
    body = {
        "version": 1,
        "bundle": bundle.digest,
        "environment": bundle.environment,
        "invariants": [asdict(one) for one in findings],
    }
    return json.dumps(body, sort_keys=True)
