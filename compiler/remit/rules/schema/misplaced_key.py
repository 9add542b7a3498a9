"""SCH005."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.link import Linked
from remit.rule import Finding, rule


@rule("misplaced-key", "SCH005", since="0.1")
def misplaced_key(linked: Linked) -> Iterator[Finding]:
    """A key that the language knows, one level up, down or beside this place.

    ## Why

    It is as good as unknown here, for nothing reads it. Most often the indentation slipped.

    ## Wrong

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release, role: approver}
    spec: {role: approver}
    ```

    ## Right

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release}
    spec: {role: approver}
    ```
    """
    for fault in linked.faults.get("misplaced-key", ()):
        (where,) = fault.expected
        place = f"`{where}`" if where else "the top of the file"
        notes = () if fault.other is None else (Note(f"{place} is here", fault.other),)
        message = f"key `{fault.subject}` has no meaning here"
        yield Finding(fault.span, message, notes, f"it belongs to {place}")
