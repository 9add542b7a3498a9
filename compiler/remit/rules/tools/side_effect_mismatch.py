"""TOL007."""

from collections.abc import Iterator
from typing import Any

from remit.definitions import McpServer, Tool
from remit.diagnostic import Note
from remit.flow.kinds import is_object
from remit.flow.places import span_of
from remit.flow.types import of_listed
from remit.link import Unit
from remit.rule import Finding, rule
from remit.source import Span

_CHANGING = ("PUT", "PATCH", "DELETE")
"""Methods that ask for a change (RFC 9110 section 9.2.1); `POST` also asks what is too long for an address."""


@rule("side-effect-mismatch", "TOL007", since="0.4")
def side_effect_mismatch(unit: Unit[Tool]) -> Iterator[Finding]:
    """A tool that says it only reads, and whose method, server or own words say that it changes something.

    ## Why

    `effect` decides what policies permit, what a person is asked about and what is repeated after a crash. A change
    that is called `read` passes all of it.

    ## Wrong

    ```yaml file=tools/acme/close.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.close, version: 1.0.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false, required: [ticket], properties: {ticket: {type: string}}}
      output: {type: object}
      implementation:
        http: {method: DELETE, url: "https://tickets.example/api/{ticket}", hosts: [tickets.example]}
    ```

    ## Right

    ```yaml file=tools/acme/close.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.close, version: 1.0.0, owner: dev}
    spec:
      effect: write
      input: {type: object, additionalProperties: false, required: [ticket], properties: {ticket: {type: string}}}
      output: {type: object}
      arguments: {ticket: {role: target, type: "object-id:ticket"}}
      implementation:
        http: {method: DELETE, url: "https://tickets.example/api/{ticket}", hosts: [tickets.example]}
    ```
    """
    spec = unit.definition.spec
    if spec.effect != "read":
        return
    place = unit.span(("spec", "effect"))
    http = spec.implementation.http
    if http is not None and http.method in _CHANGING:
        yield _finding(
            place,
            f"`{http.method}` asks for a change",
            unit.span(("spec", "implementation", "http", "method")),
        )
    elif spec.destructive:
        yield _finding(
            place,
            "`destructive` says that it removes or replaces something",
            unit.span(("spec", "destructive")),
        )
    else:
        yield from _of_server(unit, place)


def _of_server(unit: Unit[Tool], place: Span) -> Iterator[Finding]:
    """What the pinned definition of a server's tool says of it (MCP 2025-06-18, "Tool annotations")."""
    mcp = unit.definition.spec.implementation.mcp
    server = None if mcp is None else unit.portfolio.find(McpServer, mcp.server)
    listed = None if mcp is None or server is None else of_listed(unit.portfolio, server, mcp.tool)
    if listed is None:
        return
    document, index = listed
    said: Any = document.schema["tools"][index].get("annotations")
    hints = said if is_object(said) else {}
    for hint, value in (("readOnlyHint", False), ("destructiveHint", True)):
        # `destructiveHint` means something only where the tool does not only read.
        if hints.get(hint) is value and hints.get("readOnlyHint") is not True:
            at = span_of(unit.portfolio, document, ("tools", index, "annotations", hint))
            yield _finding(place, f"its server says `{hint}: {str(value).lower()}`", at)
            return


def _finding(place: Span, why: str, at: Span | None) -> Finding:
    return Finding(
        place,
        f"this tool cannot be one that only reads: {why}",
        (Note("it is said here", at),),
        "declare the effect that it has, `write` or `irreversible`",
    )
