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

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec:
      members: [{principal: "github:acme/appsec", roles: [security]}]
      members: [{principal: "os:*", roles: [security]}]
    ```

    ## Right

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec:
      members: [{principal: "github:acme/appsec", roles: [security]}]
    ```
    """
    for fault in file.faults:
        if fault.kind == "duplicate-key":
            message = f"key `{fault.subject}` stands twice in one mapping"
            yield Finding(
                fault.span, message, (Note("it stands here first", fault.other),), "keep one of the two"
            )
