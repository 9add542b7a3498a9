"""SYN006."""

from collections.abc import Iterator

from remit.diagnostic import Edit
from remit.read import ReadFile, misread_as, plain_value
from remit.rule import Finding, rule


@rule("implicit-type", "SYN006", since="0.1")
def implicit_type(file: ReadFile) -> Iterator[Finding]:
    """An unquoted word that YAML readers take for different things, or a key that is no text.

    ## Why

    YAML 1.1, which many tools still read, takes `no` and `on` for truth values, `012` for ten, `12:30` for 750 and
    `2026-11-22` for a date; YAML 1.2 takes them for what they look like. A reviewer's tools and this compiler must
    not differ on what a definition says, so such a word wants quotes. A key that is no text, such as `1` or `true`,
    would meet the keys of no schema.

    ## Wrong

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec, labels: {country: no, opens: 12:30, since: 2026-11-22, 1: first}}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```

    ## Right

    ```yaml file=policies/appsec.yaml
    apiVersion: remit/v1
    kind: Team
    metadata: {id: appsec, labels: {country: "no", opens: "12:30", since: "2026-11-22", "1": first}}
    spec: {members: [{principal: "github:acme/appsec", roles: [security]}]}
    ```
    """
    for fault in file.faults:
        said = fault.subject
        match fault.kind:
            case "implicit-type":
                message = f"`{said}` is {misread_as(said)} in YAML 1.1 and {_reading(said)} in YAML 1.2"
                # Only text is the same text in quotes; what is a number to YAML 1.2 may have been meant as either.
                is_text = isinstance(plain_value(said), str)
                edits = (Edit(fault.span, f'"{said}"', said),) if is_text else ()
                yield Finding(fault.span, message, (), _advice(said), edits)
            case "not-a-text-key":
                message = f"a key must be text, and `{said}` is {_kind(said)}" if said else "a key is missing"
                yield Finding(fault.span, message, (), _advice(said) if said else None)
            case "glued-mark":
                message = f"some readers take `?{said}` for the key and some take `{said}`"
                yield Finding(fault.span, message, (), f'write `"{said}"` or `"?{said}"`')
            case "not-a-scalar-key":
                yield Finding(
                    fault.span, f"a key must be text, and this one is {said}", (), "name it by a word"
                )
            case _:
                pass


def _advice(said: str) -> str:
    if isinstance(plain_value(said), bool | str | None):
        return f'write `"{said}"`'
    return f'write `"{said}"` for text, or the number without its leading zeros, sign, point or exponent'


def _kind(said: str) -> str:
    value = plain_value(said)
    return "nothing" if value is None else "a truth value" if isinstance(value, bool) else "a number"


def _reading(said: str) -> str:
    return "text" if isinstance(plain_value(said), str) else f"the number {plain_value(said)}"
