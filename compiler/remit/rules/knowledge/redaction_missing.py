"""CTX010."""

from collections.abc import Iterator

from remit.definitions import DataClass
from remit.link import Unit
from remit.rule import Finding, rule


@rule("redaction-missing", "CTX010", since="0.4")
def redaction_missing(unit: Unit[DataClass]) -> Iterator[Finding]:
    """A class of data that is secret, or says that it is cut out, and nothing of which ever is.

    ## Why

    With `redact: true`, what the patterns of a class find never leaves the gateway: not to models, not into the
    journal, not into an output. Without patterns there is nothing to find, and a class of `secret` data without
    `redact` is shown and kept like any other.

    ## Wrong

    ```yaml file=policies/tokens.yaml
    apiVersion: remit/v1
    kind: DataClass
    metadata: {id: tokens}
    spec: {sensitivity: secret, patterns: {token: "tok_[a-z0-9]{20}"}}
    ```

    ## Right

    ```yaml file=policies/tokens.yaml
    apiVersion: remit/v1
    kind: DataClass
    metadata: {id: tokens}
    spec: {sensitivity: secret, redact: true, patterns: {token: "tok_[a-z0-9]{20}"}}
    ```
    """
    spec = unit.definition.spec
    name = unit.definition.metadata.id
    if spec.redact and not spec.patterns:
        yield Finding(
            unit.span(("spec", "redact")),
            f"`{name}` is cut out, and no pattern says what it looks like",
            help="add `patterns`, or leave `redact` out",
        )
    elif spec.sensitivity == "secret" and not spec.redact:
        yield Finding(
            unit.span(("spec", "sensitivity")),
            f"`{name}` is secret, and nothing of it is cut out",
            help="set `redact: true`" + ("" if spec.patterns else " and add `patterns`"),
        )
