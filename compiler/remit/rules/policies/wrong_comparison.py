"""POL014."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("wrong-comparison", "POL014", since="0.1")
def wrong_comparison(linked: Linked) -> Iterator[Finding]:
    """A policy rule compares a value with something it can never be, or by an operator it does not have.

    ## Why

    A text is never greater than a number and a risk is never `hgih`. Such a condition never holds, and a rule that
    forbids would forbid nothing.

    ## Wrong

    ```yaml file=policies/reading.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: reading}
    spec:
      rules:
        - id: only-low-risk
          effect: forbid
          tools: [git.log]
          when: {agent.risk: hgih}
          reason: agents of high risk do not read the history
    ```

    ## Right

    ```yaml file=policies/reading.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: reading}
    spec:
      rules:
        - id: only-low-risk
          effect: forbid
          tools: [git.log]
          when: {agent.risk: high}
          reason: agents of high risk do not read the history
    ```
    """
    for fault in linked.faults.get("wrong-comparison", ()):
        yield Finding(fault.span, fault.expected[0], (), None)
