"""SCH002."""

from collections.abc import Iterator

from remit.definitions import API_VERSION
from remit.diagnostic import Edit, Fault
from remit.link import Linked
from remit.rule import Finding, rule
from remit.source import Span


@rule("missing-key", "SCH002", since="0.1")
def missing_key(linked: Linked) -> Iterator[Finding]:
    """A mapping without a key that it needs.

    ## Why

    Whatever has a safe default may be left out. What has none is for the author to say: who answers for a tool, what
    it does to the world, where a state goes next.

    ## Wrong

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release}
    spec: {count: 2}
    ```

    ## Right

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: release}
    spec: {role: approver, count: 2}
    ```
    """
    for fault in linked.faults.get("missing-key", ()):
        where = f" in `{fault.subject}`" if fault.subject else ""
        keys = [f"`{key}`" for key in fault.expected]
        if len(keys) == 1:
            yield Finding(fault.span, f"key {keys[0]} is missing{where}", (), None, _version_edit(fault))
        else:
            message = f"one of the keys {', '.join(keys[:-1])} and {keys[-1]} is missing{where}"
            yield Finding(fault.span, message, (), "give exactly one of them")


def _version_edit(fault: Fault) -> tuple[Edit, ...]:
    """The line that a document without `apiVersion` lacks; one that is written in braces is left alone."""
    path, start, _ = fault.span
    if fault.subject or fault.expected != ("apiVersion",) or start.column != 1:
        return ()
    return (Edit(Span(path, start, start), f"apiVersion: {API_VERSION}\n"),)
