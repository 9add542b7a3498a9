"""SEC014."""

from collections.abc import Iterator

from remit.rule import Finding, rule
from remit.suppression import Suppressions


@rule("suppression-of-locked-rule", "SEC014", since="0.4")
def suppression_of_locked_rule(suppressions: Suppressions) -> Iterator[Finding]:
    """A suppression of a rule that is locked.

    ## Why

    Rules of SYN, SCH and REF say that a definition can be read at all, and `locked` of `remit.yaml` names those that
    the organisation never lives without. A suppression of one hides nothing.

    ## Wrong

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    use: [std@1]
    locked: [GRF]
    suppressions:
      - {rule: GRF005, path: agents/digest/graph.yaml, reason: the tool is fast, owner: dev, expires: "2027-01-31"}
    ```

    ```yaml file=agents/digest/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: work
      states:
        work: {type: tool, tool: git.log, next: {ok: done, error: wait}}
        wait: {type: tool, tool: git.ls_files, next: work}
        done: {type: end, outcome: succeeded, output: "${work}"}
    ```

    ## Right

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    use: [std@1]
    locked: [GRF]
    ```
    """
    for index, entry in enumerate(suppressions.entries):
        if suppressions.standings[index] == "locked":
            yield Finding(
                suppressions.span(index),
                f"`{entry.rule}` is locked, so nothing hides what it finds",
                (),
                "delete the suppression, and correct what it was to hide",
            )
