"""SYN001."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.read import ReadFile
from remit.rule import Finding, rule

# What the parser says, and what most often is the reason for it.
_HELP = (
    ("unexpected ':'", "quote text that holds a colon inside `{}` or `[]`"),
    ("tab character", "indent with spaces"),
    ("cannot start any token", "indent with spaces, and quote text that begins with `@`, a backtick or `%`"),
    (
        "mapping values are not allowed",
        "quote text that holds a colon and a space, and check the indentation",
    ),
    ("did not find expected key", "line this key up with its neighbours, and check the quotes before it"),
    ("could not find expected ':'", "every line of a mapping is `key: value`; check the indentation"),
    ("unexpected end of stream", "close the quotes or brackets that are open here"),
    ("expected ',' or", "close the brackets that are open here"),
)


@rule("invalid-yaml", "SYN001", since="0.1")
def invalid_yaml(file: ReadFile) -> Iterator[Finding]:
    """A file that is no YAML.

    ## Why

    What cannot be parsed cannot be judged. Nothing after the place of the finding was read, so the rest of the file
    may hold more findings.

    ## Wrong

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
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
        if fault.kind == "syntax":
            advice = next((advice for words, advice in _HELP if words in fault.subject), None)
            context = " ".join(fault.expected)
            notes = (Note(f"{context}, which begins here", fault.other),) if fault.other and context else ()
            yield Finding(fault.span, f"the file is no YAML: {fault.subject}", notes, advice)
