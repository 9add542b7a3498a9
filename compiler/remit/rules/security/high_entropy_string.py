"""SEC002."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("high-entropy-string", "SEC002", since="0.4", severity="warning")
def high_entropy_string(linked: Linked) -> Iterator[Finding]:
    """A value in a definition that looks drawn by lot, under a key that is named like a secret.

    ## Why

    SEC001 knows the forms of common tokens. A password or a key of your own has no form; but it was drawn by lot,
    and whoever wrote it down called it by its name. It is shown as asterisks.

    ## Wrong

    ```yaml file=policies/team.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: ops, labels: {deploy-token: Kq3vT8mZp1Xw7Lr2Nd5Yb9Hs}}
    spec: {members: [{principal: "github:acme/ops", roles: [operator]}]}
    ```

    ## Right

    ```yaml file=policies/credential.yaml
    apiVersion: remit/v1
    kind: Credential
    metadata: {id: deploy_token}
    spec: {source: {env: DEPLOY_TOKEN}, hosts: [deploy.example], scopes: [], max_ttl_seconds: 900}
    ```

    ## Exceptions

    A made-up value holds the word `EXAMPLE`.
    """
    for fault in linked.faults.get("high-entropy-string", ()):
        yield Finding(
            fault.span,
            f"what stands under `{fault.subject}` looks like a secret",
            (),
            "name a Credential that leases it from where it is kept; a made-up one holds `EXAMPLE`",
        )
