"""AUT005."""

from collections.abc import Iterator

from remit.definitions import Credential, McpServer, Tool
from remit.diagnostic import Note
from remit.link import Unit
from remit.rule import Finding, rule


@rule("scope-that-no-tool-needs", "AUT005", since="0.4", severity="warning")
def scope_that_no_tool_needs(unit: Unit[Credential]) -> Iterator[Finding]:
    """A scope of a credential that none of the tools which use it asks for.

    ## Why

    The `scopes` of a Credential are what its secret can do. One that no tool needs does no work and widens what a
    stolen secret is good for.

    ## Wrong

    ```yaml file=policies/bot.yaml
    apiVersion: remit/v1
    kind: Credential
    metadata: {id: bot}
    spec: {source: {env: BOT_TOKEN}, hosts: [review.example], scopes: ["comments:read", "admin"], max_ttl_seconds: 60}
    ```

    ```yaml file=tools/thread.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.thread, version: 1.0.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false}
      output: {type: object, required: [items], properties: {items: {type: array, items: {type: object}}}}
      credential: {ref: bot, scopes: ["comments:read"], ttl_seconds: 60}
      implementation: {http: {method: GET, url: "https://review.example/api", hosts: [review.example]}}
    ```

    ## Right

    ```yaml file=policies/bot.yaml
    apiVersion: remit/v1
    kind: Credential
    metadata: {id: bot}
    spec: {source: {env: BOT_TOKEN}, hosts: [review.example], scopes: ["comments:read"], max_ttl_seconds: 60}
    ```

    ```yaml file=tools/thread.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.thread, version: 1.0.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false}
      output: {type: object, required: [items], properties: {items: {type: array, items: {type: object}}}}
      credential: {ref: bot, scopes: ["comments:read"], ttl_seconds: 60}
      implementation: {http: {method: GET, url: "https://review.example/api", hosts: [review.example]}}
    ```

    ## Exceptions

    A model names no scopes, so that nothing is said of a credential that one uses; nor of one that nothing uses, which
    is REF004.
    """
    if not unit.definition.spec.scopes:
        return
    uses = unit.portfolio.users(Credential, unit.definition.metadata.id)
    needed: set[str] = set()
    for use in uses:
        user = unit.portfolio.definition_at(use.path)
        if not isinstance(user, Tool | McpServer) or user.spec.credential is None:
            return
        needed.update(user.spec.credential.scopes)
    for index, scope in enumerate(unit.definition.spec.scopes):
        if uses and scope not in needed and unit.portfolio.is_whole:
            first = uses[0]
            yield Finding(
                unit.span(("spec", "scopes", index)),
                f"nothing that uses `{unit.definition.metadata.id}` asks for `{scope}`",
                (Note("it is used here", unit.portfolio.span(first.path, first.at)),),
                "take the scope away, here and from the secret",
            )
