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

    ```yaml file=tools/read.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.read, version: 0.1.0}
    ---
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.write, version: 0.1.0}
    ```

    ## Right

    ```yaml file=tools/read.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.read, version: 0.1.0}
    ```

    ```yaml file=tools/write.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.write, version: 0.1.0}
    ```
    """
    for fault in file.faults:
        if fault.kind == "second-document":
            message = "a second document begins here, and a file holds one definition"
            yield Finding(fault.span, message, (), "put each definition into a file of its own")
