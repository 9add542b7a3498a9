"""TOL002."""

from collections.abc import Iterator

from remit.definitions import Tool
from remit.flow.kinds import is_list, is_object
from remit.flow.places import span_of
from remit.flow.reading import Document
from remit.flow.types import of_tool
from remit.link import Unit
from remit.read import Path
from remit.rule import Finding, rule

_COMBINED = ("allOf", "anyOf", "oneOf", "$ref", "if", "dependentSchemas")
_CLOSED = ("additionalProperties", "unevaluatedProperties")


@rule("open-additional-properties", "TOL002", since="0.4", severity="warning")
def open_additional_properties(unit: Unit[Tool]) -> Iterator[Finding]:
    """An input of a tool that takes fields which nobody has described.

    ## Why

    What is not described has no role, no type and no bound: no policy speaks of it, and a model may put into it what
    it likes. The arguments of a tool are closed unless its schema opens them; objects inside them are open unless the
    schema closes them, and in the arguments of a tool that changes something each of them should be.

    ## Wrong

    ```yaml file=tools/send.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.send, version: 0.1.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: true, properties: {to: {type: string}}}
      output: {type: object}
      implementation: {process: {argv: [git, version]}}
    ```

    ## Right

    ```yaml file=tools/send.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.send, version: 0.1.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false, properties: {to: {type: string}}}
      output: {type: object}
      implementation: {process: {argv: [git, version]}}
    ```

    ## Exceptions

    Nothing is said of objects inside the arguments of a tool that only reads, nor of those that several schemas
    describe together.
    """
    document = of_tool(unit.portfolio, unit.definition.metadata.id, "input")
    if document is None or not is_object(document.schema):
        return
    opens = [
        word for word in ("additionalProperties", "patternProperties") if document.schema.get(word, False)
    ]
    for word in opens or (
        ["additionalProperties"] if document.schema.get("additionalProperties") == {} else []
    ):
        yield _finding(unit, document, (word,), "the input takes arguments that nobody has described")
    if unit.definition.spec.effect != "read":
        for at in _open_objects(document.schema, ()):
            if at:
                yield _finding(unit, document, at, "this object takes fields that nobody has described")


def _finding(unit: Unit[Tool], document: Document, at: Path, message: str) -> Finding:
    span = span_of(unit.portfolio, document, at) or unit.span(("spec", "input"))
    return Finding(span, message, (), "describe them, and set `additionalProperties: false`")


def _open_objects(schema: object, at: Path) -> Iterator[Path]:
    """The objects in a schema that nothing closes, where one schema alone says what they are."""
    if not is_object(schema) or any(word in schema for word in _COMBINED):
        return
    if schema.get("type") == "object" and all(schema.get(word, True) is not False for word in _CLOSED):
        yield at
    properties = schema.get("properties")
    for name, one in properties.items() if is_object(properties) else ():
        yield from _open_objects(one, (*at, "properties", name))
    yield from _open_objects(schema.get("items"), (*at, "items"))
    first = schema.get("prefixItems")
    for index, one in enumerate(first if is_list(first) else ()):
        yield from _open_objects(one, (*at, "prefixItems", index))
