"""REF002."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.link import Linked
from remit.rule import Finding, rule


@rule("wrong-kind", "REF002", since="0.1")
def wrong_kind(linked: Linked) -> Iterator[Finding]:
    """The name of a definition of another kind than the one that is meant here.

    ## Why

    An id belongs to its kind: a Tool and a Team may have the same. Where a Team is wanted, only a Team is taken, or
    a review of the one would say nothing about the other.

    ## Wrong

    ```yaml file=policies/teams.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: appsec}
    spec: {role: approver}
    ```

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release, owner: appsec}
    spec: {role: approver}
    ```

    ## Right

    ```yaml file=policies/teams.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release, owner: appsec}
    spec: {role: approver}
    ```
    """
    for fault in linked.faults.get("wrong-kind", ()):
        wanted, actual = fault.expected
        message = f"a {wanted} is wanted here, and `{fault.subject}` is a definition of kind {actual}"
        yield Finding(fault.span, message, (Note(f"`{fault.subject}` is defined here", fault.other),))
