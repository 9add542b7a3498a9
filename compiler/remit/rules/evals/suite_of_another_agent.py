"""EVL013."""

from collections.abc import Iterator

from remit.definitions import EvalSuite, Gate
from remit.diagnostic import Note
from remit.link import Unit
from remit.rule import Finding, rule


@rule("suite-of-another-agent", "EVL013", since="0.1")
def suite_of_another_agent(unit: Unit[Gate]) -> Iterator[Finding]:
    """A gate names agents, and a suite that measures none of them.

    ## Why

    A suite measures one agent. As evidence for another it says nothing, and a gate that leans on it would block that
    agent for ever, or seem to prove what it does not.

    ## Wrong

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: Summarise the commits.}
      models: [dev]
      output: {summary: string}
    ```

    ```yaml file=policies/gate.yaml
    apiVersion: remit/v1
    kind: Gate
    metadata: {id: quality}
    spec:
      environments: [dev]
      agents: [acme.other]
      suites: [digest]
      require:
        - {metric: task_success_rate, op: ">=", value: 0.05}
    ```

    ```yaml file=evals/digest/suite.yaml
    apiVersion: remit/v1
    kind: EvalSuite
    metadata: {id: digest, owner: dev}
    spec:
      agent: acme.digest
      cases: cases.jsonl
      graders:
        - {id: shape, type: output_schema}
      success: [shape]
    ```

    ```jsonl file=evals/digest/cases.jsonl
    {"id": "one", "input": {"since": "v1"}}
    ```

    ```yaml file=agents/other/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.other, version: 0.1.0, owner: dev}
    spec:
      purpose: List the files of the repository.
      tasks: {list: {}}
      tools: [git.ls_files]
      orchestration:
        function: {tool: git.ls_files}
      output: {items: [string]}
    ```

    ## Right

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: Summarise the commits.}
      models: [dev]
      output: {summary: string}
    ```

    ```yaml file=policies/gate.yaml
    apiVersion: remit/v1
    kind: Gate
    metadata: {id: quality}
    spec:
      environments: [dev]
      agents: [acme.digest]
      suites: [digest]
      require:
        - {metric: task_success_rate, op: ">=", value: 0.05}
    ```

    ```yaml file=evals/digest/suite.yaml
    apiVersion: remit/v1
    kind: EvalSuite
    metadata: {id: digest, owner: dev}
    spec:
      agent: acme.digest
      cases: cases.jsonl
      graders:
        - {id: shape, type: output_schema}
      success: [shape]
    ```

    ```jsonl file=evals/digest/cases.jsonl
    {"id": "one", "input": {"since": "v1"}}
    ```
    """
    gate, portfolio = unit.definition, unit.portfolio
    for index, name in enumerate(gate.spec.suites or ()):
        suite = portfolio.find(EvalSuite, name)
        if suite is None or gate.spec.agents is None or suite.spec.agent in gate.spec.agents:
            continue
        place = portfolio.span(portfolio.path_of(suite), ("spec", "agent"))
        yield Finding(
            unit.span(("spec", "suites", index)),
            f"the suite `{name}` measures `{suite.spec.agent}`, which the gate does not name",
            (Note(f"`{name}` says here which agent it measures", place),),
            "name a suite of the gate's agents, or that agent",
        )
