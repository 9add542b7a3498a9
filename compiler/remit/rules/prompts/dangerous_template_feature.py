"""PRM010."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("dangerous-template-feature", "PRM010", since="0.4")
def dangerous_template_feature(linked: Linked) -> Iterator[Finding]:
    """A template that reaches for code: a call, an import, `attr`, a name such as `__class__`.

    ## Why

    These are the ways in which templates of Jinja2 come to run code. Here none of them leads anywhere, since a
    prompt is evaluated over plain values and nothing of Python is among them. Who wrote such a template wanted more of
    it than text: it deserves a second look.

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
    Write notes on {{ task.text }}, by {{ agent.__class__.__name__ }}.
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
    Write notes on {{ task.text }}, by {{ agent.id }}.
    ```
    """
    for fault in linked.faults.get("dangerous-template-feature", ()):
        yield Finding(
            fault.span,
            fault.subject,
            (),
            "docs/language.md, section 4, says what prompts may use; ask who wrote this what it is for",
        )
