"""REF006."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("path-leaves-repository", "REF006", since="0.1")
def path_leaves_repository(linked: Linked) -> Iterator[Finding]:
    """A path that leads out of the repository, or passes through a symbolic link.

    ## Why

    What a definition names is part of what is reviewed, sealed and signed. A file elsewhere is none of it: it differs
    from machine to machine, and whoever can write it changes the agent without a review.

    ## Wrong

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string}}
      instructions: ../../../notes.md
      models: [dev]
      output: {notes: string}
    ```

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    use: [std@1]
    ```

    ## Right

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string}}
      instructions: notes.md
      models: [dev]
      output: {notes: string}
    ```

    ```markdown file=agents/notes/notes.md
    Write notes on {{ task.text }}.
    ```

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    use: [std@1]
    ```
    """
    for fault in linked.faults.get("path-leaves-repository", ()):
        (reason,) = fault.expected
        yield Finding(
            fault.span, f"the path `{fault.subject}` {reason}", (), "put a copy of the file in the repository"
        )
