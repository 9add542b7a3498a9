"""AUT004."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.effects import admits, own_effects
from remit.flow.grants import grant_span, handoffs
from remit.rule import Finding, rule


@rule("grant-beyond-autonomy", "AUT004", since="0.4")
def grant_beyond_autonomy(flow: Flow) -> Iterator[Finding]:
    """A tool that an agent is granted and that its autonomy never lets it call.

    ## Why

    `advisory` agents change nothing, and those that `propose` do nothing that cannot be undone: their autonomy
    forbids it whatever a policy permits. A grant that says otherwise misleads whoever reads it, and becomes
    authority on the day somebody raises the autonomy. A tool that is granted for an agent it hands off to is
    told at the handoff.

    ## Wrong

    ```yaml file=agents/adviser/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.adviser, version: 0.1.0, owner: dev}
    spec:
      purpose: Say what is due.
      tasks: {pay: {}}
      instructions: {text: Do what is asked.}
      models: [dev]
      tools: [git.log, acme.pay]
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

    ```yaml file=agents/adviser/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.adviser, version: 0.1.0, owner: dev}
    spec:
      purpose: Say what is due.
      tasks: {pay: {}}
      instructions: {text: Do what is asked.}
      models: [dev]
      tools: [git.log]
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
    agent, portfolio = flow.agent, flow.unit.portfolio
    autonomy = agent.spec.autonomy
    if autonomy not in ("advisory", "propose"):
        return
    never = {
        name: tool.spec.effect
        for name, tool in flow.once(own_effects).items()
        if admits(autonomy, tool.spec.effect) == "never"
    }
    if not never:
        return
    below = {name for one in handoffs(flow) if one.child is not None for name in one.child.spec.tools.allowed}
    stated = flow.unit.span(("spec", "autonomy")) if "autonomy" in agent.spec.model_fields_set else None
    note = Note(f"its autonomy is `{autonomy}`" + ("" if stated else ", the default"), stated)
    for name, effect in never.items():
        if name not in below:
            yield Finding(
                grant_span(portfolio, flow.unit.path, agent, name),
                f"`{agent.metadata.id}` is granted `{name}` ({effect}), which its autonomy never lets it call",
                (note,),
                "take the tool out of the grant, or state the autonomy that is meant",
            )
