"""Making a packet: the sources of a context state are read, redacted and packed."""

from __future__ import annotations

from collections.abc import Mapping

from remit_runtime.bundle.agent import ContextSourceIR
from remit_runtime.bundle.graph import ContextState
from remit_runtime.context.packet import Found, Lacking, Read, packed
from remit_runtime.context.text import NotText, file_text, text_of
from remit_runtime.errors import NotCanonical
from remit_runtime.gateway.files import Committed, NotAFile, committed_files
from remit_runtime.gateway.redact import redacted, shown
from remit_runtime.journal.events import ContextPacked, ToolDecided, ToolSettled
from remit_runtime.models.json_text import Json, trusted_json
from remit_runtime.models.tokens import estimated_tokens
from remit_runtime.run.admission import DEFAULT_WORKSPACE
from remit_runtime.run.bind import Unresolved, bind
from remit_runtime.run.effects import PackContext
from remit_runtime.run.gathered import required_of
from remit_runtime.run.worker import Driven, Worker


def packet_of(worker: Worker, driven: Driven, effect: PackContext) -> ContextPacked:
    """The packet of a context state whose tools have been read.

    Raises:
        StoreUnavailable: the journal did not answer.
    """
    node = effect.state
    committed = _files(worker, driven, node)
    calls = dict(effect.calls)
    reads = [_read(worker, driven, driven.plan.sources[name], committed, calls) for name in node.sources]
    limit = driven.plan.agent.context.max_input_tokens
    return packed(node.id, reads, required_of(driven.plan, node), limit, estimated_tokens)


def _read(
    worker: Worker,
    driven: Driven,
    source: ContextSourceIR,
    committed: Committed,
    calls: Mapping[str, ToolDecided | ToolSettled],
) -> Read:
    match source.type:
        case "task":
            began = worker.journal.read(driven.run).created_ms
            given = text_of(trusted_json(driven.started.input))
            return _found(worker, source, given, "task", worker.now_ms() - began)
        case "file":
            return _of_file(worker, driven, source, committed)
        case "tool":
            return _of_call(worker, driven, source, calls.get(source.id))


def _files(worker: Worker, driven: Driven, node: ContextState) -> Committed:
    """The files that a state's sources name, read from the commit of the run's workspace."""
    sources = (driven.plan.sources[name] for name in node.sources)
    paths = [source.path for source in sources if source.type == "file" and source.path is not None]
    workspace, git = driven.workspaces.get(DEFAULT_WORKSPACE), worker.gateway.executables.get("git")
    if not paths:
        return Committed(None, {})
    if workspace is None or git is None:
        absent = NotAFile("missing", f"the run has no workspace `{DEFAULT_WORKSPACE}` that git can read")
        return Committed(None, dict.fromkeys(paths, absent))
    return committed_files(git, workspace, paths)


def _of_file(worker: Worker, driven: Driven, source: ContextSourceIR, committed: Committed) -> Read:
    content = committed.files.get(source.path or "", NotAFile("missing", "the source names no file"))
    text = file_text(content) if isinstance(content, bytes) else content
    if isinstance(text, NotAFile | NotText):
        return Lacking(source, text.code, text.reason)
    age = None if committed.at_ms is None else worker.now_ms() - committed.at_ms
    commit = driven.workspaces[DEFAULT_WORKSPACE].commit
    return _found(worker, source, text, f"file {DEFAULT_WORKSPACE}:{source.path}@{commit}", age)


def _of_call(
    worker: Worker, driven: Driven, source: ContextSourceIR, came: ToolDecided | ToolSettled | None
) -> Read:
    match came:
        case ToolDecided():
            return Lacking(source, "denied", f"the call was denied, {came.code}: {came.reason}")
        case ToolSettled(outcome="ok"):
            try:
                text = text_of(trusted_json(came.output or "null"))
            except NotCanonical:
                return Lacking(source, "tool_error", "the output holds a number that JSON readers change")
            return _found(worker, source, text, f"call {came.call}", _age_of(worker, driven, came))
        case ToolSettled():
            return Lacking(
                source, "tool_error", f"the call ended as {came.outcome}, {came.code or 'no code'}"
            )
        case None:
            return _not_called(driven, source)


def _not_called(driven: Driven, source: ContextSourceIR) -> Lacking:
    if source.tool in driven.plan.effects:
        return Lacking(source, "not_a_read", f"`{source.tool}` does more than read")
    bound = None if source.args is None else bind(source.args, driven.state)
    why = bound.message if isinstance(bound, Unresolved) else "the source has no call"
    return Lacking(source, "missing", why)


def _age_of(worker: Worker, driven: Driven, came: ToolSettled) -> int | None:
    """The time since a call ended: a run that was resumed may hold an old read."""
    stored = worker.journal.events(driven.run)
    ended = next((one.at_ms for one in reversed(stored) if one.event == came), None)
    return None if ended is None else worker.now_ms() - ended


def _found(worker: Worker, source: ContextSourceIR, text: str, origin: str, age_ms: int | None) -> Found:
    """The text without secrets, and with nothing that hides, as a model and a person see it."""
    clean = redacted(text, worker.gateway.redactor)
    value: Json = clean.value
    return Found(source, shown(value if isinstance(value, str) else ""), origin, age_ms, clean.rules)
