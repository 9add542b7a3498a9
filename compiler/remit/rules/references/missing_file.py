"""REF007."""

from collections.abc import Iterator

from remit.diagnostic import Edit
from remit.link import Linked
from remit.rule import Finding, rule


@rule("missing-file", "REF007", since="0.1")
def missing_file(linked: Linked) -> Iterator[Finding]:
    """The path of a file that is not there, or that cannot be used.

    ## Why

    A prompt, a schema or a graph that is missing cannot be sealed. Paths are relative to the folder of the file that
    they stand in, and case matters everywhere, also where the disk forgives it.

    ## Wrong

    ```yaml file=agents/notes/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.notes, version: 0.1.0, owner: dev}
    spec:
      purpose: Write notes.
      tasks: {write: {text: string}}
      instructions: note.md
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
    for fault in linked.faults.get("missing-file", ()):
        reason, *meant = fault.expected
        advice = f"did you mean `{meant[0]}`?" if meant else None
        edits = (Edit(fault.span, fault.correction),) if fault.correction else ()
        yield Finding(fault.span, f"`{fault.subject}` is no file to use here: {reason}", (), advice, edits)
