"""How a send ended: with an output of the declared form, or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from remit_runtime.gateway.recorded import Recorded, recorded
from remit_runtime.gateway.redact import Redactor
from remit_runtime.models.json_text import Json


@dataclass(frozen=True, slots=True)
class Answered:
    """The tool gave an output of its declared form; `code` flags what was done to it."""

    output: Recorded
    code: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """The tool did not answer as declared. `output` says what may be shown of why.

    `again` says that another attempt may end better; whether it may be made is the tool's to say.
    """

    outcome: Literal["error", "unknown"]
    code: str
    reason: str
    output: Recorded | None
    again: bool = False


def failed(
    outcome: Literal["error", "unknown"],
    code: str,
    reason: str,
    shown: Mapping[str, Json],
    redactor: Redactor,
    *,
    again: bool = False,
) -> Failed:
    """The failure with what may be shown of it, redacted."""
    return Failed(outcome, code, reason, recorded({**shown}, redactor) if shown else None, again)
