"""REF005."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("import-cycle", "REF005", since="0.4")
def import_cycle(linked: Linked) -> Iterator[Finding]:
    """Files of prompts that include each other in a circle.

    ## Why

    A prompt is the text of its file with that of all that it includes. A file that includes itself, through others
    too, has no such text.

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
    Write notes on {{ task.text }}. {% include "tone.md" %}
    ```

    ```markdown file=agents/notes/tone.md
    Be brief, as {% include "notes.md" %} says.
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
    Write notes on {{ task.text }}. {% include "tone.md" %} {% include "tone.md" %}
    ```

    ```markdown file=agents/notes/tone.md
    Be brief.
    ```
    """
    for fault in linked.faults.get("import-cycle", ()):
        yield Finding(
            fault.span,
            f"files include each other in a circle: {fault.subject}",
            fault.notes,
            "move what they share into a file that includes none of them",
        )
