"""TOL006."""

from collections.abc import Iterator

from remit.definitions import Tool
from remit.flow.places import span_of_option
from remit.flow.reading import Option, Reading, item, reading
from remit.flow.types import of_tool
from remit.link import Unit
from remit.rule import Finding, rule

_BOUNDED = ("money", "path", "url")
_OF_TEXT = frozenset({"maxLength", "pattern", "enum", "const"})
_OF_NUMBERS = frozenset({"maximum", "exclusiveMaximum", "enum", "const"})


@rule("unbounded-argument", "TOL006", since="0.4", severity="warning")
def unbounded_argument(unit: Unit[Tool]) -> Iterator[Finding]:
    """An argument for money, a path or an address that has no bound.

    ## Why

    These are the arguments with which a call does harm: an amount without a maximum, a path or an address of any
    length. The schema is the one check that holds whatever policy says, so it should say how much is too much.

    ## Wrong

    ```yaml file=tools/refund.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.refund, version: 0.1.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false, properties: {amount: {type: number}}}
      output: {type: object}
      arguments: {amount: {role: value, type: money}}
      implementation: {process: {argv: [git, version]}}
    ```

    ## Right

    ```yaml file=tools/refund.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.refund, version: 0.1.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false, properties: {amount: {type: number, maximum: 500}}}
      output: {type: object}
      arguments: {amount: {role: value, type: money}}
      implementation: {process: {argv: [git, version]}}
    ```
    """
    wanted = [name for name, one in unit.definition.spec.arguments.items() if one.type in _BOUNDED]
    document = of_tool(unit.portfolio, unit.definition.metadata.id, "input") if wanted else None
    if document is None:
        return
    for name in wanted:
        option = _unbounded(reading(document, (name,)))
        if option is not None:
            kind = unit.definition.spec.arguments[name].type
            span = span_of_option(unit.portfolio, option) or unit.span(("spec", "input"))
            if option.kinds & {"integer", "fraction"}:
                yield Finding(
                    span, f"argument `{name}`, of type `{kind}`, has no maximum", (), "set `maximum`"
                )
            else:
                yield Finding(
                    span, f"argument `{name}`, of type `{kind}`, may be of any length", (), "set `maxLength`"
                )


def _unbounded(found: Reading) -> Option | None:
    """A way in which what stands there is a text or a number, and nothing bounds it."""
    for option in found.options:
        words = {word for node in option.nodes for word in node.schema}
        bounds = _OF_TEXT if "string" in option.kinds else _OF_NUMBERS
        if (
            option.kinds
            and option.kinds <= {"string", "integer", "fraction", "null"}
            and words.isdisjoint(bounds)
        ):
            return option
        if option.kinds <= {"array", "null"} and "array" in option.kinds:
            below = _unbounded(item(Reading("always", (option,))))
            if below is not None:
                return below
    return None
