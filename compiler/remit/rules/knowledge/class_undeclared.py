"""CTX001."""

from collections.abc import Iterator

from remit.definitions import Agent, DataClass
from remit.definitions.reference import references_in
from remit.definitions.work import HandoffWork, ModelWork
from remit.diagnostic import Note
from remit.flow import Flow
from remit.rule import Finding, rule

_CLOSE = ("confidential", "secret")


@rule("class-undeclared", "CTX001", since="0.4")
def class_undeclared(flow: Flow) -> Iterator[Finding]:
    """An agent that hands off to one that does not declare a confidential class of data which it handles itself.

    ## Why

    Policies judge a call by the classes of data of its run (`run.data_classes`), and a child run has those that both
    agents declare. What the parent puts into the hand-off is in the child's hands, but a rule that forbids, or asks
    people, where the run handles the class does not hold there: the hand-off is the way around it.

    ## Wrong

    ```yaml file=policies/customer_data.yaml
    apiVersion: remit/v1
    kind: DataClass
    metadata: {id: customer_data}
    spec: {sensitivity: confidential}
    ```

    ```yaml file=agents/support/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.support, version: 0.1.0, owner: dev}
    spec:
      purpose: Answer a customer.
      tasks: {mail: {text: string}}
      orchestration:
        workflow:
          steps: [{id: answer, type: handoff, agent: acme.writer, input: {text: "${task.text}"}}]
          output: {text: "${answer.text}"}
      data_classes: [customer_data]
      output: {text: string}
    ```

    ```yaml file=agents/writer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.writer, version: 0.1.0, owner: dev}
    spec:
      purpose: Write an answer.
      tasks: {mail: {text: string}}
      instructions: {text: "Answer: {{ task.text }}"}
      models: [dev]
      output: {text: string}
    ```

    ## Right

    ```yaml file=policies/customer_data.yaml
    apiVersion: remit/v1
    kind: DataClass
    metadata: {id: customer_data}
    spec: {sensitivity: confidential}
    ```

    ```yaml file=agents/support/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.support, version: 0.1.0, owner: dev}
    spec:
      purpose: Answer a customer.
      tasks: {mail: {text: string}}
      orchestration:
        workflow:
          steps: [{id: answer, type: handoff, agent: acme.writer, input: {text: "${task.text}"}}]
          output: {text: "${answer.text}"}
      data_classes: [customer_data]
      output: {text: string}
    ```

    ```yaml file=agents/writer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.writer, version: 0.1.0, owner: dev}
    spec:
      purpose: Write an answer.
      tasks: {mail: {text: string}}
      instructions: {text: "Answer: {{ task.text }}"}
      models: [dev]
      data_classes: [customer_data]
      output: {text: string}
    ```

    ## Exceptions

    A class that is `public` or `internal`, and a hand-off whose input is constant, are not meant.
    """
    handled = [name for name in flow.agent.spec.data_classes if _is_close(flow, name)]
    if not handled:
        return
    for state in flow.states:
        for at, name in _handoffs(flow, state):
            child = flow.unit.portfolio.find(Agent, name)
            missing = [] if child is None else [one for one in handled if one not in child.spec.data_classes]
            if child is None or not missing:
                continue
            classes = ", ".join(f"`{one}`" for one in missing)
            index = flow.agent.spec.data_classes.index(missing[0])
            yield Finding(
                flow.span_in(state, *at),
                f"`{name}` is handed what is of {classes}, which it does not declare",
                (
                    *flow.way(state),
                    Note(
                        f"`{flow.agent.metadata.id}` handles it",
                        flow.unit.span(("spec", "data_classes", index)),
                    ),
                ),
                f"add {classes} to the `data_classes` of `{name}`",
            )


def _is_close(flow: Flow, name: str) -> bool:
    data_class = flow.unit.portfolio.find(DataClass, name)
    return data_class is not None and data_class.spec.sensitivity in _CLOSE


def _handoffs(flow: Flow, state: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The agents to which a state hands off something of the run, each with its place in the state."""
    work = flow.states[state].work
    if isinstance(work, HandoffWork):
        if any(True for _ in references_in(work.input)):
            yield ("agent",), work.agent
    elif isinstance(work, ModelWork):
        for index, name in enumerate(work.handoffs):
            yield ("handoffs", index), name
