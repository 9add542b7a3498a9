"""SCH001."""

from collections.abc import Iterator

from remit.diagnostic import Edit, nearest
from remit.link import Linked
from remit.rule import Finding, rule


@rule("unknown-key", "SCH001", since="0.1")
def unknown_key(linked: Linked) -> Iterator[Finding]:
    """A key that the language does not know at this place.

    ## Why

    A key that is passed over in silence is a limit, a guardrail or a denial that its author believes in and nobody
    enforces. Every mapping whose keys the language fixes refuses all others.

    ## Wrong

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release}
    spec: {role: approver, cuont: 2}
    ```

    ## Right

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release}
    spec: {role: approver, count: 2}
    ```
    """
    for fault in linked.faults.get("unknown-key", ()):
        meant = nearest(fault.subject, fault.expected)
        advice = f"did you mean `{meant}`?" if meant is not None else _known(fault.expected)
        edits = (Edit(fault.span, fault.correction, fault.subject),) if fault.correction else ()
        yield Finding(fault.span, f"unknown key `{fault.subject}`", (), advice, edits)


def _known(keys: tuple[str, ...]) -> str:
    if not keys:
        return "nothing may stand in this mapping"
    return f"the keys of this mapping are {', '.join(f'`{key}`' for key in keys)}"
