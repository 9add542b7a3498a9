"""SCH008."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("unknown-api-version", "SCH008", since="0.1")
def unknown_api_version(linked: Linked) -> Iterator[Finding]:
    """A version of the language that this compiler does not know.

    ## Why

    The version freezes the meaning and the defaults of every key. A compiler that guessed at another version would
    build something else than the author wrote, so it reads nothing more of the file.

    ## Wrong

    ```yaml file=policies/approval.yaml
    apiVersion: remit/v2
    kind: Approval
    metadata: {id: release}
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
    for fault in linked.faults.get("unknown-api-version", ()):
        (known,) = fault.expected
        message = f"`{fault.subject}` is no version of the language that this compiler knows"
        yield Finding(
            fault.span, message, (), f"write `{known}`, or use a compiler that knows `{fault.subject}`"
        )
