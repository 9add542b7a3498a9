"""GRF016."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.effects import use_span
from remit.flow.exposures import exposures
from remit.flow.ways import notes_of
from remit.rule import Finding, rule


@rule("skipped-approval", "GRF016", since="0.4")
def skipped_approval(flow: Flow) -> Iterator[Finding]:
    """An effect behind an approval that a run can also reach without it.

    ## Why

    People are asked before an effect, and then a failure, a refusal or the time that ran out leads to it all the
    same. An approval is worth what its weakest way around it is worth. A way around it that a model or a check decides
    is the author's choice of when to ask, unless the agent is `autonomous` and of high or critical risk: then nobody
    may leave it to a model. docs/effects.md decides the cases.

    ## Wrong

    ```yaml file=agents/payer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.payer, version: 0.1.0, owner: dev}
    spec:
      purpose: Pay what is due.
      autonomy: propose
      tasks: {pay: {}}
      tools: [acme.pay]
      orchestration: {graph: graph.yaml}
      output: {done: boolean}
    ```

    ```yaml file=agents/payer/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: ask
      states:
        ask: {type: approval, approval: treasurer, next: {approved: pay, denied: stop, expired: pay}}
        pay: {type: tool, tool: acme.pay, next: done}
        done: {type: end, outcome: succeeded, output: "${pay}"}
        stop: {type: end, outcome: rejected}
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

    ```yaml file=policies/treasurer.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: treasurer}
    spec: {role: developer}
    ```

    ## Right

    ```yaml file=agents/payer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.payer, version: 0.1.0, owner: dev}
    spec:
      purpose: Pay what is due.
      autonomy: propose
      tasks: {pay: {}}
      tools: [acme.pay]
      orchestration: {graph: graph.yaml}
      output: {done: boolean}
    ```

    ```yaml file=agents/payer/graph.yaml
    apiVersion: remit/v1
    kind: Graph
    spec:
      start: ask
      states:
        ask: {type: approval, approval: treasurer, next: {approved: pay, denied: stop, expired: stop}}
        pay: {type: tool, tool: acme.pay, next: done}
        done: {type: end, outcome: succeeded, output: "${pay}"}
        stop: {type: end, outcome: rejected}
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

    ```yaml file=policies/treasurer.yaml
    apiVersion: remit/v1
    kind: Approval
    metadata: {id: treasurer}
    spec: {role: developer}
    ```
    """
    for found in exposures(flow):
        if found.approval is None:
            continue
        hop, state = found.skipping, found.use.state
        place = use_span(flow, found.use) if hop is None else flow.edge_span(hop.source, hop.edge)
        how = "" if hop is None or hop.edge.outcome in ("next", "decided") else f" when `{hop.edge.outcome}`"
        after = "" if hop is None else f" after `{hop.source}`{how}"
        refused = hop is not None and hop.source == found.approval
        guarded = Note(f"`{found.approval}` asks people before it", flow.span(found.approval))
        effect = Note(
            f"`{state}` calls `{found.use.tool}` ({found.tool.spec.effect})", use_span(flow, found.use)
        )
        yield Finding(
            place,
            f"`{state}` is reached without the approval `{found.approval}`{after}",
            (guarded, effect, *notes_of(flow, found.way, state)),
            "lead this to an end" + ("" if refused else f", or to `{found.approval}`"),
        )
