"""Export to a real receiver of OTLP/HTTP on this machine, and the spool while there is none."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from remit_runtime.bundle.graph import Constant, DecideState, EndState, Reference, Route
from remit_runtime.bundle.policy import RedactPattern
from remit_runtime.canonical import Digest
from remit_runtime.cli import main
from remit_runtime.errors import RunRefused
from remit_runtime.invoke import InvokeRequest, Runtime, invoke, resume
from remit_runtime.journal.family import Family
from remit_runtime.models.json_text import json_text
from remit_runtime.models.scripted import ScriptedModel, parse_script
from remit_runtime.policy.approvals import Person
from remit_runtime.run.answer import Desk, answer_question
from remit_runtime.trace import names
from remit_runtime.trace.derive import spans_of
from remit_runtime.trace.export import NOT_CONFIGURED, Untraced, exporter_of
from remit_runtime.trace.spool import left, spooled

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `trace` is not installed")

CANARY = "ghp_" + "c4n4ry" * 6
TOKEN = RedactPattern("secret", "github-token", r"\bghp_[A-Za-z0-9]{36,251}\b")
STOLEN = {"call": {"tool": "mail.send", "args": {"text": f"key {CANARY}"}}}
SUMMARY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["summary"],
    "properties": {"summary": {"type": "string"}},
}


@dataclass
class Receiver:
    """A receiver of traces: what reached it, and what it answers."""

    url: str
    status: int = 200
    location: str | None = None
    spans: list[Any] = field(default_factory=list[Any])
    paths: list[str] = field(default_factory=list[str])
    bodies: list[bytes] = field(default_factory=list[bytes])
    resources: list[Any] = field(default_factory=list[Any])

    def environ(self) -> dict[str, str]:
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url}


def listening(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.paths.append(self.path)
            if receiver.status == 200:
                receiver.bodies.append(body)
                request = ExportTraceServiceRequest.FromString(body)
                for one in request.resource_spans:
                    receiver.resources.append(one)
                    receiver.spans += [span for scope in one.scope_spans for span in scope.spans]
            self.send_response(receiver.status)
            if receiver.location is not None:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keeps quiet."""

    return Listener


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    made = Receiver("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), listening(made))
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def attributes(span: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in span.attributes:
        kind = one.value.WhichOneof("value")
        value = getattr(one.value, kind)
        found[one.key] = [item.string_value for item in value.values] if kind == "array_value" else value
    return found


def exporting(receiver: Receiver) -> Callable[..., bool]:
    exporter = exporter_of(receiver.environ())
    assert not isinstance(exporter, Untraced)
    return exporter


def test_a_receiver_gets_the_eleven_spans_with_their_parents_and_attributes(
    governed_run: Family, receiver: Receiver
) -> None:
    ours = spans_of(governed_run)
    assert exporting(receiver)(ours)
    assert receiver.paths == ["/v1/traces"]
    assert {one.name for one in receiver.spans} == set(names.SPANS)
    assert len(receiver.spans) == len(ours)
    for mine, theirs in zip(ours, receiver.spans, strict=True):
        assert theirs.trace_id.hex() == mine.trace_id
        assert theirs.span_id.hex() == mine.span_id
        assert theirs.parent_span_id.hex() == (mine.parent_id or "")
        assert theirs.start_time_unix_nano == mine.start_ms * 1_000_000
        assert mine.end_ms is not None
        assert theirs.end_time_unix_nano == mine.end_ms * 1_000_000
        said = {key: list(one) if isinstance(one, tuple) else one for key, one in mine.attributes.items()}
        assert attributes(theirs) == said
    [resource] = receiver.resources
    assert resource.schema_url == names.SCHEMA_URL


def test_what_opentelemetry_has_a_name_for_stands_under_that_name(
    governed_run: Family, receiver: Receiver
) -> None:
    exporting(receiver)(spans_of(governed_run))
    by_name: dict[str, dict[str, Any]] = {}
    for one in receiver.spans:
        by_name.setdefault(one.name, attributes(one))
    assert by_name["agent.run"]["gen_ai.operation.name"] == "invoke_agent"
    assert by_name["agent.run"]["gen_ai.agent.id"] == "swe.pr_reviewer"
    assert by_name["agent.tool"]["gen_ai.operation.name"] == "execute_tool"
    assert by_name["agent.tool"]["gen_ai.tool.name"] == "code.search"
    decisions = [attributes(one) for one in receiver.spans if one.name == "agent.decision"]
    asked = next(one for one in decisions if "gen_ai.usage.input_tokens" in one)
    assert (asked["gen_ai.request.model"], asked["gen_ai.usage.input_tokens"]) == ("reasoning-large", 640)


def test_names_of_opentelemetry_are_in_its_conventions() -> None:
    from opentelemetry.semconv import schemas

    gen_ai_attributes = import_module("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    from opentelemetry.semconv.attributes import error_attributes, server_attributes

    known = {
        value
        for module in (gen_ai_attributes, error_attributes, server_attributes)
        for name, value in vars(module).items()
        if name.isupper()
    }
    assert set(names.OPENTELEMETRY) <= known
    assert names.SCHEMA_URL in {one.value for one in schemas.Schemas}


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
def test_an_answer_that_is_not_a_plain_success_is_none(
    governed_run: Family, receiver: Receiver, status: int
) -> None:
    receiver.status, receiver.location = status, f"{receiver.url}/elsewhere"
    environ = {**receiver.environ(), "OTEL_EXPORTER_OTLP_TIMEOUT": "0.2"}
    exporter = exporter_of(environ)
    assert not isinstance(exporter, Untraced)
    assert not exporter(spans_of(governed_run))
    assert "/elsewhere" not in receiver.paths


def test_where_nothing_is_configured_nothing_is_exported() -> None:
    assert exporter_of({}) is NOT_CONFIGURED
    assert exporter_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "  "}) is NOT_CONFIGURED
    assert isinstance(exporter_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "receiver:4317"}), Untraced)


@pytest.mark.parametrize("count", range(1, 49))
def test_every_span_is_sent_once_wherever_a_run_pauses(governed_run: Family, count: int) -> None:
    events = governed_run.events[:count]
    started = {getattr(one.event, "child", None) for one in events}
    children = tuple(one for one in governed_run.children if one.run in started)
    paused = Family(governed_run.run, governed_run.outermost, events, children)
    first = left(paused, {})
    second = left(governed_run, {one.run: one.events[-1].seq for one in paused.members()})
    ids = [one.span_id for one in (*first, *second)]
    assert sorted(ids) == sorted(one.span_id for one in spans_of(governed_run))


# Runs


def scripted(*decisions: object) -> ScriptedModel:
    values: Any = {"version": 0, "decisions": list(decisions)}
    return ScriptedModel(parse_script(json_text(values).encode()))


@pytest.fixture
def release(
    make_release: Any, hand_agent: Any, prompt: Digest, schema_digest: Callable[[object], Digest]
) -> Any:
    """A bundle of an agent that must be traced, one that hands off to nobody, and one that need not be."""
    summary = schema_digest(SUMMARY)
    work = DecideState("work", prompt, (), (), summary, None, (Route("done"),), None, None)
    done = EndState("done", "succeeded", Reference("work"), ())
    plain = EndState("done", "succeeded", Constant("{}"), ())
    must = hand_agent("acme.traced", (work, done), trace="required", duties=("trace_required",))
    return make_release([must, hand_agent("acme.plain", (plain,), asks=False)], redact=(TOKEN,))


@pytest.fixture
def traced(release: Any, make_runtime: Callable[..., Runtime]) -> Callable[..., Runtime]:
    """`traced(receiver)`: a runtime whose spans go to a receiver, or nowhere."""
    made: Runtime = make_runtime(release.home)

    def of(receiver: Receiver | None) -> Runtime:
        environ = {} if receiver is None else receiver.environ()
        return replace(made, exporter=exporter_of({**environ, "OTEL_EXPORTER_OTLP_TIMEOUT": "0.2"}))

    return of


def asked(agent: str = "acme.traced", *decisions: object) -> InvokeRequest:
    model = scripted(*(decisions or (STOLEN, {"respond": {"summary": "One key."}})))
    return InvokeRequest(agent, {"since": f"v1 {CANARY}"}, "os:ada", model=model)


def test_an_agent_that_must_be_traced_does_not_start_without_an_exporter(
    release: Any, traced: Callable[..., Runtime]
) -> None:
    runtime = traced(None)
    with pytest.raises(RunRefused, match="must be traced") as refused:
        invoke(runtime, release.open(), asked())
    assert refused.value.code == "trace_unavailable"
    assert runtime.journal.runs() == ()
    assert spooled(release.home) == ()
    assert invoke(runtime, release.open(), asked("acme.plain")).succeeded


def test_a_run_is_exported_when_it_ends_and_then_forgotten(
    release: Any, traced: Callable[..., Runtime], receiver: Receiver
) -> None:
    result = invoke(traced(receiver), release.open(), asked())
    assert result.succeeded
    assert [one.name for one in receiver.spans if not one.parent_span_id] == ["agent.run"]
    assert b"One key" in b"".join(receiver.bodies)
    assert CANARY.encode() not in b"".join(receiver.bodies)
    assert spooled(release.home) == ()


def test_a_run_that_pauses_is_exported_in_two_parts_and_each_span_once(
    release: Any, traced: Callable[..., Runtime], receiver: Receiver
) -> None:
    runtime = traced(receiver)
    request = asked("acme.traced", {"ask": {"question": "Which?"}}, {"respond": {"summary": "One."}})
    waiting = invoke(runtime, release.open(), request)
    assert waiting.status == "waiting"
    first = [one.span_id for one in receiver.spans]
    assert first
    assert spooled(release.home) == (waiting.run,)
    assert resume(runtime, release.open(), waiting.run, request.model).status == "waiting"
    assert [one.span_id for one in receiver.spans] == first
    desk = Desk(runtime.journal, release.home, runtime.clock, release.open().policy())
    answer_question(desk, waiting.run, None, "the first", Person("os:ada", "uid"))
    assert resume(runtime, release.open(), waiting.run, request.model).succeeded
    ids = [one.span_id for one in receiver.spans]
    assert len(ids) == len(set(ids)) > len(first)
    assert spooled(release.home) == ()


def test_spans_wait_for_a_receiver_that_is_down_and_none_is_lost(
    release: Any,
    traced: Callable[..., Runtime],
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    receiver.status = 503
    runtime = traced(receiver)
    one = invoke(runtime, release.open(), asked())
    assert one.succeeded
    assert spooled(release.home) == (one.run,)
    monkeypatch.setenv("REMIT_HOME", str(release.home))
    assert main(["traces", "send"]) == 2
    assert "no trace can be sent" in capsys.readouterr().err
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    assert main(["traces", "send"]) == 1
    receiver.status = 200
    capsys.readouterr()
    assert main(["traces", "send", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "version": 1,
        "spans": len(receiver.spans),
        "waiting": [],
    }
    assert spooled(release.home) == ()


def test_the_next_run_that_is_taken_brings_along_what_waited(
    release: Any, traced: Callable[..., Runtime], receiver: Receiver
) -> None:
    runtime = traced(receiver)
    receiver.status = 503
    one = invoke(runtime, release.open(), asked())
    receiver.status = 200
    two = invoke(runtime, release.open(), asked())
    roots = {attributes(span)["remit.run.id"] for span in receiver.spans if not span.parent_span_id}
    assert roots == {one.run, two.run}
    assert spooled(release.home) == ()


def test_a_mark_of_a_run_that_never_started_is_dropped(
    release: Any, traced: Callable[..., Runtime], receiver: Receiver, tmp_path: Path
) -> None:
    runtime = traced(receiver)
    with pytest.raises(RunRefused):
        invoke(runtime, release.open(), replace(asked(), task="other"))
    assert spooled(release.home) == ()
