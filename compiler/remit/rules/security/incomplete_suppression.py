"""SEC013."""

from collections.abc import Iterator

from remit.rule import Finding, rule
from remit.suppression import LONGEST, Suppressions

_KEYS = ("reason", "owner", "expires")


@rule("incomplete-suppression", "SEC013", since="0.4")
def incomplete_suppression(suppressions: Suppressions) -> Iterator[Finding]:
    """A suppression without a reason, an owner or a last day within a year.

    ## Why

    Whoever reads of a hidden finding wants to know why it may stay, who answers for it and until when. A suppression
    that does not say so hides nothing.

    ## Wrong

    ```yaml file=remit.yaml
    apiVersion: remit/v1
    organisation: acme
    use: [std@1]
    suppressions:
      - {rule: GRF005, path: agents/digest/graph.yaml, reason: the tool is fast}
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
            case "lacking":
                lacking = [key for key in _KEYS if getattr(entry, key) is None]
                yield Finding(
                    suppressions.span(index),
                    f"the suppression of `{entry.rule}` lacks {' and '.join(f'`{key}`' for key in lacking)}",
                    (),
                    "say why it may stay, which Team answers for it, and its last day",
                )
            case "too-long":
                yield Finding(
                    suppressions.span(index, "expires"),
                    f"the suppression of `{entry.rule}` lasts longer than {LONGEST.days} days",
                    (),
                    "give it a day within a year; its owner can renew it then",
                )
            case _:
                pass
