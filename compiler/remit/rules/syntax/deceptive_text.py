"""SYN007."""

from collections.abc import Iterator

from remit.read import ReadFile
from remit.rule import Finding, rule

_UTF_8 = "save the file as UTF-8 without a byte order mark"


@rule("deceptive-text", "SYN007", since="0.1")
def deceptive_text(file: ReadFile) -> Iterator[Finding]:
    """Text that reads otherwise than it looks: hidden or reordering characters, or an encoding other than UTF-8.

    ## Why

    Bidirectional controls show a line in another order than it is read in, zero-width and tag characters carry text
    that nobody sees, and bytes that are no UTF-8 become whatever a reader makes of them. Instructions to a model,
    names of tools and patterns of policies must be what their reviewer saw. The same goes for the names of files.

    ## Wrong

    The description holds a zero-width space, written here by its number.

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec, description: Reviews what{U+200B} others merge.}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```

    ## Right

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec, description: Reviews what others merge.}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```
    """
    for fault in file.faults:
        said = fault.subject
        match fault.kind:
            case "deceptive-character":
                message = f"the text holds {said}, which readers do not see as it stands"
                advice = 'delete it, or write it as an escape in double quotes, such as `"\\u200b"`'
                yield Finding(fault.span, message, (), advice)
            case "byte-order-mark":
                yield Finding(fault.span, "the file begins with a byte order mark", (), _UTF_8)
            case "wide-encoding":
                yield Finding(fault.span, "the file is UTF-16 or UTF-32, and only UTF-8 is read", (), _UTF_8)
            case "not-utf-8":
                yield Finding(fault.span, f"the bytes `{said}` are no UTF-8", (), _UTF_8)
            case "undecodable-name":
                advice = "name the file in ASCII"
                yield Finding(
                    fault.span, "the name of the file is no UTF-8, so nothing can refer to it", (), advice
                )
            case "deceptive-name":
                message = f"the name of the file holds {said}, which readers do not see as it stands"
                yield Finding(fault.span, message, (), "name the file in plain letters")
            case _:
                pass
