"""PRM006."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("secret-in-prompt", "PRM006", since="0.4")
def secret_in_prompt(linked: Linked) -> Iterator[Finding]:
    """A secret in a prompt, or in a file that a prompt includes.

    ## Why

    Every model that is asked with the prompt reads it, its provider keeps it, and whoever talks to the model can ask
    for it. An agent needs no secret: the gateway leases one for the call that needs it, and no model sees it.

    ## Wrong

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
    Write notes on {{ task.text }}. Sign in with AKIAQ3EGRV7XK2LMNB5T.
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
    Write notes on {{ task.text }}. A key of AWS looks like AKIAIOSFODNN7EXAMPLE: never write one.
    ```

    ## Exceptions

    A made-up secret holds the word `EXAMPLE`.
    """
    for fault in linked.faults.get("secret-in-prompt", ()):
        yield Finding(
            fault.span,
            f"this prompt holds a secret: it has the form `{fault.subject}` of the data class `{fault.expected[0]}`",
            (),
            "revoke it, and let the tool that needs it name a Credential; a made-up one holds `EXAMPLE`",
        )
