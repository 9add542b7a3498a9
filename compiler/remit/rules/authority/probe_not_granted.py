"""AUT014."""

from collections.abc import Iterator

from remit.definitions import Tool
from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.effects import own_effects
from remit.flow.grants import grant_span
from remit.rule import Finding, rule


@rule("probe-not-granted", "AUT014", since="0.4", severity="warning")
def probe_not_granted(flow: Flow) -> Iterator[Finding]:
    """A tool whose calls can be looked for, by an agent that is not granted the tool that looks.

    ## Why

    When a run is resumed after a call whose answer nobody saw, the tool's `probe_tool` finds out whether it was
    done. It is a call like any other, so an agent that is not granted it cannot ask, and the run waits for a
    person.

    ## Wrong

    ```yaml file=agents/mailer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.mailer, version: 0.1.0, owner: dev}
    spec:
      purpose: Write to people.
      autonomy: propose
      tasks: {pay: {}}
      instructions: {text: Do what is asked.}
      models: [dev]
      tools: [acme.send]
      output: {done: boolean}
    ```

    ```yaml file=tools/send.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.send, version: 0.1.0, owner: dev}
    spec:
      effect: write
      input:
        type: object
        additionalProperties: false
        required: [to, body]
        properties: {to: {type: string, maxLength: 200}, body: {type: string, maxLength: 2000}}
      output: {type: object, additionalProperties: false, required: [done], properties: {done: {type: boolean}}}
      arguments: {to: {role: target, type: email}, body: {role: content}}
      recovery: {mode: probe, probe_by: [to], probe_tool: acme.sent, probe_mark: body}
      implementation: {http: {method: POST, url: "https://mail.example/mails", hosts: [mail.example], body: arguments}}
    ```

    ```yaml file=tools/sent.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.sent, version: 0.1.0, owner: dev}
    spec:
      effect: read
      input:
        type: object
        additionalProperties: false
        required: [to]
        properties: {to: {type: string, maxLength: 200}}
      output: {type: object, required: [items], properties: {items: {type: array, items: {type: object}}}}
      arguments: {to: {role: target, type: email}}
      implementation: {http: {method: GET, url: "https://mail.example/mails", hosts: [mail.example], query: [to]}}
    ```

    ```yaml file=policies/mail.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: mail}
    spec:
      rules:
        - {id: mail, effect: permit, tools: [acme.send, acme.sent], reason: agents write to people}
    ```

    ## Right

    ```yaml file=agents/mailer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.mailer, version: 0.1.0, owner: dev}
    spec:
      purpose: Write to people.
      autonomy: propose
      tasks: {pay: {}}
      instructions: {text: Do what is asked.}
      models: [dev]
      tools: [acme.send, acme.sent]
      output: {done: boolean}
    ```

    ```yaml file=tools/send.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.send, version: 0.1.0, owner: dev}
    spec:
      effect: write
      input:
        type: object
        additionalProperties: false
        required: [to, body]
        properties: {to: {type: string, maxLength: 200}, body: {type: string, maxLength: 2000}}
      output: {type: object, additionalProperties: false, required: [done], properties: {done: {type: boolean}}}
      arguments: {to: {role: target, type: email}, body: {role: content}}
      recovery: {mode: probe, probe_by: [to], probe_tool: acme.sent, probe_mark: body}
      implementation: {http: {method: POST, url: "https://mail.example/mails", hosts: [mail.example], body: arguments}}
    ```

    ```yaml file=tools/sent.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.sent, version: 0.1.0, owner: dev}
    spec:
      effect: read
      input:
        type: object
        additionalProperties: false
        required: [to]
        properties: {to: {type: string, maxLength: 200}}
      output: {type: object, required: [items], properties: {items: {type: array, items: {type: object}}}}
      arguments: {to: {role: target, type: email}}
      implementation: {http: {method: GET, url: "https://mail.example/mails", hosts: [mail.example], query: [to]}}
    ```

    ```yaml file=policies/mail.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: mail}
    spec:
      rules:
        - {id: mail, effect: permit, tools: [acme.send, acme.sent], reason: agents write to people}
    ```
    """
    agent, portfolio = flow.agent, flow.unit.portfolio
    for name, tool in flow.once(own_effects).items():
        probe = tool.spec.recovery.probe_tool
        if probe is None or probe in agent.spec.tools.allowed or portfolio.find(Tool, probe) is None:
            continue
        where = portfolio.span(portfolio.path_of(tool), ("spec", "recovery", "probe_tool"))
        yield Finding(
            grant_span(portfolio, flow.unit.path, agent, name),
            f"`{agent.metadata.id}` is granted `{name}` and not `{probe}`, which finds out how a lost call of it ended",
            (Note("it is named here", where),),
            f"grant `{probe}` too",
        )
