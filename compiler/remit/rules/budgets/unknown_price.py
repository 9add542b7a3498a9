"""BUD009."""

from collections.abc import Iterator

from remit.definitions import Model
from remit.link import Unit
from remit.prices import TABLE, price_of_model
from remit.rule import Finding, rule


@rule("unknown-price", "BUD009", since="0.1")
def unknown_price(unit: Unit[Model]) -> Iterator[Finding]:
    """A model whose price nobody states.

    ## Why

    A budget in dollars is kept by reserving the worst price of a question before it is asked. For a model without a
    price there is nothing to reserve, and its budget would be no limit at all. The table `std@1/prices.json` knows
    public models by their exact names, at their provider's own endpoint; another endpoint may ask another price.

    ## Wrong

    ```yaml file=policies/model.yaml
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
    ```

    ## Right

    ```yaml file=policies/model.yaml
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
      price: {input_usd_per_million: 0.10, output_usd_per_million: 0.10}
    ```
    """
    model = unit.definition
    if price_of_model(model) is not None:
        return
    own = model.spec.endpoint is None
    why = f"`{TABLE}` does not hold `{model.spec.model}`" if own else "its endpoint is not the provider's own"
    yield Finding(
        unit.span(("spec", "model")),
        f"model `{model.metadata.id}` has no price, and {why}",
        (),
        "state `price` in US dollars for a million tokens",
    )
