"""TOL009."""

from collections.abc import Iterator

from remit.definitions import McpServer, Tool
from remit.diagnostic import Note
from remit.flow.places import span_of
from remit.flow.reading import Document, Home, Reading, reading, step
from remit.flow.types import of_listed, of_tool
from remit.link import Unit
from remit.rule import Finding, rule


@rule("mcp-drift", "TOL009", since="0.4")
def mcp_drift(unit: Unit[Tool]) -> Iterator[Finding]:
    """A tool whose input is not what the pinned definition of its server's tool takes.

    ## Why

    A call is judged by the tool's own schema and sent to the server, which judges it by its own. What both cannot agree
    about fails each time, and most often since the pinned definitions were renewed and the tool was not.

    ## Wrong

    ```yaml file=tools/mcp/tickets.yaml
    apiVersion: remit/v1
    kind: McpServer
    metadata: {id: tickets, owner: dev}
    spec: {transport: {stdio: {argv: [tickets-server]}}, definitions: tickets.tools.json}
    ```

    ```json file=tools/mcp/tickets.tools.json
    {"tools": [{"name": "search", "inputSchema": {
      "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}, "additionalProperties": false
    }}]}
    ```

    ```yaml file=tools/acme/tickets.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.tickets, version: 1.0.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false, required: [query], properties: {query: {type: string}}}
      output: {type: object}
      implementation: {mcp: {server: tickets, tool: search}}
    ```

    ## Right

    ```yaml file=tools/mcp/tickets.yaml
    apiVersion: remit/v1
    kind: McpServer
    metadata: {id: tickets, owner: dev}
    spec: {transport: {stdio: {argv: [tickets-server]}}, definitions: tickets.tools.json}
    ```

    ```json file=tools/mcp/tickets.tools.json
    {"tools": [{"name": "search", "inputSchema": {
      "type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}, "additionalProperties": false
    }}]}
    ```

    ```yaml file=tools/acme/tickets.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.tickets, version: 1.0.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false, required: [text], properties: {text: {type: string}}}
      output: {type: object}
      implementation: {mcp: {server: tickets, tool: search}}
    ```
    """
    mcp = unit.definition.spec.implementation.mcp
    server = None if mcp is None else unit.portfolio.find(McpServer, mcp.server)
    listed = None if mcp is None or server is None else of_listed(unit.portfolio, server, mcp.tool)
    own = of_tool(unit.portfolio, unit.definition.metadata.id, "input")
    if listed is None or own is None:
        return
    document, index = listed
    theirs = Document(document.schema["tools"][index]["inputSchema"], Home("", ()))
    at = ("tools", index, "inputSchema")
    note = Note("the server's tool is described here", span_of(unit.portfolio, document, at))
    for name, message in _differences(reading(own), reading(theirs)):
        place = span_of(unit.portfolio, own, ("properties", name) if name in _fields(own) else ())
        yield Finding(
            place or unit.span(("spec", "input")),
            message,
            (note,),
            "take the input as the server's tool has it, or renew the pinned definitions",
        )


def _fields(document: Document) -> tuple[str, ...]:
    return reading(document).fields


def _differences(ours: Reading, theirs: Reading) -> Iterator[tuple[str, str]]:
    """The arguments about which two schemas cannot agree, each with the reason."""
    for name in sorted({*ours.fields, *theirs.fields}):
        mine, wanted = step(ours, name), step(theirs, name)
        if wanted.presence == "never" and mine.presence != "never":
            yield name, f"the server's tool takes no argument `{name}`"
        elif wanted.presence == "always" and mine.presence != "always":
            fact = "this one has none" if mine.presence == "never" else "this one may leave it out"
            yield name, f"the server's tool wants the argument `{name}`, and {fact}"
        elif mine.presence != "never" and not mine.kinds & wanted.kinds:
            yield (
                name,
                f"the argument `{name}` is {_words(mine)} here, and {_words(wanted)} to the server's tool",
            )


def _words(found: Reading) -> str:
    return " or ".join(sorted(found.kinds)) or "nothing"
