"""GRF018."""

from collections.abc import Iterator

from remit.flow import Flow
from remit.flow.bound import unfits
from remit.flow.targets import both_ends, checks, place_of
from remit.flow.types import Types
from remit.rule import Finding, rule


@rule("check-never-passes", "GRF018", since="0.4", severity="warning")
def check_never_passes(flow: Flow) -> Iterator[Finding]:
    """A check whose values can never satisfy its schema, so that it always goes the way of `failed`.

    ## Why

    A check stands in a graph to tell good values from bad ones. One that no value passes tells nothing, and what lies
    behind `passed` is never reached. Mostly a value was renamed, or is of another type than the schema has it.

    ## Wrong

    ```yaml file=agents/files/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.files, version: 0.1.0, owner: dev}
    spec:
      purpose: List the files.
      tasks: {list: {}}
      tools: [git.ls_files]
      orchestration:
        workflow:
          steps:
            - {id: files, tool: git.ls_files, args: {}}
            - {id: some, type: check, values: {paths: "${files.items}"}, schema: {paths: string}}
          output: {items: "${files.items}"}
      output: {items: [string]}
    ```

    ## Right

    ```yaml file=agents/files/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.files, version: 0.1.0, owner: dev}
    spec:
      purpose: List the files.
      tasks: {list: {}}
      tools: [git.ls_files]
      orchestration:
        workflow:
          steps:
            - {id: files, tool: git.ls_files, args: {}}
            - {id: some, type: check, values: {paths: "${files.items}"}, schema: {paths: [string]}}
          output: {items: "${files.items}"}
      output: {items: [string]}
    ```
    """
    types: Types | None = None
    for target in checks(flow):
        if target.wanted is None:
            continue
        types = types or flow.once(Types)
        for unfit in unfits(types, target.binding, target.wanted):
            at = unfit.at[:-1] if unfit.is_key else unfit.at
            message = f"this check never passes: {target.words(at)} is given {unfit.reason}"
            yield Finding(place_of(flow, target, unfit), message, both_ends(types, unfit))
