"""Tools of the language become tools of the bundle: command lines are cut at their placeholders."""

from __future__ import annotations

from collections.abc import Mapping

from remit.definitions import McpServer, Tool
from remit.definitions import tool as written
from remit.definitions.http import Http
from remit.definitions.placeholders import Placeholder, placeholders
from remit.lower.objects import Objects
from remit.lower.sources import Sources, schema_at
from remit_runtime.bundle import tool as ir
from remit_runtime.canonical import Digest

NO_WORKSPACE = "none"


def tool_ir(
    tool: Tool,
    path: str,
    servers: dict[str, tuple[str, McpServer]],
    credentials: Mapping[str, Digest],
    sources: Sources,
    objects: Objects,
) -> ir.ToolIR:
    """The tool of the bundle; its schemas are added to the objects. `path` is the file it stands in.

    `credentials` holds the digest of the object of each credential by id.
    """
    spec = tool.spec
    return ir.ToolIR(
        id=tool.metadata.id,
        version=tool.metadata.version,
        capability=tool.capability,
        effect=spec.effect,
        destructive=spec.destructive,
        resource=ir.ResourceBinding(tool.resource.type, tool.resource.arg, tool.resource.id),
        input=objects.add_schema(schema_at(spec.input, path, sources)),
        output=objects.add_schema(schema_at(spec.output, path, sources)),
        arguments=tuple(
            ir.Argument(name, spec.arguments[name].role, spec.arguments[name].type or "text")
            for name in sorted(spec.arguments)
        ),
        trusted_output=tuple(
            ir.TrustedField(field, trust.trust, trust.type)
            for field, trust in sorted(spec.output_trust.items())
        ),
        recovery=ir.Recovery(
            spec.recovery.mode,
            tuple(sorted(spec.recovery.probe_by)),
            spec.recovery.probe_tool,
            spec.recovery.probe_mark,
        ),
        limits=ir.Limits(
            timeout_milliseconds=spec.limits.timeout_seconds * 1000,
            rate_per_minute=spec.limits.rate_per_minute,
            max_output_bytes=spec.limits.max_output_bytes,
            attempts=spec.limits.attempts,
        ),
        credential=_credential(spec.credential, credentials),
        implementation=_implementation(spec.implementation.way, servers, sources, objects),
    )


def _credential(
    use: written.CredentialUse | None, credentials: Mapping[str, Digest]
) -> ir.CredentialUse | None:
    if use is None:
        return None
    return ir.CredentialUse(use.ref, tuple(sorted(use.scopes)), use.ttl_seconds, credentials[use.ref])


def _implementation(
    way: written.Process | Http | written.Mcp | written.Python,
    servers: dict[str, tuple[str, McpServer]],
    sources: Sources,
    objects: Objects,
) -> ir.ProcessIR | ir.HttpIR | ir.McpIR | ir.PythonIR:
    match way:
        case written.Process():
            return _process(way)
        case Http():
            return _http(way)
        case written.Mcp():
            path, server = servers[way.server]
            return ir.McpIR(way.server, way.tool, _pinned(way.tool, path, server, sources, objects))
        case written.Python():
            return ir.PythonIR(way.wheel, Digest(way.digest), way.entry)


def _http(http: Http) -> ir.HttpIR:
    return ir.HttpIR(
        method=http.method,
        url=http.url,
        hosts=tuple(sorted(http.hosts)),
        body=http.body,
        query=tuple(sorted(http.query)),
        headers=tuple(sorted(http.headers.items())),
        output=http.output,
        ok_statuses=tuple(sorted(http.ok_statuses)),
        select=tuple(ir.Selected(name, tuple(path.split("."))) for name, path in sorted(http.select.items())),
    )


def _pinned(tool: str, path: str, server: McpServer, sources: Sources, objects: Objects) -> Digest:
    """The digest of a tool's whole reviewed definition: an unknown key or a blank more is another tool."""
    listed = sources.json(path, server.spec.definitions)["tools"]
    return objects.add_schema(next(definition for definition in listed if definition["name"] == tool))


def _process(process: written.Process) -> ir.ProcessIR:
    executable, *rest = process.argv
    return ir.ProcessIR(
        executable=executable,
        argv=tuple(argv_part(element) for element in rest),
        stdin=process.stdin,
        output=process.output,
        ok_exit_codes=tuple(sorted(process.ok_exit_codes)),
        sandbox=process.sandbox,
        workspace=None if process.workspace == NO_WORKSPACE else process.workspace,
        executes_repository=process.executes_repository,
    )


def argv_part(element: str) -> ir.ArgvPart:
    """An element of a command line: its literal text and the one argument in it, if there is one."""
    match placeholders(element):
        case ():
            return ir.ArgvPart("", None, "")
        case (str(text),):
            return ir.ArgvPart(text, None, "")
        case (Placeholder(name),):
            return ir.ArgvPart("", name, "")
        case (str(before), Placeholder(name)):
            return ir.ArgvPart(before, name, "")
        case (Placeholder(name), str(after)):
            return ir.ArgvPart("", name, after)
        case (str(before), Placeholder(name), str(after)):
            return ir.ArgvPart(before, name, after)
        case _:
            raise RuntimeError("a command line with faults was lowered")
