"""REF012."""

from collections.abc import Iterator

from remit.diagnostic import nearest
from remit.read import ReadFile
from remit.rule import Finding, rule


@rule("unknown-rule", "REF012", since="0.1")
def unknown_rule(file: ReadFile) -> Iterator[Finding]:
    """A level for a rule that does not exist.

    ## Why

    Whoever raises a rule to an error, or turns one off, believes that the line does something.

    ## Wrong

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    rules: {invalid-yml: error}
    ```

    ## Right

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    rules: {}
    ```
    """
    for fault in file.faults:
        if fault.kind == "unknown-rule":
            meant = nearest(fault.subject, fault.expected)
            advice = f"did you mean `{meant}`?" if meant else "docs/rules lists all rules"
            yield Finding(fault.span, f"there is no rule `{fault.subject}`", (), advice)
