"""AUT009."""

from collections.abc import Iterator

from remit.flow import Flow
from remit.flow.grants import grant_span, unused_grants
from remit.rule import Finding, rule


@rule("unused-grant", "AUT009", since="0.4", severity="warning")
def unused_grant(flow: Flow) -> Iterator[Finding]:
    """A tool that an agent is granted and that nothing of it uses.

    ## Why

    A grant is authority. One that no state, no source of context and no agent below uses serves nobody but
    whoever gets hold of the agent, and a reviewer has to ask what it is for.

    ## Wrong

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: List commits.
      tasks: {pay: {}}
      tools: [git.log, git.grep]
      orchestration:
        workflow:
          steps: [{id: history, tool: git.log}]
          output: {done: true}
      output: {done: boolean}
    ```

    ## Right

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: List commits.
      tasks: {pay: {}}
      tools: [git.log]
      orchestration:
        workflow:
          steps: [{id: history, tool: git.log}]
          output: {done: true}
      output: {done: boolean}
    ```
    """
    agent = flow.agent
    for name in unused_grants(flow):
        yield Finding(
            grant_span(flow.unit.portfolio, flow.unit.path, agent, name),
            f"nothing of `{agent.metadata.id}` uses `{name}`, which it is granted",
            help="take it out of `tools`, or offer it in the state that it is meant for",
        )
