"""POL015."""

from collections.abc import Iterator

from remit.link import Linked
from remit.rule import Finding, rule


@rule("unusable-policy", "POL015", since="0.1")
def unusable_policy(linked: Linked) -> Iterator[Finding]:
    """A fact, constraint, approval or resource of a policy that the gateway could not apply.

    ## Why

    A fact about an argument that no tool has is always false, and a rule that leans on it is disarmed without a word.

    ## Wrong

    ```yaml file=policies/reading.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: reading}
    spec:
      facts:
        secret_file: {arg: file, any_glob: ["**/*.pem"]}
      rules:
        - id: no-keys
          effect: forbid
          when: {facts.secret_file: true}
          reason: keys are not read
    ```

    ## Right

    ```yaml file=policies/reading.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: reading}
    spec:
      facts:
        secret_file: {arg: paths, any_glob: ["**/*.pem"]}
      rules:
        - id: no-keys
          effect: forbid
          when: {facts.secret_file: true}
          reason: keys are not read
    ```
    """
    for fault in linked.faults.get("unusable-policy", ()):
        yield Finding(fault.span, fault.expected[0], (), None)
