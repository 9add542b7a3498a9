"""SYN001."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.read import ReadFile
from remit.rule import Finding, rule

# The character that the parser stopped at, what it said, and what most often is the reason.
_HELP = (
    ("?", "expected ',' or", "quote text that holds a `?` inside `{}` or `[]`"),
    (":", "unexpected ':'", "quote text that holds a `:` inside `{}` or `[]`"),
    ("\t", "", "indent with spaces"),
    ("", "cannot start any token", "quote text that begins with `@`, a backtick or `%`"),
    (
        "",
        "mapping values are not allowed",
        "quote text that holds a colon and a space, and check the indentation",
    ),
    ("", "expected key", "line this key up with its neighbours, and check the quotes before it"),
    ("", "could not find expected ':'", "every line of a mapping is `key: value`; check the indentation"),
    ("", "unexpected end of stream", "close the quotes or brackets that are open here"),
    ("", "expected ',' or", "close the brackets that are open here"),
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
            context, stopped_at = fault.expected or ("", "")
            notes = (Note(f"{context}, which begins here", fault.other),)
            has_context = context and fault.other not in (None, fault.span)
            message = f"the file is no YAML: {fault.subject}"
            yield Finding(
                fault.span, message, notes if has_context else (), _advice(fault.subject, stopped_at)
            )


def _advice(said: str, stopped_at: str) -> str | None:
    return next((advice for at, words, advice in _HELP if at in ("", stopped_at) and words in said), None)
