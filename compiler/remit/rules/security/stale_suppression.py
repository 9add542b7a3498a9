"""SEC012."""

from collections.abc import Iterator

from remit.rule import Finding, rule
from remit.suppression import Suppressions


@rule("stale-suppression", "SEC012", since="0.4", severity="warning")
def stale_suppression(suppressions: Suppressions) -> Iterator[Finding]:
    """A suppression that hides nothing: its last day is past, or there is nothing left to hide.

    ## Why

    A suppression is a debt with a date. One that is past has to be paid or renewed by its owner; one that hides
    nothing today may hide tomorrow what nobody has looked at.

    ## Wrong

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    use: [std@1]
    suppressions:
      - {rule: GRF005, path: agents/digest/graph.yaml, reason: the tool is fast, owner: dev, expires: "2020-01-31"}
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
    suppressions: []
    ```
    """
    for index, entry in enumerate(suppressions.entries):
        match suppressions.standings[index]:
            case "expired":
                yield Finding(
                    suppressions.span(index, "expires"),
                    f"the suppression of `{entry.rule}` ended with this day",
                    (),
                    "correct what it hid, or let its owner renew it",
                )
            case "idle":
                yield Finding(
                    suppressions.span(index),
                    f"`{entry.rule}` finds nothing in `{entry.path}`",
                    (),
                    "delete the suppression",
                )
            case _:
                pass
