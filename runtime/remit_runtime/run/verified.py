"""What a run is about to give back, held to its schema and to the guardrails of its agent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from remit_runtime.gateway.guardrails import evidence_faults, secrets_in
from remit_runtime.gateway.load import Gateway
from remit_runtime.journal.events import CheckMade, OutputVerified
from remit_runtime.models.json_text import Json, trusted_json
from remit_runtime.run.effects import Verify


def verified(gateway: Gateway, effect: Verify) -> OutputVerified:
    """The checks that were made, each with whether it holds. No detail repeats a value.

    Raises:
        BundleRejected: the schema cannot be read.
    """
    value = trusted_json(effect.output)
    files: dict[str, Json] = {name: trusted_json(text) for name, text in effect.artifacts}
    checks = [_check("output_schema", gateway.schemas.schema(effect.schema).faults(value))]
    if effect.min_evidence > 0:
        checks.append(_check("min_evidence_per_finding", evidence_faults(value, effect.min_evidence)))
    secrets = [f"{rule} found a secret in the output" for rule in secrets_in(value, gateway.redactor)]
    secrets += [
        f"{rule} found a secret in the artifact `{name}`"
        for name, content in files.items()
        for rule in secrets_in(content, gateway.redactor)
    ]
    checks.append(_check("secret_exposure", secrets))
    return OutputVerified(effect.state, tuple(checks))


def _check(
    name: Literal["output_schema", "min_evidence_per_finding", "secret_exposure"], faults: Iterable[str]
) -> CheckMade:
    detail = "; ".join(faults)
    return CheckMade(name, passed=not detail, detail=detail or None)
