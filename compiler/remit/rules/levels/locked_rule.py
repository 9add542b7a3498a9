"""REF013."""

from collections.abc import Iterator

from remit.read import ReadFile
from remit.rule import Finding, rule


@rule("locked-rule", "REF013", since="0.1")
def locked_rule(file: ReadFile) -> Iterator[Finding]:
    """A level for a rule whose level cannot be changed.

    ## Why

    Rules of the groups SYN, SCH and REF say that a definition can be read at all. With one of them turned off, every
    later rule would judge something that is not what its author wrote. `locked` names further rules, or whole groups,
    that the organisation never lets anybody soften.

    ## Wrong

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    rules: {duplicate-key: "off"}
    ```

    ## Right

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    rules: {}
    ```
    """
    for fault in file.faults:
        if fault.kind == "locked-rule":
            message = f"the level of rule `{fault.subject}` cannot be changed"
            yield Finding(fault.span, message, (), "delete the line")
