"""SYN005."""

from collections.abc import Iterator

from remit.read import ReadFile
from remit.rule import Finding, rule


@rule("unbounded-document", "SYN005", since="0.1")
def unbounded_document(file: ReadFile) -> Iterator[Finding]:
    """A document that is larger than people review, or that grows when it is read.

    ## Why

    Nine lines of anchors and aliases can stand for a thousand million values, and deep nesting exhausts readers that
    recurse. A definition is written and read by people: at most 1 MiB, 64 levels, 50,000 values, numbers of at most
    40 digits, and no anchors. What an alias would repeat is said again, or is a definition of its own.

    ## Wrong

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec:
      members:
        - {principal: "github:acme/appsec", roles: &roles [security, review]}
        - {principal: "github:acme/leads", roles: *roles}
    ```

    ## Right

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec:
      members:
        - {principal: "github:acme/appsec", roles: [security, review]}
        - {principal: "github:acme/leads", roles: [security, review]}
    ```
    """
    for fault in file.faults:
        said = fault.subject
        match fault.kind:
            case "anchor":
                message = f"anchor `&{said}` lets a document grow when it is read"
                yield Finding(
                    fault.span, message, (), f"delete `&{said}`, and write out what its aliases repeat"
                )
            case "alias":
                message = f"alias `*{said}` lets a document grow when it is read"
                yield Finding(fault.span, message, (), f"write out what `*{said}` repeats")
            case "too-deep":
                yield Finding(fault.span, f"the document is nested more than {said} levels deep")
            case "too-large":
                yield Finding(
                    fault.span, f"the file has {said} bytes, and at most {fault.expected[0]} are read"
                )
            case "too-many-values":
                yield Finding(fault.span, f"the document holds more than {said} values, keys and brackets")
            case "too-many-faults":
                yield Finding(fault.span, f"the file has {said} more findings than are told")
            case "too-many-files":
                yield Finding(fault.span, f"the repository has more than {said} files")
            case "number-too-long":
                message = f"number `{said}` is longer or larger than any quantity of a definition"
                yield Finding(fault.span, message, (), "quote it if it is meant as text")
            case _:
                pass
