"""REF001."""

from collections.abc import Iterator

from remit.diagnostic import Edit, Note
from remit.link import Linked
from remit.rule import Finding, rule


@rule("undefined-reference", "REF001", since="0.1")
def undefined_reference(linked: Linked) -> Iterator[Finding]:
    """A name of something that there is not: a definition, a state, an argument, a branch, a version.

    ## Why

    Authority is compiled. A grant, a denial or an owner that names nothing would be decided at run time or not at
    all, so every name must be the name of something in this tree or in a library it uses. Case matters.

    ## Wrong

    ```yaml file=policies/teams.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release, owner: appsek}
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
    for fault in linked.faults.get("undefined-reference", ()):
        noun, *meant = fault.expected
        advice = f"did you mean `{meant[0]}`?" if meant else None
        notes = (
            () if fault.other is None or not meant else (Note(f"`{meant[0]}` is defined here", fault.other),)
        )
        what, of, whose = noun.partition(" of ")
        edits = (Edit(fault.span, fault.correction, fault.subject),) if fault.correction else ()
        message = f"there is no {what} `{fault.subject}`{of}{whose}"
        yield Finding(fault.span, message, notes, advice, edits)
