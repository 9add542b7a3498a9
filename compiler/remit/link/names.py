"""Names inside other definitions: arguments and fields of tools, tasks of agents, tools of servers."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from remit.definitions import Agent, ContextSource, Graph, McpServer, Tool
from remit.definitions.placeholders import Placeholder, placeholders
from remit.definitions.words import KEY
from remit.definitions.work import HandoffWork, ToolWork
from remit.diagnostic import Fault
from remit.link.schemas import declared_fields, field_names, schema_at
from remit.link.work import Work, span_of, undefined
from remit.read import Path

_STATES = ("spec", "states")
_STEPS = ("spec", "orchestration", "workflow", "steps")
_FUNCTION = ("spec", "orchestration", "function")


def link_work(work: Work, path: str, definition: Agent | Graph | ContextSource) -> None:
    """Looks up the arguments and inputs that states and steps, or a source of context, bind."""
    for at, tool, args in _calls(definition):
        known = _input_fields(work, tool)
        if known is not None:
            _link_keys(work, path, (*at, "args"), args, f"argument of `{tool}`", known)
    for at, handoff in _handoffs(definition):
        _link_handoff(work, path, at, handoff)


def _calls(definition: Agent | Graph | ContextSource) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """The calls whose arguments a definition binds: the path, the tool and the arguments of each."""
    if isinstance(definition, ContextSource):
        if definition.spec.tool is not None:
            yield ("spec",), definition.spec.tool, definition.spec.args
        return
    if isinstance(definition, Agent) and (function := definition.spec.orchestration.function) is not None:
        yield _FUNCTION, function.tool, function.args
    for at, work in _works(definition):
        if isinstance(work, ToolWork):
            yield at, work.tool, work.args


def _handoffs(definition: Agent | Graph | ContextSource) -> Iterator[tuple[Path, HandoffWork]]:
    if not isinstance(definition, ContextSource):
        for at, work in _works(definition):
            if isinstance(work, HandoffWork):
                yield at, work


def _works(definition: Agent | Graph) -> Iterator[tuple[Path, object]]:
    if isinstance(definition, Graph):
        for name, state in definition.spec.states.items():
            yield (*_STATES, name), state
    elif (workflow := definition.spec.orchestration.workflow) is not None:
        for index, step in enumerate(workflow.steps):
            yield (*_STEPS, index), step


def _link_handoff(work: Work, path: str, at: Path, handoff: HandoffWork) -> None:
    target = work.agent(handoff.agent)
    if target is None:
        return
    tasks = target.spec.tasks
    task = handoff.task
    if task is None and len(tasks) > 1:
        file = work.file(path).file
        work.faults.append(
            Fault("missing-key", file.key_span(file.locate(at)), ".".join(map(str, at)), ("task",))
        )
        return
    if task is not None and task not in tasks:
        span = span_of(work, path, (*at, "task"))
        undefined(work, span, task, f"task of `{handoff.agent}`", tasks)
        return
    shape = tasks[task] if task is not None else next(iter(tasks.values()))
    known = field_names(work, work.portfolio.path_of(target), shape)
    if known is not None:
        _link_keys(
            work, path, (*at, "input"), handoff.input, f"field of the task of `{handoff.agent}`", known
        )


def _link_keys(
    work: Work, path: str, at: Path, given: Iterable[str], noun: str, known: tuple[str, ...]
) -> None:
    for name in given:
        if name not in known:
            undefined(work, span_of(work, path, (*at, name, KEY)), name, noun, known)


def _input_fields(work: Work, tool: str) -> tuple[str, ...] | None:
    found = work.tool(tool)
    return None if found is None else field_names(work, found[0], found[1].spec.input)


# ---- within a tool


def link_tool(work: Work, path: str, tool: Tool) -> None:
    """Looks up the arguments that a tool speaks of in its own input, and the tool of the server it stands for."""
    spec = tool.spec
    known = declared_fields(work, path, spec.input)
    if known is not None:
        for at, name in _named_arguments(tool):
            if name not in known:
                undefined(work, span_of(work, path, at), name, "argument of this tool", known)
    given = field_names(work, path, spec.output)
    if given is not None:
        roots = {field: field.partition(".")[0] for field in spec.output_trust}
        for field, root in roots.items():
            if root not in given:
                span = span_of(work, path, ("spec", "output_trust", field, KEY))
                undefined(work, span, root, "field of the output", given)
    if spec.implementation.mcp is not None:
        _link_server_tool(work, path, spec.implementation.mcp.server, spec.implementation.mcp.tool)


def _named_arguments(tool: Tool) -> Iterator[tuple[Path, str]]:
    """The places of a tool that name one of its arguments."""
    spec = tool.spec
    if spec.declared_resource is not None and spec.declared_resource.arg is not None:
        yield ("spec", "resource", "arg"), spec.declared_resource.arg
    for name in spec.arguments:
        yield ("spec", "arguments", name, KEY), name
    yield from _probed_arguments(tool)
    for at, text in _texts(tool):
        for piece in placeholders(text) or ():
            if isinstance(piece, Placeholder):
                yield at, piece.name
    if spec.implementation.http is not None:
        for index, name in enumerate(spec.implementation.http.query):
            yield ("spec", "implementation", "http", "query", index), name


def _probed_arguments(tool: Tool) -> Iterator[tuple[Path, str]]:
    recovery = tool.spec.declared_recovery
    if recovery is None:
        return
    for index, name in enumerate(recovery.probe_by):
        yield ("spec", "recovery", "probe_by", index), name
    if recovery.probe_mark is not None:
        yield ("spec", "recovery", "probe_mark"), recovery.probe_mark


def _texts(tool: Tool) -> Iterator[tuple[Path, str]]:
    """The texts of a tool's implementation in which placeholders stand."""
    way, at = tool.spec.implementation, ("spec", "implementation")
    if way.process is not None:
        for index, part in enumerate(way.process.argv):
            yield (*at, "process", "argv", index), part
    if way.http is not None:
        yield (*at, "http", "url"), way.http.url


def _link_server_tool(work: Work, path: str, server: str, tool: str) -> None:
    definition = work.portfolio.find(McpServer, server)
    if definition is None:
        return
    names = tool_names(work, work.portfolio.path_of(definition), definition)
    if names is not None and tool not in names:
        span = span_of(work, path, ("spec", "implementation", "mcp", "tool"))
        undefined(work, span, tool, f"tool of the server `{server}`", names)


def tool_names(work: Work, path: str, server: McpServer) -> tuple[str, ...] | None:
    """The names of the pinned tools of a server; None where its list cannot be read."""
    listed = schema_at(work, path, server.spec.definitions)
    tools: object = None if listed is None else listed.get("tools")
    if not isinstance(tools, list):
        return None
    items = cast("list[object]", tools)
    return tuple(str(cast("dict[str, object]", tool).get("name")) for tool in items if isinstance(tool, dict))
