"""AUT012."""

from collections.abc import Iterator

from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.origins import deputies
from remit.rule import Finding, rule


@rule("confused-deputy-path", "AUT012", since="0.4", severity="warning")
def confused_deputy_path(flow: Flow) -> Iterator[Finding]:
    """A target or a value of an effect that is bound to words of others.

    ## Why

    Whoever may write a text that a tool reads, or that a model reads before it decides, would choose whom the
    agent writes to or what it changes. The gateway finds the origin of each value when the call is made, and
    `std.origin` asks a person where it is nobody's who may say so: this forecasts that question, so that a flow
    which is meant to run by itself is not one that always waits. docs/effects.md decides the cases.

    ## Wrong

    ```yaml file=agents/mailer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.mailer, version: 0.1.0, owner: dev}
    spec:
      purpose: Answer the newest mail.
      autonomy: propose
      tasks: {mail: {}}
      tools: [acme.read, acme.send]
      orchestration:
        workflow:
          steps:
            - {id: read, tool: acme.read}
            - {id: send, tool: acme.send, args: {to: "${read.from}", body: "I have read: ${read.text}"}}
          output: "${send}"
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
      implementation: {http: {method: POST, url: "https://mail.example/mails", hosts: [mail.example], body: arguments}}
    ```

    ```yaml file=tools/read.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.read, version: 0.1.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false}
      output:
        type: object
        additionalProperties: false
        required: [from, owner, text]
        properties: {from: {type: string}, owner: {type: string}, text: {type: string}}
      output_trust: {owner: {vouches: email}}
      implementation: {http: {method: GET, url: "https://mail.example/newest", hosts: [mail.example]}}
    ```

    ```yaml file=policies/mail.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: mail}
    spec:
      rules:
        - {id: mail, effect: permit, tools: [acme.send, acme.read], reason: agents answer mails}
    ```

    ## Right

    ```yaml file=agents/mailer/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.mailer, version: 0.1.0, owner: dev}
    spec:
      purpose: Answer the newest mail.
      autonomy: propose
      tasks: {mail: {}}
      tools: [acme.read, acme.send]
      orchestration:
        workflow:
          steps:
            - {id: read, tool: acme.read}
            - {id: send, tool: acme.send, args: {to: "${read.owner}", body: "I have read: ${read.text}"}}
          output: "${send}"
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
      implementation: {http: {method: POST, url: "https://mail.example/mails", hosts: [mail.example], body: arguments}}
    ```

    ```yaml file=tools/read.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.read, version: 0.1.0, owner: dev}
    spec:
      effect: read
      input: {type: object, additionalProperties: false}
      output:
        type: object
        additionalProperties: false
        required: [from, owner, text]
        properties: {from: {type: string}, owner: {type: string}, text: {type: string}}
      output_trust: {owner: {vouches: email}}
      implementation: {http: {method: GET, url: "https://mail.example/newest", hosts: [mail.example]}}
    ```

    ```yaml file=policies/mail.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: mail}
    spec:
      rules:
        - {id: mail, effect: permit, tools: [acme.send, acme.read], reason: agents answer mails}
    ```
    """
    for one in deputies(flow):
        at = flow.span_in(one.state, *one.at)
        message = f"`{one.argument}` of `{one.tool}` ({one.role}) is `${{{one.reference}}}`, which others may choose"
        bound = Note(f"`{one.state}` binds it to `{one.argument}`, of the type `{one.type}`", at)
        yield Finding(
            at,
            message,
            (*one.trail, bound),
            "bind it to the task or to a field that vouches for its type, or show it in an approval before: "
            "else `std.origin` asks a person at each call in which the user has not named it",
        )
