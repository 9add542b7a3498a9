"""PRM003."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("invalid-template", "PRM003", since="0.1")
def invalid_template(linked: Linked) -> Iterator[Finding]:
    """A prompt that is no template, or uses more of Jinja2 than prompts may.

    ## Why

    The runtime has no template engine. A prompt is evaluated while compiling into text and slots, so all but its slots
    must have a value then: what a slot such as `{{ task.text }}` will hold can be neither filtered nor tested. What of
    Jinja2 a prompt may use stands in docs/language.md, section 4; nothing of it reaches beyond the repository.

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
    Write notes on {{ task.text | upper }}.
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
    for fault in linked.faults.get("invalid-template", ()):
        yield Finding(
            fault.span,
            fault.subject,
            (),
            "docs/language.md, section 4, says what prompts may use; a slot stands alone: `{{ task.text }}`",
        )
