"""BUD002."""

from collections.abc import Iterator

from remit.definitions.work import HandoffWork
from remit.diagnostic import Note
from remit.flow import Flow
from remit.rule import Finding, rule

KEYS = {
    "steps": "steps",
    "model_calls": "model_calls",
    "tool_calls": "tool_calls",
    "usd": "microusd",
    "minutes": "milliseconds",
}


@rule("child-budget-over-parent", "BUD002", since="0.4")
def child_budget_over_parent(flow: Flow) -> Iterator[Finding]:
    """A handoff that gives its child more than the agent itself has.

    ## Why

    What a child run may use is taken out of its parent's budget, so it never has more than the parent has left.
    A number above the parent's own is one that no run keeps, and whoever reads it expects what will not happen.

    ## Wrong

    ```yaml file=agents/lead/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.lead, version: 0.1.0, owner: dev}
    spec:
      purpose: Have a question answered.
      tasks: {ask: {}}
      orchestration:
        workflow:
          steps: [{id: answer, type: handoff, agent: acme.clerk, budget: {model_calls: 9}}]
          output: "${answer}"
      budget: {model_calls: 4}
      output: {text: string}
    ```

    ```yaml file=agents/clerk/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.clerk, version: 0.1.0, owner: dev}
    spec:
      purpose: Answer a question.
      tasks: {ask: {}}
      instructions: {text: Answer.}
      models: [dev]
      output: {text: string}
    ```

    ## Right

    ```yaml file=agents/lead/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.lead, version: 0.1.0, owner: dev}
    spec:
      purpose: Have a question answered.
      tasks: {ask: {}}
      orchestration:
        workflow:
          steps: [{id: answer, type: handoff, agent: acme.clerk, budget: {model_calls: 3}}]
          output: "${answer}"
      budget: {model_calls: 4}
      output: {text: string}
    ```

    ```yaml file=agents/clerk/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.clerk, version: 0.1.0, owner: dev}
    spec:
      purpose: Answer a question.
      tasks: {ask: {}}
      instructions: {text: Answer.}
      models: [dev]
      output: {text: string}
    ```
    """
    own = flow.agent.spec.budget
    for name, state in flow.states.items():
        if not isinstance(state.work, HandoffWork) or state.work.budget is None:
            continue
        for key, counted in KEYS.items():
            given: int | None = getattr(state.work.budget, counted)
            if given is not None and given > getattr(own, counted):
                stated = key in own.model_fields_set
                where = flow.unit.span(("spec", "budget", key)) if stated else None
                limit = f"`{flow.agent.metadata.id}` itself has {getattr(own, key)}" + (
                    "" if stated else ", the default"
                )
                way = flow.way(name) if name in flow.reached else ()
                yield Finding(
                    flow.span_in(name, "budget", key),
                    f"the handoff gives `{state.work.agent}` more `{key}` than the agent has itself",
                    (Note(limit, where), *way),
                    "lower it, or raise the agent's own budget",
                )
