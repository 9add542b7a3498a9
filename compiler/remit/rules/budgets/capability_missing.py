"""BUD006."""

from collections.abc import Iterator

from remit.definitions import Model
from remit.diagnostic import nearest
from remit.link import Unit
from remit.rule import Finding, rule

_DECIDES_BY = ("json_schema", "tools")


@rule("capability-missing", "BUD006", since="0.4")
def capability_missing(unit: Unit[Model]) -> Iterator[Finding]:
    """A model that can never be asked, because nothing would hold it to a decision.

    ## Why

    A model answers with one decision, and is held to it by a schema of its answer (`json_schema`) or by functions of
    which it must call one (`tools`). One that declares neither is skipped for every question, and with
    `fallback: none` the state ends with `error`.

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
      price: {input_usd_per_million: 0.10, output_usd_per_million: 0.10}
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
    spec = unit.definition.spec
    if spec.provider == "scripted" or not set(_DECIDES_BY).isdisjoint(spec.capabilities):
        return
    meant = next(filter(None, (nearest(word, _DECIDES_BY) for word in spec.capabilities)), None)
    yield Finding(
        unit.span(("spec", "capabilities")),
        f"`{unit.definition.metadata.id}` is never asked: it has neither `json_schema` nor `tools`",
        help=f"did you mean `{meant}`?" if meant else "declare the one that its endpoint has",
    )
