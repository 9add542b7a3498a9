"""TOL001."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("invalid-json-schema", "TOL001", since="0.1")
def invalid_json_schema(linked: Linked) -> Iterator[Finding]:
    """A JSON Schema, or a pinned list of tools, that is none.

    ## Why

    Arguments and outputs are held against their schema at every call. A schema that is no JSON Schema 2020-12, that
    takes something else than an object, or that refers to another document, holds nothing back. Nothing is ever
    fetched, so `$ref` stays within the document.

    ## Wrong

    ```yaml file=tools/wait.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.wait, version: 0.1.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false, properties: {seconds: {type: int}}}
      output: {type: object}
      implementation: {process: {argv: [git, version]}}
    ```

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    use: [std@1]
    ```

    ## Right

    ```yaml file=tools/wait.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.wait, version: 0.1.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false, properties: {seconds: {type: integer}}}
      output: {type: object}
      implementation: {process: {argv: [git, version]}}
    ```

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    use: [std@1]
    ```
    """
    for fault in linked.faults.get("invalid-json-schema", ()):
        yield Finding(fault.span, fault.subject)
