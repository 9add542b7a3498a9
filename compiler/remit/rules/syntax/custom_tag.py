"""SYN009."""

from collections.abc import Iterator

from remit.read import ReadFile
from remit.rule import Finding, rule


@rule("custom-tag", "SYN009", since="0.1")
def custom_tag(file: ReadFile) -> Iterator[Finding]:
    """A tag or a directive, which tells a reader to take values for something else than they are.

    ## Why

    Tags make some readers build objects or run code, and directives change the version of YAML or what a tag means.
    The kind of a definition and its schema say what every value is; nothing else may.

    ## Wrong

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec, name: !!str 2026}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```

    ## Right

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec, name: "2026"}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```
    """
    for fault in file.faults:
        if fault.kind == "tag":
            tag = fault.subject.replace("tag:yaml.org,2002:", "!!")
            message = f"tag `{tag}` tells readers to take the value for something else"
            yield Finding(fault.span, message, (), "delete the tag; quote the value if it is text")
        elif fault.kind == "directive":
            message = "a directive changes how the file is read"
            yield Finding(
                fault.span, message, (), "delete the lines that begin with `%`, and the `---` after them"
            )
