"""REF003."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.link import Linked
from remit.rule import Finding, rule


@rule("duplicate-id", "REF003", since="0.1")
def duplicate_id(linked: Linked) -> Iterator[Finding]:
    """An id that stands twice where ids must differ.

    ## Why

    Of two definitions with one id, a reference could mean either. The same holds for the rules of a policy, the
    steps of a form, the graders and cases of a suite, and the entries of a list of ids.

    ## Wrong

    ```yaml file=policies/first.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release}
    spec: {role: approver}
    ```

    ```yaml file=policies/second.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release}
    spec: {role: approver}
    ```

    ## Right

    ```yaml file=policies/first.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release}
    spec: {role: approver}
    ```

    ```yaml file=policies/second.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: owner_of_release}
    spec: {role: approver}
    ```
    """
    for fault in linked.faults.get("duplicate-id", ()):
        what = (
            f"{fault.expected[0]} `{fault.subject}` is defined"
            if fault.expected
            else f"`{fault.subject}` stands"
        )
        yield Finding(fault.span, f"{what} twice", (Note("it stands here first", fault.other),))
