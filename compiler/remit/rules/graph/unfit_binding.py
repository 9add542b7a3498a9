"""TOL004."""

from collections.abc import Iterator

from remit.flow import Flow
from remit.flow.bound import texts, unfits
from remit.flow.targets import Target, both_ends, checks, place_of, targets
from remit.flow.types import Types
from remit.rule import Finding, rule


@rule("unfit-binding", "TOL004", since="0.4")
def unfit_binding(flow: Flow) -> Iterator[Finding]:
    """A value that can never be what it is bound to: an argument, the input of a handoff, the output of a run.

    ## Why

    Every call, handoff and end holds what a definition binds against a schema. Where it refuses, the run fails, or ends
    as `output_invalid`, whenever it comes there. What a reference stands for is of the schema of what gave it, so both
    can be compared before anything runs. Told are values of which none can be right, constants that the schema refuses,
    what is wanted and not bound, and objects and lists inside a text, which takes scalars only (docs/types.md).

    ## Wrong

    ```yaml file=agents/find/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.find, version: 0.1.0, owner: dev}
    spec:
      purpose: Find a word in the tracked files.
      tasks: {find: {words: [string]}}
      tools: [git.grep]
      orchestration:
        function: {tool: git.grep, args: {pattern: "${task.words}"}, output: {hits: "${call.lines}"}}
      output: {hits: [string]}
    ```

    ## Right

    ```yaml file=agents/find/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.find, version: 0.1.0, owner: dev}
    spec:
      purpose: Find a word in the tracked files.
      tasks: {find: {words: [string]}}
      tools: [git.grep]
      orchestration:
        function: {tool: git.grep, args: {pattern: "${task.words.0}"}, output: {hits: "${call.lines}"}}
      output: {hits: [string]}
    ```
    """
    types = flow.once(Types)
    for target in targets(flow):
        yield from _in_texts(types, target)
        if target.wanted is None:
            continue
        found = unfits(types, target.binding, target.wanted, is_filled=target.is_filled)
        # A name that the linker does not know it has told, and it may be what is missing.
        is_told = target.is_told and any(unfit.is_key and len(unfit.at) == 1 for unfit in found)
        for unfit in found:
            at = unfit.at[:-1] if unfit.is_key else unfit.at
            if at or not is_told:
                message = f"{target.words(at)} is given {unfit.reason}"
                yield Finding(place_of(flow, target, unfit), message, both_ends(types, unfit))
    for target in checks(flow):
        yield from _in_texts(types, target)


def _in_texts(types: Types, target: Target) -> Iterator[Finding]:
    for unfit in texts(types, target.binding):
        yield Finding(
            place_of(types.flow, target, unfit),
            f"`{unfit.reference}` stands inside a text, and is {unfit.reason}",
            both_ends(types, unfit),
            "refer to a text, a number or a boolean in it, or bind it alone",
        )
