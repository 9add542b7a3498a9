"""AUT003."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.grants import Excess, excesses, handoffs
from remit.rule import Finding, rule


@rule("child-exceeds-parent", "AUT003", since="0.4")
def child_exceeds_parent(flow: Flow) -> Iterator[Finding]:
    """An agent that hands off to one with more authority than its own.

    ## Why

    A child run has the intersection of both grants: what the parent is not granted, the child is denied there,
    whatever its own grant says. Only its autonomy is its own, and one that asks for less would let the parent
    do through another what it may not do itself. Whoever wrote the handoff meant something else.
    docs/effects.md decides the cases.

    ## Wrong

    ```yaml file=agents/clerk/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.clerk, version: 0.1.0, owner: dev}
    spec:
      purpose: Have it paid.
      autonomy: propose
      tasks: {pay: {}}
      tools: []
      orchestration:
        workflow:
          steps: [{id: pay, type: handoff, agent: acme.payer}]
          output: "${pay}"
      output: {done: boolean}
    ```

    ```yaml file=agents/payer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.payer, version: 0.1.0, owner: dev}
    spec:
      purpose: Pay what is due.
      autonomy: propose
      tasks: {pay: {}}
      instructions: {text: Do what is asked.}
      models: [dev]
      tools: [acme.pay]
      output: {done: boolean}
    ```

    ```yaml file=tools/pay.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.pay, version: 0.1.0, owner: dev}
    spec:
      effect: write
      input: {type: object, additionalProperties: false}
      output: {type: object, additionalProperties: false, required: [done], properties: {done: {type: boolean}}}
      implementation: {http: {method: POST, url: "https://bank.example/pay", hosts: [bank.example]}}
    ```

    ```yaml file=policies/payments.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: payments}
    spec:
      rules:
        - {id: pay, effect: permit, tools: [acme.pay], reason: agents pay what is due}
    ```

    ## Right

    ```yaml file=agents/clerk/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.clerk, version: 0.1.0, owner: dev}
    spec:
      purpose: Have it paid.
      autonomy: propose
      tasks: {pay: {}}
      tools: [acme.pay]
      orchestration:
        workflow:
          steps: [{id: pay, type: handoff, agent: acme.payer}]
          output: "${pay}"
      output: {done: boolean}
    ```

    ```yaml file=agents/payer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.payer, version: 0.1.0, owner: dev}
    spec:
      purpose: Pay what is due.
      autonomy: propose
      tasks: {pay: {}}
      instructions: {text: Do what is asked.}
      models: [dev]
      tools: [acme.pay]
      output: {done: boolean}
    ```

    ```yaml file=tools/pay.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.pay, version: 0.1.0, owner: dev}
    spec:
      effect: write
      input: {type: object, additionalProperties: false}
      output: {type: object, additionalProperties: false, required: [done], properties: {done: {type: boolean}}}
      implementation: {http: {method: POST, url: "https://bank.example/pay", hosts: [bank.example]}}
    ```

    ```yaml file=policies/payments.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: payments}
    spec:
      rules:
        - {id: pay, effect: permit, tools: [acme.pay], reason: agents pay what is due}
    ```
    """
    for place in handoffs(flow):
        if place.child is None:
            continue
        for excess in excesses(flow, place.child):
            message, noted, advice = _worded(flow, place.agent, excess)
            notes = tuple(Note(noted, where) for where in excess.places)
            way = () if place.state not in flow.reached else flow.way(place.state)
            yield Finding(flow.span_in(place.state, *place.at), message, (*notes, *way), advice)


def _worded(flow: Flow, child: str, excess: Excess) -> tuple[str, str, str]:
    """The message, what its note says, and what to do."""
    parent, named = flow.agent.metadata.id, ", ".join(excess.names)
    match excess.kind:
        case "effects":
            return (
                f"`{child}` is granted {named}, which `{parent}` is not: in this handoff it is denied",
                "it is granted here",
                f"grant it to `{parent}` too, or hand off to an agent that does without",
            )
        case "autonomy":
            own = flow.agent.spec.autonomy
            return (
                f"`{child}` calls {named} with less asked than the autonomy `{own}` of `{parent}` asks",
                "its own autonomy counts in its run",
                "give the child an autonomy that asks for as much, or the parent one that asks for as little",
            )
        case "data":
            return (
                f"`{child}` handles {named}, which `{parent}` does not",
                "it handles it here",
                f"add it to `data_classes` of `{parent}`, or hand off to an agent that does without",
            )
        case _:
            return (
                f"`{child}` calls {named}, which `{parent}` is not granted: in this handoff its run ends there",
                "the call is denied here, which is not routed",
                f"grant it to `{parent}` too, or route `denied`",
            )
