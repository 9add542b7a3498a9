"""CTX003."""

from collections.abc import Iterator

from remit.definitions import MemoryScope
from remit.diagnostic import Note
from remit.link import Unit
from remit.rule import Finding, rule

_STEERING = ("semantic", "procedural")
"""What later runs take for knowledge and for instructions; episodes and preferences are somebody's own."""


@rule("memory-write-without-review", "CTX003", since="0.4")
def memory_write_without_review(unit: Unit[MemoryScope]) -> Iterator[Finding]:
    """Knowledge or instructions that an agent writes for later runs, and that nobody reviews.

    ## Why

    What an agent writes comes from models, tools and tasks, all of which an attacker may have spoken to. As `semantic`
    or `procedural` memory it is what later runs take for true, or do: one poisoned document is then behind every run to
    come. A person who reads it first is what stands between.

    ## Wrong

    ```yaml file=policies/lessons.yaml
    apiVersion: remit/v1
    kind: MemoryScope
    metadata: {id: lessons}
    spec: {memory: procedural, namespace: [tenant], retention_days: 90, review: not_required}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [dev]
      memory: {write: [lessons]}
      output: {summary: string}
    ```

    ## Right

    ```yaml file=policies/lessons.yaml
    apiVersion: remit/v1
    kind: MemoryScope
    metadata: {id: lessons}
    spec: {memory: procedural, namespace: [tenant], retention_days: 90, review: required}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [dev]
      memory: {write: [lessons]}
      output: {summary: string}
    ```

    ## Exceptions

    `episodic` and `preference` memory may go unreviewed, and so may any that agents only read.
    """
    spec = unit.definition.spec
    if spec.review == "required" or spec.memory not in _STEERING:
        return
    name = unit.definition.metadata.id
    writers = [
        use for use in unit.portfolio.users(MemoryScope, name) if use.at[:3] == ("spec", "memory", "write")
    ]
    if writers:
        first = writers[0]
        yield Finding(
            unit.span(("spec", "review")),
            f"what is written to `{name}` steers later runs, and nobody reviews it",
            (Note("it is written by this agent", unit.portfolio.span(first.path, first.at)),),
            "set `review: required`, or keep episodes or preferences there",
        )
