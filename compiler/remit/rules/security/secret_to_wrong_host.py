"""SEC005."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from remit.definitions import Credential, Environment, Model, Tool
from remit.diagnostic import Note
from remit.link import Unit
from remit.read import Path
from remit.rule import Finding, rule
from remit.source import Span

_USE: Path = ("spec", "credential")


@rule("secret-to-wrong-host", "SEC005", since="0.4")
def secret_to_wrong_host(unit: Unit[Tool | Model]) -> Iterator[Finding]:
    """A credential that is wanted for a host, a scope or a time for which it is not given out.

    ## Why

    A Credential says to which hosts its secret may go, with which scopes, and for how long. The gateway holds every
    lease to that before anything is sent, so that each call of the tool is denied, in production as in a test.

    ## Wrong

    ```yaml file=policies/bot.yaml
    apiVersion: remit/v1
    kind: Credential
    metadata: {id: bot}
    spec: {source: {env: BOT_TOKEN}, hosts: [review.example], scopes: ["comments:read"], max_ttl_seconds: 60}
    ```

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
      credential: bot
    ```

    ## Right

    ```yaml file=policies/bot.yaml
    apiVersion: remit/v1
    kind: Credential
    metadata: {id: bot}
    spec: {source: {env: BOT_TOKEN}, hosts: [models.example], scopes: [], max_ttl_seconds: 60}
    ```

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
      credential: bot
    ```

    ## Exceptions

    Nothing is said of a tool that no agent is granted, nor of a host for which an Environment lets another stand that
    the credential has.
    """
    if isinstance(unit.definition, Model):
        yield from _of_model(unit, unit.definition)
    elif unit.definition.spec.credential is not None and _is_granted(unit):
        yield from _of_tool(unit, unit.definition)


def _is_granted(unit: Unit[Tool | Model]) -> bool:
    uses = unit.portfolio.users(Tool, unit.definition.metadata.id)
    return any(use.at[:3] == ("spec", "tools", "allowed") for use in uses)


def _of_model(unit: Unit[Tool | Model], model: Model) -> Iterator[Finding]:
    address = model.spec.address
    credential = (
        None if model.spec.credential is None else unit.portfolio.find(Credential, model.spec.credential)
    )
    if address is None or credential is None:
        return
    try:
        host = urlsplit(address).hostname or ""  # of a model the port does not count
    except ValueError:
        return
    if host not in credential.spec.hosts:
        yield _wrong_host(unit, credential, host, _USE)


def _of_tool(unit: Unit[Tool | Model], tool: Tool) -> Iterator[Finding]:
    use = tool.spec.credential
    credential = None if use is None else unit.portfolio.find(Credential, use.ref)
    if use is None or credential is None:
        return
    http = tool.spec.implementation.http
    if http is None:
        yield Finding(
            unit.span(_USE, "key"),
            f"`{tool.metadata.id}` is no http tool, and a credential goes into nothing but a request",
            help="leave it out, or make the request with an http tool",
        )
        return
    host = urlsplit(http.url).netloc
    if not {host, *_standing_for(unit, host)} & set(credential.spec.hosts):
        yield _wrong_host(unit, credential, host, (*_USE, "ref"))
    for index, scope in enumerate(use.scopes):
        if scope not in credential.spec.scopes:
            yield Finding(
                unit.span((*_USE, "scopes", index)),
                f"`{use.ref}` is not given out with the scope `{scope}`",
                (Note("its scopes stand here", _part(unit, credential, "scopes")),),
                "ask for a scope that it has",
            )
    if use.ttl_seconds > credential.spec.max_ttl_seconds:
        yield Finding(
            unit.span((*_USE, "ttl_seconds")),
            f"`{use.ref}` is given out for at most {credential.spec.max_ttl_seconds} seconds",
            (Note("its time stands here", _part(unit, credential, "max_ttl_seconds")),),
            "ask for no more",
        )


def _standing_for(unit: Unit[Tool | Model], host: str) -> Iterator[str]:
    for environment in unit.portfolio.of(Environment).values():
        if host in environment.spec.hosts:
            yield environment.spec.hosts[host]


def _wrong_host(unit: Unit[Tool | Model], credential: Credential, host: str, at: Path) -> Finding:
    return Finding(
        unit.span(at),
        f"`{credential.metadata.id}` is not given out to `{host}`",
        (Note("its hosts stand here", _part(unit, credential, "hosts")),),
        "name a credential of this host",
    )


def _part(unit: Unit[Tool | Model], credential: Credential, key: str) -> Span:
    return unit.portfolio.span(unit.portfolio.path_of(credential), ("spec", key))
