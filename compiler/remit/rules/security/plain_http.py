"""SEC006."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from remit.definitions import McpServer, Model
from remit.link import Unit
from remit.read import Path
from remit.rule import Finding, rule

_THIS_MACHINE = frozenset(("127.0.0.1", "::1", "localhost"))


@rule("plain-http", "SEC006", since="0.4")
def plain_http(unit: Unit[Model | McpServer]) -> Iterator[Finding]:
    """An address of another machine without TLS.

    ## Why

    What goes there (prompts, arguments, a key) can be read and changed by whoever stands between, and so can what comes
    back. A model at such an endpoint is never asked.

    ## Wrong

    ```yaml file=policies/model.yaml
    apiVersion: remit/v1
    kind: Model
    metadata: {id: house}
    spec:
      provider: openai
      model: house-7b
      endpoint: http://models.example/v1
      context_tokens: 32000
      max_output_tokens: 1000
      capabilities: [tools]
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
      capabilities: [tools]
      price: {input_usd_per_million: 0.10, output_usd_per_million: 0.10}
    ```

    ## Exceptions

    An address of this machine itself needs no TLS. An http tool is refused without it by SCH003.
    """
    at, address = _address(unit.definition)
    if address is not None and address.startswith("http://"):
        try:
            host = urlsplit(address).hostname
        except ValueError:
            host = None
        if host not in _THIS_MACHINE:
            yield Finding(unit.span(at), f"`{address}` is reached without TLS", help="use `https://`")


def _address(definition: Model | McpServer) -> tuple[Path, str | None]:
    if isinstance(definition, Model):
        return ("spec", "endpoint"), definition.spec.endpoint
    http = definition.spec.transport.http
    return ("spec", "transport", "http", "url"), None if http is None else http.url
