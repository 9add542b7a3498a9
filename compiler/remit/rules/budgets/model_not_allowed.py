"""BUD005."""

from collections.abc import Iterator
from typing import NamedTuple

from remit.definitions import Agent, Environment, Model, Release, Tenant
from remit.diagnostic import Note
from remit.link import Unit
from remit.rule import Finding, rule
from remit.source import Span


class _Limit(NamedTuple):
    """Where data may be, in the words of a message, and the place that says so."""

    where: str
    places: tuple[str, ...]
    span: Span


@rule("model-not-allowed", "BUD005", since="0.4")
def model_not_allowed(unit: Unit[Agent]) -> Iterator[Finding]:
    """An agent that is released where none of its models may be asked.

    ## Why

    An Environment and a Tenant may say where data may be, and a model that runs in none of these places is skipped. An
    agent whose models all run elsewhere, or do not say where, starts, and ends with `error` at its first question.

    ## Wrong

    ```yaml file=policies/production.yaml
    apiVersion: remit/v1
    kind: Environment
    metadata: {id: production}
    spec: {evidence: not_required, residency: [eu]}
    ```

    ```yaml file=releases/production.yaml
    apiVersion: remit/v1
    kind: Release
    metadata: {id: production}
    spec: {environment: production, agents: {acme.digest: {version: 0.1.0, lifecycle: active}}}
    ```

    ```yaml file=policies/models.yaml
    apiVersion: remit/v1
    kind: Model
    metadata: {id: house}
    spec:
      provider: openai
      model: house-7b
      endpoint: https://models.example/v1
      context_tokens: 32000
      max_output_tokens: 1000
      capabilities: [json_schema]
      residency: [us]
      price: {input_usd_per_million: 0.10, output_usd_per_million: 0.10}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [house]
      output: {summary: string}
    ```

    ## Right

    ```yaml file=policies/production.yaml
    apiVersion: remit/v1
    kind: Environment
    metadata: {id: production}
    spec: {evidence: not_required, residency: [eu]}
    ```

    ```yaml file=releases/production.yaml
    apiVersion: remit/v1
    kind: Release
    metadata: {id: production}
    spec: {environment: production, agents: {acme.digest: {version: 0.1.0, lifecycle: active}}}
    ```

    ```yaml file=policies/models.yaml
    apiVersion: remit/v1
    kind: Model
    metadata: {id: house}
    spec:
      provider: openai
      model: house-7b
      endpoint: https://models.example/v1
      context_tokens: 32000
      max_output_tokens: 1000
      capabilities: [json_schema]
      residency: [eu, us]
      price: {input_usd_per_million: 0.10, output_usd_per_million: 0.10}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [house]
      output: {summary: string}
    ```

    ## Exceptions

    Of a Tenant that has all agents nothing is said: some may not be meant for it.
    """
    limits = tuple(_limits(unit))
    if not limits:
        return
    grant = unit.definition.spec.models
    # With `fallback: none` the first model answers or nobody does.
    asked = grant.allowed if grant.fallback == "in_order" else grant.allowed[:1]
    models = [unit.portfolio.find(Model, name) for name in asked]
    found = [model for model in models if model is not None]
    if not found or len(found) < len(models):
        return
    for limit in limits:
        if any(set(limit.places) & set(model.spec.residency) for model in found):
            continue
        places = " or ".join(f"`{place}`" for place in limit.places)
        at = ("spec", "models", "allowed")
        yield Finding(
            unit.span(at if len(found) > 1 else (*at, 0)),
            f"`{unit.definition.metadata.id}` may ask no model {limit.where}: data may be only in {places}",
            (Note("it is said here", limit.span), *(_where(unit, model) for model in found)),
            "allow a model that runs there, and says so in its `residency`",
        )


def _limits(unit: Unit[Agent]) -> Iterator[_Limit]:
    """Where the data of the agent's runs may be, by every environment it is released to and tenant that names it."""
    agent, portfolio = unit.definition.metadata.id, unit.portfolio
    for release in portfolio.of(Release).values():
        released = release.spec.agents.get(agent)
        if released is None or released.lifecycle == "retired":
            continue
        name = release.spec.environment
        here = portfolio.find(Environment, name)
        if here is not None and here.spec.residency:
            span = portfolio.span(portfolio.path_of(here), ("spec", "residency"))
            yield _Limit(f"in `{name}`", here.spec.residency, span)
    for name, tenant in portfolio.of(Tenant).items():
        if tenant.spec.residency and agent in (tenant.spec.agents or ()):
            span = portfolio.span(portfolio.path_of(tenant), ("spec", "residency"))
            yield _Limit(f"for `{name}`", tenant.spec.residency, span)


def _where(unit: Unit[Agent], model: Model) -> Note:
    span = unit.portfolio.span(unit.portfolio.path_of(model), ("spec", "residency"))
    if not model.spec.residency:
        return Note(f"`{model.metadata.id}` does not say where it runs", span)
    places = ", ".join(f"`{place}`" for place in model.spec.residency)
    return Note(f"`{model.metadata.id}` runs in {places}", span)
