"""Where spans go: to a receiver that the standard OpenTelemetry variables name, by OTLP over HTTP.

The libraries are the extra `remit-runtime[trace]`, and are imported when the first span is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from remit_runtime.trace import names
from remit_runtime.trace.span import Span

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
TIMEOUTS = ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT")
TIMEOUT_SECONDS = 3.0
"""How long a run that has ended waits for its receiver, where no variable says otherwise; the spans stay spooled."""
MAX_BATCH = 512
_NANOSECONDS = 1_000_000

Exporter = Callable[[Sequence[Span]], bool]
"""Whether a receiver took spans, all of them."""


@dataclass(frozen=True)
class Untraced:
    """Why no span can leave this machine."""

    reason: str


NOT_CONFIGURED = Untraced(f"neither `{TRACES_ENDPOINT}` nor `{ENDPOINT}` names a receiver")


def exporter_of(environ: Mapping[str, str]) -> Exporter | Untraced:
    """The way to the receiver that the environment names, or why there is none.

    The signal's own variable is taken as it stands; `v1/traces` is put behind the general one (OTLP exporter
    specification, "Endpoint URLs for OTLP/HTTP").
    """
    endpoint = environ.get(TRACES_ENDPOINT, "").strip()
    if not endpoint:
        general = environ.get(ENDPOINT, "").strip()
        endpoint = f"{general.rstrip('/')}/v1/traces" if general else ""
    if not endpoint:
        return NOT_CONFIGURED
    if not endpoint.startswith(("http://", "https://")):
        return Untraced("the receiver of traces is not named by an `http` or `https` address")
    if not _installed():
        return Untraced("the extra `remit-runtime[trace]` is not installed")
    seconds = _seconds(environ)
    return lambda spans: _exported(spans, endpoint, seconds)


def kept_here(_spans: Sequence[Span]) -> bool:
    """An exporter for runs of a trial, which leave nothing behind: their spans go where the trial goes."""
    return True


def _installed() -> bool:
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http.trace_exporter") is not None
    except ModuleNotFoundError:
        return False


def _seconds(environ: Mapping[str, str]) -> float:
    given = next((environ[name] for name in TIMEOUTS if environ.get(name)), None)
    try:
        return TIMEOUT_SECONDS if given is None else max(0.1, float(given))
    except ValueError:
        return TIMEOUT_SECONDS


def _exported(spans: Sequence[Span], endpoint: str, seconds: float) -> bool:
    import requests
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult

    # What goes wrong is said by whoever exports; the library would write addresses to standard error.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
    session = requests.Session()
    # The exporter takes a redirect's answer for success, and follows it wherever it leads.
    session.max_redirects = 0
    exporter = OTLPSpanExporter(endpoint=endpoint, timeout=seconds, session=session)
    try:
        batches = (spans[at : at + MAX_BATCH] for at in range(0, len(spans), MAX_BATCH))
        return all(exporter.export(list(_readable(batch))) is SpanExportResult.SUCCESS for batch in batches)
    finally:
        exporter.shutdown()  # type: ignore[no-untyped-call]  # the library has not annotated it


def _readable(spans: Iterable[Span]) -> Iterable[ReadableSpan]:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    resource = Resource({"service.name": names.SERVICE}, names.SCHEMA_URL)
    scope = InstrumentationScope(names.SCOPE, schema_url=names.SCHEMA_URL)
    codes = {"ok": StatusCode.OK, "error": StatusCode.ERROR, "unset": StatusCode.UNSET}
    sampled = TraceFlags(TraceFlags.SAMPLED)
    for one in spans:
        trace = int(one.trace_id, 16)
        parent = None
        if one.parent_id is not None:
            parent = SpanContext(trace, int(one.parent_id, 16), is_remote=False, trace_flags=sampled)
        outward = one.name in {names.DECISION, names.TOOL}
        yield ReadableSpan(
            name=one.name,
            context=SpanContext(trace, int(one.span_id, 16), is_remote=False, trace_flags=sampled),
            parent=parent,
            resource=resource,
            attributes=dict(one.attributes),
            kind=SpanKind.CLIENT if outward else SpanKind.INTERNAL,
            status=Status(codes[one.status], one.message if one.status == "error" else None),
            start_time=one.start_ms * _NANOSECONDS,
            end_time=None if one.end_ms is None else one.end_ms * _NANOSECONDS,
            instrumentation_scope=scope,
        )
