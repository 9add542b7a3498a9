"""SCH003."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("wrong-type", "SCH003", since="0.1")
def wrong_type(linked: Linked) -> Iterator[Finding]:
    """A value of the wrong type, form or size.

    ## Why

    Nothing is converted: `"8"` is not the number 8, and `1.10` is a number and no version. A value that means one
    thing to its author and another to a converter is worse than an error. Numbers are exact, so an amount has at most
    six places and a time at most three.

    ## Wrong

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: Release}
    spec: {role: approver, count: "2"}
    ```

    ## Right

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release}
    spec: {role: approver, count: 2}
    ```
    """
    for fault in linked.faults.get("wrong-type", ()):
        yield Finding(fault.span, f"expected {' or '.join(fault.expected)}, found {fault.subject}")
