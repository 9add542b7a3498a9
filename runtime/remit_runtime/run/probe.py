"""Finding out how a call ended whose answer nobody saw: by asking, with a tool that reads, what is there now.

The probe is a call like any other: granted, decided, counted and written down, under a state of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from remit_runtime.bundle.tool import ToolIR
from remit_runtime.canonical import canonical_json_full, digest_of
from remit_runtime.gateway.arguments import Arguments, declared
from remit_runtime.gateway.call import call
from remit_runtime.gateway.mark import bearer_of
from remit_runtime.gateway.outcome import Called, CallRequest, Stopped
from remit_runtime.gateway.recorded import recorded
from remit_runtime.journal.events import Spend, ToolDecided, ToolIntended, ToolSettled
from remit_runtime.models.json_text import Json, json_text, trusted_json
from remit_runtime.run.effects import RecoverTool
from remit_runtime.run.state import INTERRUPTED, deadline_of
from remit_runtime.run.worker import Driven, Halted, Worker, caught_up, eval_status

PROBED = "probed"
"""The code of an outcome that was found by a probe and not heard of by the call itself."""

SUFFIX = ".probe"
"""What the states of probes end in; no state of a graph has a dot."""

MAX_PAGES = 50


@dataclass(frozen=True)
class Unsure:
    """Nobody can say. `until_ms` is when asking again may say more."""

    driven: Driven
    why: str
    until_ms: int | None = None


@dataclass(frozen=True)
class Known:
    """How the call ended, to be written down: as it was found, or that it was not made and may be made again."""

    driven: Driven
    settled: ToolSettled


def probed(worker: Worker, driven: Driven, effect: RecoverTool) -> Known | Unsure | Halted:
    """What can be said of an open call whose tool declares a probe.

    That nothing is found counts only once the tool's own time is over: until then the request may be on its way.

    Raises:
        StoreUnavailable: the journal did not answer.
        BundleRejected: an object of the bundle cannot be read.
    """
    tool = _granted(worker, driven, effect.tool)
    field = None if tool is None else tool.recovery.probe_mark
    probe = None if tool is None else _granted(worker, driven, tool.recovery.probe_tool)
    begun = _begun(worker, driven, effect)
    if tool is None or field is None or probe is None or begun is None:
        return Unsure(driven, "the agent has no tool that could find out")
    arguments, began_ms = begun
    given = {name: arguments[name] for name in tool.recovery.probe_by if name in arguments}
    paged = "page" in declared(worker.gateway.schemas.schema(probe.input).document)
    for page in range(1, MAX_PAGES + 1):
        asked = {**given, "page": page} if paged else given
        outcome = call(worker.gateway, _request(worker, driven, effect, probe.id, asked))
        driven = caught_up(worker, driven, outcome.lease)
        if isinstance(outcome, Stopped):
            return Halted(driven, outcome.refused)
        if not isinstance(outcome, Called):
            return Unsure(driven, f"`{probe.id}` could not be asked")
        found = bearer_of(outcome.output, field, effect.call)
        if found is not None:
            return _found(worker, driven, effect, tool, found)
        if not paged or not _items(outcome.output):
            return _absent(worker, driven, effect, tool, began_ms)
    return Unsure(driven, f"`{probe.id}` lists more than {MAX_PAGES} pages")


def _granted(worker: Worker, driven: Driven, tool: str | None) -> ToolIR | None:
    use = next((use for use in driven.plan.agent.tools if use.id == tool), None)
    return None if use is None else worker.gateway.bundle.tool(use.object)


def _begun(worker: Worker, driven: Driven, effect: RecoverTool) -> tuple[Arguments, int] | None:
    """The arguments of the open call as they were, and when it began; None where a redaction changed them."""
    decided: ToolDecided | None = None
    began_ms = 0
    for stored in worker.journal.events(driven.run):
        match stored.event:
            case ToolDecided(outcome="allow", call=effect.call) as event:
                decided = event
            case ToolIntended(call=effect.call):
                began_ms = stored.at_ms
            case _:
                continue
    if decided is None:
        return None
    arguments = trusted_json(decided.arguments)
    if (
        not isinstance(arguments, dict)
        or digest_of(canonical_json_full(arguments)) != decided.arguments_digest
    ):
        return None
    return arguments, began_ms


def _request(
    worker: Worker, driven: Driven, effect: RecoverTool, tool: str, arguments: dict[str, Json]
) -> CallRequest:
    started = driven.started
    return CallRequest(
        lease=driven.lease,
        agent=driven.plan.agent,
        state=f"{effect.state}{SUFFIX}",
        offered=frozenset({tool}),
        tool=tool,
        arguments=json_text(arguments).encode("utf-8"),
        written_by="definition",
        user=started.user,
        tenant=started.tenant,
        task=started.task,
        eval_status=eval_status(worker, started),
        incident=bool(worker.journal.switches()),
        deadline_ms=deadline_of(driven.state),
        workspaces=driven.workspaces,
    )


def _items(output: Json) -> bool:
    return isinstance(output, dict) and bool(output.get("items"))


def _found(worker: Worker, driven: Driven, effect: RecoverTool, tool: ToolIR, found: Json) -> Known | Unsure:
    if worker.gateway.schemas.schema(tool.output).faults(found):
        return Unsure(driven, "what bears the mark of the call is not what the tool gives back")
    output = recorded(found, worker.gateway.redactor)
    spent = Spend(tool_calls=1)
    settled = ToolSettled(
        effect.call, effect.state, effect.tool, "ok", PROBED, output.text, output.digest, output.rules, spent
    )
    return Known(driven, settled)


def _absent(
    worker: Worker, driven: Driven, effect: RecoverTool, tool: ToolIR, began_ms: int
) -> Known | Unsure:
    until_ms = began_ms + tool.limits.timeout_milliseconds
    if worker.now_ms() < until_ms:
        return Unsure(driven, "the request may still be on its way", until_ms)
    return Known(driven, lost(effect))


def lost(effect: RecoverTool) -> ToolSettled:
    """The outcome of a call that nobody heard of and that may be made again."""
    spent = Spend(tool_calls=1)
    return ToolSettled(effect.call, effect.state, effect.tool, "unknown", INTERRUPTED, None, None, (), spent)
