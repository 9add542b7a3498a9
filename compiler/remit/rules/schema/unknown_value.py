"""SCH004."""

from collections.abc import Iterator

from remit.diagnostic import Edit, nearest, only_slip
from remit.link import Linked
from remit.rule import Finding, rule


@rule("unknown-value", "SCH004", since="0.1")
def unknown_value(linked: Linked) -> Iterator[Finding]:
    """A word where the language knows some others.

    ## Why

    Effects, risks, kinds and types of states are closed lists: the runtime enforces a meaning for each of them, and
    has none for any other. Which kinds a file may hold goes by its folder.

    ## Wrong

    ```yaml file=policies/resource.yaml
    apiVersion: remit/v1
    kind: Resource
    metadata: {id: website}
    spec: {type: Repo, match: acme/website, risk: hihg}
    ```

    ## Right

    ```yaml file=policies/resource.yaml
    apiVersion: remit/v1
    kind: Resource
    metadata: {id: website}
    spec: {type: Repo, match: acme/website, risk: high}
    ```
    """
    for fault in linked.faults.get("unknown-value", ()):
        meant = nearest(fault.subject, fault.expected)
        words = [f"`{word}`" for word in fault.expected]
        listed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
        advice = f"did you mean `{meant}`?" if meant is not None else None
        only = only_slip(fault.subject, fault.expected)
        edits = (Edit(fault.span, only, fault.subject),) if only else ()
        yield Finding(
            fault.span, f"`{fault.subject}` is none of the values here: {listed}", (), advice, edits
        )
