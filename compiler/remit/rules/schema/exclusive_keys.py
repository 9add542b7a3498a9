"""SCH006."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.link import Linked
from remit.rule import Finding, rule


@rule("exclusive-keys", "SCH006", since="0.1")
def exclusive_keys(linked: Linked) -> Iterator[Finding]:
    """Two things that cannot both be said.

    ## Why

    Of two orchestrations, or two ways to perform a tool, the compiler would have to choose one, and the reader could
    not know which. A tool that is both allowed and denied is a mistake on one of the two lists.

    ## Wrong

    ```yaml file=policies/credential.yaml
    apiVersion: remit/v1
    kind: Credential
    metadata: {id: bot}
    spec: {source: {env: BOT_TOKEN, file: bot.token}, hosts: [review.example], scopes: [], max_ttl_seconds: 600}
    ```

    ## Right

    ```yaml file=policies/credential.yaml
    apiVersion: remit/v1
    kind: Credential
    metadata: {id: bot}
    spec: {source: {env: BOT_TOKEN}, hosts: [review.example], scopes: [], max_ttl_seconds: 600}
    ```
    """
    for fault in linked.faults.get("exclusive-keys", ()):
        said, (other,) = fault.subject, fault.expected
        if fault.other is None:
            yield Finding(
                fault.span, f"key `{said}` has no meaning with `{other}`", (), "delete one of the two"
            )
            continue
        message = (
            f"`{said}` stands in two lists that exclude each other"
            if said == other
            else f"key `{said}` excludes key `{other}`"
        )
        yield Finding(
            fault.span, message, (Note(f"`{other}` stands here", fault.other),), "keep one of the two"
        )
