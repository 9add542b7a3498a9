"""POL001."""

from collections.abc import Iterator

from remit.diagnostic import nearest
from remit.link import Linked
from remit.rule import Finding, rule


@rule("undefined-attribute", "POL001", since="0.1")
def undefined_attribute(linked: Linked) -> Iterator[Finding]:
    """A policy rule asks about something that no call in its scope has, or that policies cannot see.

    ## Why

    A condition about an attribute that does not exist never holds. A rule that forbids would then forbid nothing, so
    the engine is never asked such a question: it is refused here.

    ## Wrong

    ```yaml file=policies/reading.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: reading}
    spec:
      rules:
        - id: no-large-logs
          effect: forbid
          tools: [git.log]
          when: {args.max_cuont: {gt: 100}}
          reason: large logs are expensive
    ```

    ## Right

    ```yaml file=policies/reading.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: reading}
    spec:
      rules:
        - id: no-large-logs
          effect: forbid
          tools: [git.log]
          when: {args.max_count: {gt: 100}}
          reason: large logs are expensive
    ```
    """
    for fault in linked.faults.get("undefined-attribute", ()):
        near = nearest(fault.subject, fault.expected[1:])
        advice = f"did you mean `{near}`?" if near else None
        yield Finding(fault.span, fault.expected[0], (), advice)
