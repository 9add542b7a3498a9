"""SYN008."""

from collections.abc import Iterator

from remit.read import ReadFile
from remit.rule import Finding, rule


@rule("several-documents", "SYN008", since="0.1")
def several_documents(file: ReadFile) -> Iterator[Finding]:
    """A second document in one file.

    ## Why

    One file is one definition, so that its path, its history and its owner are those of one thing. Many readers pass
    over every document after the first without a word.

    ## Wrong

    ```yaml file=policies/teams.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ---
    apiVersion: remit/v1
    kind: Team
    metadata: {id: platform}
    spec: {members: [{principal: "github:acme/platform", roles: [release]}]}
    ```

    ## Right

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```

    ```yaml file=policies/platform.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: platform}
    spec: {members: [{principal: "github:acme/platform", roles: [release]}]}
    ```
    """
    for fault in file.faults:
        if fault.kind == "second-document":
            message = "a second document begins here, and a file holds one definition"
            yield Finding(fault.span, message, (), "put each definition into a file of its own")
