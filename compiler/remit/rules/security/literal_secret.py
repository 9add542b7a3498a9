"""SEC001."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("literal-secret", "SEC001", since="0.4")
def literal_secret(linked: Linked) -> Iterator[Finding]:
    """A secret in a definition, or in a file that one names: a schema, a script, a case, an answer of a service.

    ## Why

    What is in the repository is in every clone and in the bundle, for ever: a secret there is everybody's. What a
    secret looks like is said by the patterns of the data classes with `sensitivity: secret`; std@1 brings one.
    Whatever is found is shown as asterisks, here and in every other finding.

    ## Wrong

    ```yaml file=policies/team.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: ops, description: Sign in with AKIAQ3EGRV7XK2LMNB5T}
    spec: {members: [{principal: "github:acme/ops", roles: [operator]}]}
    ```

    ## Right

    ```yaml file=policies/team.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: ops, description: Sign in with the key of the vault}
    spec: {members: [{principal: "github:acme/ops", roles: [operator]}]}
    ```

    ## Exceptions

    A made-up secret in a test holds the word `EXAMPLE`, as `AKIAIOSFODNN7EXAMPLE` does.
    """
    for fault in linked.faults.get("literal-secret", ()):
        yield Finding(
            fault.span,
            f"a secret stands here: it has the form `{fault.subject}` of the data class `{fault.expected[0]}`",
            (),
            "revoke it, and name a Credential that leases it from where it is kept; a made-up one holds `EXAMPLE`",
        )
