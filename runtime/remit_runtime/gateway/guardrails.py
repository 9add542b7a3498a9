"""Guardrails on what an agent gives back: enough evidence for each finding, and no secret in it."""

from __future__ import annotations

from collections.abc import Iterator

from remit_runtime.canonical import digest_of
from remit_runtime.gateway.redact import Redactor, redacted
from remit_runtime.models.json_text import Json, json_text

FINDINGS, EVIDENCE = "findings", "evidence"
MAX_FAULTS = 8


def evidence_faults(value: Json, minimum: int) -> list[str]:
    """What is wrong with the findings of a value, at most eight sentences that name places; none where `minimum` is 0.

    A finding is an item of an array under the key `findings`, at any depth. Its evidence is the array under its key
    `evidence`, and an item that stands there twice counts once.
    """
    found: list[str] = []
    for place, finding in _findings(value, ""):
        if len(found) == MAX_FAULTS or minimum == 0:
            break
        has = _evidence_of(finding)
        if has < minimum:
            found.append(f"`{place}` has {has} of the {minimum} pieces of evidence that a finding needs")
    return found


def secrets_in(value: Json, redactor: Redactor) -> tuple[str, ...]:
    """The ids of the rules that find a secret in a value. The mark of a secret that was cut out before is none."""
    return redacted(value, redactor).rules


def _findings(value: Json, place: str) -> Iterator[tuple[str, Json]]:
    match value:
        case dict():
            for key, item in value.items():
                here = f"{place}/{key}"
                if key == FINDINGS:
                    # Anything but an array would hide findings from the count: it is one without evidence.
                    items = list(enumerate(item)) if isinstance(item, list) else [(0, None)]
                    yield from ((f"{here}/{number}", one) for number, one in items)
                yield from _findings(item, here)
        case list():
            for number, item in enumerate(value):
                yield from _findings(item, f"{place}/{number}")
        case _:
            return


def _evidence_of(finding: Json) -> int:
    evidence = finding.get(EVIDENCE) if isinstance(finding, dict) else None
    return len({digest_of(json_text(one).encode()) for one in evidence}) if isinstance(evidence, list) else 0
