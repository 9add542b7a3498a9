"""REF004."""

from collections.abc import Iterator

from remit.definitions import Agent, DataClass, Named
from remit.link import Unit
from remit.rule import Finding, rule


@rule("unused-definition", "REF004", since="0.4", severity="warning")
def unused_definition(unit: Unit[Named]) -> Iterator[Finding]:
    """A definition that nothing names, and that therefore does nothing.

    ## Why

    It is reviewed, locked and read by everybody who wants to know what the agents may do, and says nothing about it.
    Often it is the trace of a grant that was forgotten, or that was taken away and may come back unseen.

    ## Wrong

    ```yaml file=policies/models.yaml
    apiVersion: remit/v1
    kind: Model
    metadata: {id: reasoning}
    spec:
      provider: openai
      model: reasoning-2026-09-01
      context_tokens: 200000
      max_output_tokens: 8000
      capabilities: [json_schema]
      price: {input_usd_per_million: 2.50, output_usd_per_million: 10.00}
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
      output: {summary: string}
    ```

    ## Right

    ```yaml file=policies/models.yaml
    apiVersion: remit/v1
    kind: Model
    metadata: {id: reasoning}
    spec:
      provider: openai
      model: reasoning-2026-09-01
      context_tokens: 200000
      max_output_tokens: 8000
      capabilities: [json_schema]
      price: {input_usd_per_million: 2.50, output_usd_per_million: 10.00}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [reasoning, dev]
      output: {summary: string}
    ```

    ## Exceptions

    A DataClass that redacts is in force for everything, named or not. A Tool that is defined in order to be denied is
    named where it is denied. A suite that nothing names is run by `remit eval SUITE`. In a repository without agents
    nothing is expected to be named.
    """
    definition, portfolio = unit.definition, unit.portfolio
    if isinstance(definition, DataClass) and definition.spec.redact:
        return
    kind, name = type(definition), definition.metadata.id
    if not portfolio.holds(Agent) or portfolio.users(kind, name) or not portfolio.is_whole:
        return
    yield Finding(
        unit.span(("metadata", "id")),
        f"nothing names the {kind.__name__} `{name}`",
        (),
        "name it where it is meant to be used, or delete it",
    )
