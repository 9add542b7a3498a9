"""The requests grader: which writes the services of a case received, in which order, with which bodies."""

from __future__ import annotations

from typing import Any

from remit.evals.graders.observed import Grader, Observed, Request, is_array, is_object
from remit.evals.graders.output import difference
from remit.evals.graders.sequence import missed

KEYS = frozenset(("body", "host", "method", "path"))


def writes(grader: Grader, observed: Observed, expected: object) -> str | None:
    """None when the writes received are the expected ones, in the grader's order."""
    if not is_array(expected):
        return "the case lists no requests for this grader"
    return missed(observed.writes, expected, grader.order, _differs, _named, "write")


def _differs(sent: Request, wanted: Any) -> str | None:
    if not is_object(wanted) or not wanted or set(wanted) - KEYS:
        return "the case names a request by `method`, `path`, `host` and `body` only"
    for name, found in (("method", sent.method), ("path", sent.path), ("host", sent.host)):
        if name in wanted and wanted[name] != found:
            return f"`{sent.method} {sent.path}` was sent, expected {_named(wanted)}"
    return difference(sent.body, wanted["body"], "body", subset=True) if "body" in wanted else None


def _named(wanted: Any) -> str:
    words = [str(wanted.get(name, "")) for name in ("method", "path")] if is_object(wanted) else [str(wanted)]
    return f"`{' '.join(word for word in words if word)}`"
