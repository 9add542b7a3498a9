"""SYN002."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.read import ReadFile
from remit.rule import Finding, rule


@rule("duplicate-key", "SYN002", since="0.1")
def duplicate_key(file: ReadFile) -> Iterator[Finding]:
    """A key that stands twice in one mapping.

    ## Why

    Some readers keep the first value, some the last. A reviewer who sees one of the two approves a definition that
    means the other.

    ## Wrong

    ```yaml file=tools/read.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.read, version: 0.1.0}
    spec:
      effect: read
      capability: read
      effect: irreversible
    ```

    ## Right

    ```yaml file=tools/read.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.read, version: 0.1.0}
    spec:
      effect: read
      capability: read
    ```
    """
    for fault in file.faults:
        if fault.kind == "duplicate-key":
            message = f"key `{fault.subject}` stands twice in one mapping"
            yield Finding(
                fault.span, message, (Note("it stands here first", fault.other),), "keep one of the two"
            )
