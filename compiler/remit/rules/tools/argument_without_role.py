"""TOL015."""

from collections.abc import Iterator, Mapping
from typing import Any

from remit.definitions import Tool
from remit.link import Unit
from remit.rule import Finding, rule


@rule("argument-without-role", "TOL015", since="0.1", severity="warning")
def argument_without_role(unit: Unit[Tool]) -> Iterator[Finding]:
    """An argument of a tool that changes something, of which nobody says what it is for.

    ## Why

    Text that a tool gave back may hold instructions, and a model may obey them. So a value that says whom or what a
    call touches needs an origin that is trusted: the user's words, the definition, a field that vouches for it. Of an
    argument without a role nothing is known, and every call that carries it waits for a person (docs/provenance.md).

    ## Wrong

    ```yaml file=tools/send.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.send, version: 0.1.0, owner: dev}
    spec:
      effect: write
      input: {type: object, additionalProperties: false, properties: {to: {type: string}, body: {type: string}}}
      output: {type: object}
      arguments: {body: {role: content}}
      implementation: {process: {argv: [sender, "{to}", "{body}"]}}
    ```

    ## Right

    ```yaml file=tools/send.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.send, version: 0.1.0, owner: dev}
    spec:
      effect: write
      input: {type: object, additionalProperties: false, properties: {to: {type: string}, body: {type: string}}}
      output: {type: object}
      arguments: {to: {role: target, type: email}, body: {role: content}}
      implementation: {process: {argv: [sender, "{to}", "{body}"]}}
    ```
    """
    tool = unit.definition
    if tool.spec.effect == "read":
        return
    properties = _properties(unit)
    if not properties.keys() >= set(tool.spec.arguments):
        return  # a name is misspelt there, which is told: the argument that was meant has its role
    for name in sorted(properties):
        if name not in tool.spec.arguments:
            yield Finding(
                unit.span(("spec", "input", "properties", name), "key"),
                f"argument `{name}` of `{tool.metadata.id}` has no role: every call that carries it asks a person",
                (),
                "say in `arguments` whether it is a target, a value, a detail or content",
            )


def _properties(unit: Unit[Tool]) -> Mapping[str, Any]:
    """The arguments that a tool's input schema describes; none where the schema could not be read."""
    schema: Any = unit.definition.spec.input
    if isinstance(schema, str):
        try:
            schema = unit.portfolio.json(unit.path, schema)
        except LookupError:
            return {}
    properties: Any = schema.get("properties") if isinstance(schema, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] -- any JSON
    return properties if isinstance(properties, Mapping) else {}  # pyright: ignore[reportUnknownVariableType] -- any JSON
