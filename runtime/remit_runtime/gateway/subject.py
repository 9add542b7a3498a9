"""What an approval is bound to: one call of one run, and no other."""

from __future__ import annotations

from remit_runtime.canonical import Digest, canonical_json, digest_of


def subject_of(
    *,
    run: str,
    agent: str,
    version: str,
    bundle: Digest,
    tool: str,
    arguments: Digest,
    resource: tuple[str, str],
) -> Digest:
    """The digest of run, agent version, tool, canonical arguments, resource and bundle."""
    return digest_of(
        canonical_json(
            {
                "agent": agent,
                "arguments": arguments,
                "bundle": bundle,
                "resource": list(resource),
                "run": run,
                "tool": tool,
                "version": version,
            }
        )
    )
