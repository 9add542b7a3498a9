"""SYN003."""

from collections.abc import Iterator

from remit.read import ReadFile
from remit.rule import Finding, rule


@rule("not-a-definition", "SYN003", since="0.1")
def not_a_definition(file: ReadFile) -> Iterator[Finding]:
    """A file in a definition's place that holds no mapping: it is empty, a list, a link, or no file at all.

    ## Why

    Every `.yaml` file below `agents/`, `tools/` and `policies/` is read as a definition. One that is silently passed
    over would be a tool or a policy that somebody believes in. A symbolic link is never followed: it could lead out
    of the commit that was reviewed.

    ## Wrong

    ```yaml file=policies/notes.yaml
    - ask before a merge
    - never deploy
    ```

    ## Right

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```
    """
    for fault in file.faults:
        match fault.kind:
            case "no-root":
                message = "the repository has no `remit.yaml`"
                yield Finding(fault.span, message, (), "write one, or let `remit init` do it")
            case "empty":
                yield Finding(fault.span, "the file is empty", (), "write a definition, or delete the file")
            case "not-a-mapping":
                message = f"a definition is a mapping, and this file holds {fault.subject}"
                advice = (
                    "begin with `apiVersion: remit/v1`, or move the file out of the folders of definitions"
                )
                yield Finding(fault.span, message, (), advice)
            case "link":
                message = "the file is a symbolic link, which is never followed"
                yield Finding(fault.span, message, (), "put a copy of the file here")
            case "not-a-file":
                yield Finding(fault.span, "this is no regular file", (), "put a file here")
            case "unreadable":
                yield Finding(fault.span, f"the file cannot be read: {_plain(fault.subject)}")
            case _:
                pass


def _plain(reason: str) -> str:
    """The reason of the operating system as the end of a sentence."""
    return reason[:1].lower() + reason[1:]
