"""BUD004."""

from collections.abc import Iterator

from remit.definitions import Model
from remit.definitions.model import OWN_ENDPOINTS, is_dated
from remit.link import Unit
from remit.rule import Finding, rule

_NEWEST = "latest"


@rule("model-alias-floating", "BUD004", since="0.4")
def model_alias_floating(unit: Unit[Model]) -> Iterator[Finding]:
    """A model by a name behind which its provider may put another one.

    ## Why

    Evidence is about a concrete model: an agent that has passed its gates with one has shown nothing of the next. An
    alias such as `gpt-4o` answers with another model from one day to the next, under the same digest and the same
    evidence. A name that ends in a day stays what it was.

    ## Wrong

    ```yaml file=policies/model.yaml
    apiVersion: remit/v1
    kind: Model
    metadata: {id: reasoning}
    spec:
      provider: openai
      model: gpt-4.1
      context_tokens: 400000
      max_output_tokens: 8000
      capabilities: [tools, json_schema]
    ```

    ## Right

    ```yaml file=policies/model.yaml
    apiVersion: remit/v1
    kind: Model
    metadata: {id: reasoning}
    spec:
      provider: openai
      model: gpt-4.1-2025-04-14
      context_tokens: 400000
      max_output_tokens: 8000
      capabilities: [tools, json_schema]
    ```

    ## Exceptions

    What a name means at an endpoint that is not the provider's own, its owner decides; only one that says `latest` is
    an alias everywhere. A script is no model.
    """
    spec = unit.definition.spec
    if spec.provider == "scripted":
        return
    place = unit.span(("spec", "model"))
    if spec.model.lower().endswith(_NEWEST):
        yield Finding(
            place, f"`{spec.model}` is whichever is the newest", help="name the one that was evaluated"
        )
    elif spec.address == OWN_ENDPOINTS.get(spec.provider) and not is_dated(spec.model):
        yield Finding(
            place,
            f"`{spec.model}` is an alias of its provider, which may stand for another model tomorrow",
            help=f"name the one that was evaluated, with its day: `{spec.model}-YYYY-MM-DD`",
        )
