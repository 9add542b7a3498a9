"""CTX002."""

from collections.abc import Iterator

from remit.definitions import DataClass, Tool
from remit.definitions.policy import Comparison, PolicyRule
from remit.definitions.reference import references_in
from remit.definitions.work import ModelWork, ToolWork
from remit.diagnostic import Note
from remit.flow import Flow
from remit.flow.permits import rules_of
from remit.graph import shortest_path
from remit.rule import Finding, rule

_CLOSE = ("confidential", "secret")
_ASKED = "run.data_classes"


@rule("class-reaches-egress", "CTX002", since="0.4")
def class_reaches_egress(flow: Flow) -> Iterator[Finding]:
    """Confidential data that an agent can send to another host, with no rule of a policy that looks at its class.

    ## Why

    An agent that declares a class handles data of it, and whatever a run holds may stand in the arguments of a request,
    one that only reads included. Policies see the classes of a run as `run.data_classes`. Where none of the rules about
    the tool asks for the class, it was permitted for any data whatever: that the class is declared changes nothing.

    ## Wrong

    ```yaml file=policies/customer_data.yaml
    apiVersion: remit/v1
    kind: DataClass
    metadata: {id: customer_data}
    spec: {sensitivity: confidential}
    ```

    ```yaml file=tools/search.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.search, version: 1.0.0, owner: dev}
    spec:
      effect: read
      input:
        type: object
        additionalProperties: false
        required: [text]
        properties: {text: {type: string, maxLength: 200}}
      output: {type: object, additionalProperties: false, required: [text], properties: {text: {type: string}}}
      implementation: {http: {method: GET, url: "https://search.example/q", hosts: [search.example], query: [text]}}
    ```

    ```yaml file=agents/support/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.support, version: 0.1.0, owner: dev}
    spec:
      purpose: Look an answer up.
      tasks: {mail: {text: string}}
      tools: [acme.search]
      orchestration: {function: {tool: acme.search, args: {text: "${task.text}"}}}
      data_classes: [customer_data]
      output: {text: string}
    ```

    ## Right

    ```yaml file=policies/customer_data.yaml
    apiVersion: remit/v1
    kind: DataClass
    metadata: {id: customer_data}
    spec: {sensitivity: confidential}
    ```

    ```yaml file=policies/egress.yaml
    apiVersion: remit/v1
    kind: Policy
    metadata: {id: egress}
    spec:
      rules:
        - id: customers-are-asked-for
          effect: require_approval
          tools: [acme.search]
          when: {run.data_classes: {contains: customer_data}}
          approval: std.origin
          reason: somebody reads what is looked up in the name of a customer
    ```

    ```yaml file=tools/search.yaml
    apiVersion: remit/v1
    kind: Tool
    metadata: {id: acme.search, version: 1.0.0, owner: dev}
    spec:
      effect: read
      input:
        type: object
        additionalProperties: false
        required: [text]
        properties: {text: {type: string, maxLength: 200}}
      output: {type: object, additionalProperties: false, required: [text], properties: {text: {type: string}}}
      implementation: {http: {method: GET, url: "https://search.example/q", hosts: [search.example], query: [text]}}
    ```

    ```yaml file=agents/support/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.support, version: 0.1.0, owner: dev}
    spec:
      purpose: Look an answer up.
      tasks: {mail: {text: string}}
      tools: [acme.search]
      orchestration: {function: {tool: acme.search, args: {text: "${task.text}"}}}
      data_classes: [customer_data]
      output: {text: string}
    ```

    ## Exceptions

    What the patterns of a class with `redact: true` find never leaves, so that nothing is said of it. A call with
    constant arguments sends nothing of a run.
    """
    for index, name in enumerate(flow.agent.spec.data_classes):
        data_class = flow.unit.portfolio.find(DataClass, name)
        if data_class is None or data_class.spec.sensitivity not in _CLOSE:
            continue
        if data_class.spec.redact and data_class.spec.patterns:
            continue
        found = next(_ways_out(flow, name), None)
        if found is not None and flow.unit.portfolio.is_whole:
            state, tool = found
            yield Finding(
                flow.unit.span(("spec", "data_classes", index)),
                f"what is of `{name}` can leave through `{tool}`, and no rule about it asks for the class",
                (*flow.way(state), Note(f"`{state}` calls `{tool}`", flow.span(state))),
                f"say in a Policy what holds of it: `when: {{run.data_classes: {{contains: {name}}}}}`",
            )


def _ways_out(flow: Flow, data_class: str) -> Iterator[tuple[str, str]]:
    """The reachable states that call a tool of another host which policies permit whatever the class, and the tool."""
    rules = rules_of(flow.unit.portfolio)
    for state, place in flow.states.items():
        for name in _called(place.work):
            tool = flow.unit.portfolio.find(Tool, name)
            if tool is None or not _sends(tool):
                continue
            about = [
                placed.rule for placed in rules.about(tool) if _is_about(placed.rule, flow.agent.metadata.id)
            ]
            if not any(one.effect == "permit" for one in about) or any(
                _asks(one, data_class) for one in about
            ):
                continue
            if state == flow.start or shortest_path(flow.edges, flow.start, state):
                yield state, name


def _called(work: object) -> tuple[str, ...]:
    if isinstance(work, ToolWork):
        return (work.tool,) if any(True for _ in references_in(work.args)) else ()
    return work.tools if isinstance(work, ModelWork) else ()


def _sends(tool: Tool) -> bool:
    way = tool.spec.implementation
    return way.http is not None or way.mcp is not None


def _is_about(one: PolicyRule, agent: str) -> bool:
    return one.agents is None or agent in one.agents


def _asks(one: PolicyRule, data_class: str) -> bool:
    asked = one.when.get(_ASKED)
    return isinstance(asked, Comparison) and asked.contains == data_class
