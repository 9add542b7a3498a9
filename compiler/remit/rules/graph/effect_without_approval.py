"""GRF010."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.effects import use_span
from remit.flow.exposures import exposures
from remit.flow.ways import notes_of
from remit.rule import Finding, rule


@rule("effect-without-approval", "GRF010", since="0.4")
def effect_without_approval(flow: Flow) -> Iterator[Finding]:
    """An effect that needs an approval, and nothing that asks a person for it.

    ## Why

    An agent that acts with approval is let through only with a token, and a person gives a token only because a rule
    of a policy asked for it: without such a rule the call is denied, however many people an `approval` state has
    asked. An `autonomous` agent of high or critical risk is let through by itself, so somebody has to be asked on
    the way, by a rule or by a state. docs/effects.md decides the cases.

    ## Wrong

    ```yaml file=agents/payer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.payer, version: 0.1.0, owner: dev}
    spec:
      purpose: Pay what is due.
      autonomy: act_with_approval
      tasks: {pay: {}}
      tools: [acme.pay]
      orchestration: {function: {tool: acme.pay, args: {}}}
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

    ```yaml file=agents/payer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.payer, version: 0.1.0, owner: dev}
    spec:
      purpose: Pay what is due.
      autonomy: act_with_approval
      tasks: {pay: {}}
      tools: [acme.pay]
      orchestration: {function: {tool: acme.pay, args: {}}}
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
        - {id: ask, effect: require_approval, tools: [acme.pay], approval: treasurer, reason: a person reads it first}
    ```

    ```yaml file=policies/treasurer.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: treasurer}
    spec: {role: developer}
    ```
    """
    agent = flow.agent
    for found in exposures(flow):
        if found.approval is not None:
            continue
        named, effect = f"`{found.use.tool}`", found.tool.spec.effect
        what = (
            f"`{agent.metadata.id}` acts with approval, and no rule asks a person for {named} ({effect})"
            if found.needs_token
            else f"`{agent.metadata.id}` calls {named} ({effect}) by itself, and nothing asks a person about it"
        )
        advice = (
            f"add a rule `require_approval` about {named} to a Policy: an `approval` state gives no token"
            if found.needs_token
            else f"put an `approval` state before it, or add a rule `require_approval` about {named} to a Policy"
        )
        autonomy = flow.unit.span(("spec", "autonomy"))
        notes = [Note(f"its autonomy is `{agent.spec.autonomy}`", autonomy)]
        if not found.needs_token:
            stated = "risk" in agent.metadata.model_fields_set
            where = flow.unit.span(("metadata", "risk")) if stated else None
            notes.append(
                Note(f"its risk is `{agent.metadata.risk}`" + ("" if stated else ", the default"), where)
            )
        notes += notes_of(flow, found.way, found.use.state)
        yield Finding(use_span(flow, found.use), what, tuple(notes), advice)
