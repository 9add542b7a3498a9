"""CTX008."""

from collections.abc import Iterator

from remit.definitions import Agent, ContextSource, Model
from remit.diagnostic import Note
from remit.link import Unit
from remit.rule import Finding, rule


@rule("packet-beyond-window", "CTX008", since="0.4", severity="warning")
def packet_beyond_window(unit: Unit[Agent]) -> Iterator[Finding]:
    """A packet of context that may be larger than what a model of the agent can be asked.

    ## Why

    A model takes as many tokens as its window leaves beside its longest answer. A packet may be as large as its sources
    together and as `context.max_input_tokens` allow. Where that is more, the model is skipped (`context_too_long`) just
    when there is most to read.

    ## Wrong

    ```yaml file=policies/model.yaml
    apiVersion: remit/v1
    kind: Model
    metadata: {id: small}
    spec:
      provider: openai
      model: house-1b
      endpoint: https://models.example/v1
      context_tokens: 8000
      max_output_tokens: 1000
      capabilities: [json_schema]
      price: {input_usd_per_million: 0.10, output_usd_per_million: 0.10}
    ```

    ```yaml file=policies/changelog.yaml
    apiVersion: remit/v1
    kind: ContextSource
    metadata: {id: changelog}
    spec: {type: file, path: CHANGELOG.md, max_tokens: 20000}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise what changed.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise what changed since {{ task.since }}."}
      models: [small]
      context: {max_input_tokens: 16000, required: [changelog]}
      output: {summary: string}
    ```

    ## Right

    ```yaml file=policies/model.yaml
    apiVersion: remit/v1
    kind: Model
    metadata: {id: small}
    spec:
      provider: openai
      model: house-1b
      endpoint: https://models.example/v1
      context_tokens: 8000
      max_output_tokens: 1000
      capabilities: [json_schema]
      price: {input_usd_per_million: 0.10, output_usd_per_million: 0.10}
    ```

    ```yaml file=policies/changelog.yaml
    apiVersion: remit/v1
    kind: ContextSource
    metadata: {id: changelog}
    spec: {type: file, path: CHANGELOG.md, max_tokens: 20000}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise what changed.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise what changed since {{ task.since }}."}
      models: [small]
      context: {max_input_tokens: 6000, required: [changelog]}
      output: {summary: string}
    ```

    ## Exceptions

    With `fallback: in_order` a larger model behind a smaller one takes what that one cannot: what is compared is the
    largest window of those that may be asked.
    """
    spec = unit.definition.spec
    if not spec.context.ranked:
        return
    asked = spec.models.allowed if spec.models.fallback == "in_order" else spec.models.allowed[:1]
    models = [model for model in (unit.portfolio.find(Model, name) for name in asked) if model is not None]
    sources = [unit.portfolio.find(ContextSource, name) for name in spec.context.ranked]
    if not models or len(models) < len(asked):
        return
    largest = max(models, key=_window)
    together = sum(source.spec.max_tokens for source in sources if source is not None)
    if min(together, spec.context.max_input_tokens) > _window(largest):
        at = ("spec", "context", "max_input_tokens")
        path = unit.portfolio.path_of(largest)
        yield Finding(
            unit.span(at if "max_input_tokens" in spec.context.model_fields_set else at[:2]),
            f"a packet may have {min(together, spec.context.max_input_tokens)} tokens,"
            f" and `{largest.metadata.id}` takes {_window(largest)}",
            (Note("its window stands here", unit.portfolio.span(path, ("spec", "context_tokens"))),),
            "lower `max_input_tokens` or the `max_tokens` of sources, or allow a larger model",
        )


def _window(model: Model) -> int:
    """How many tokens a question may have."""
    return model.spec.context_tokens - model.spec.max_output_tokens
