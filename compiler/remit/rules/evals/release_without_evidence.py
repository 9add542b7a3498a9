"""EVL001."""

from collections.abc import Iterator

from remit.definitions import Agent, Environment, EvalSuite, Gate, Release
from remit.diagnostic import Note
from remit.link import Unit, stands_before
from remit.rule import Finding, rule


@rule("release-without-evidence", "EVL001", since="0.4")
def release_without_evidence(release: Unit[Release]) -> Iterator[Finding]:
    """An agent is released to an environment that demands evidence, and no gate there reads a suite of it.

    ## Why

    An environment that demands evidence runs no agent without it. Such a release can be built and never be loaded; to
    see it when it is shipped is late.

    ## Wrong

    ```yaml file=releases/production.yaml
    apiVersion: remit/v1
    kind: Release
    metadata: {id: production}
    spec:
      environment: production
      agents:
        acme.digest: {version: 0.1.0, lifecycle: active}
    ```

    ```yaml file=policies/production.yaml
    apiVersion: remit/v1
    kind: Environment
    metadata: {id: production}
    spec: {evidence: required}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [dev]
      output: {summary: string}
    ```

    ## Right

    ```yaml file=releases/production.yaml
    apiVersion: remit/v1
    kind: Release
    metadata: {id: production}
    spec:
      environment: production
      agents:
        acme.digest: {version: 0.1.0, lifecycle: active}
    ```

    ```yaml file=policies/production.yaml
    apiVersion: remit/v1
    kind: Environment
    metadata: {id: production}
    spec: {evidence: required}
    ```

    ```yaml file=agents/digest/agent.yaml
    apiVersion: remit/v1
    kind: Agent
    metadata: {id: acme.digest, version: 0.1.0, owner: dev}
    spec:
      purpose: Summarise recent commits.
      tasks: {range: {since: string}}
      instructions: {text: "Summarise the commits since {{ task.since }}."}
      models: [dev]
      evaluation: {suites: [digest]}
      output: {summary: string}
    ```

    ```yaml file=policies/gate.yaml
    apiVersion: remit/v1
    kind: Gate
    metadata: {id: quality}
    spec:
      environments: [production]
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
    spec, portfolio = release.definition.spec, release.portfolio
    environment = portfolio.find(Environment, spec.environment)
    if environment is None or environment.spec.evidence != "required":
        return
    gates = [gate for gate in portfolio.of(Gate).values() if spec.environment in gate.spec.environments]
    for name, released in spec.agents.items():
        agent = portfolio.find(Agent, name)
        if agent is None or released.lifecycle == "retired":
            continue
        if any(_reads_a_suite(release, gate, agent) for gate in gates):
            continue
        place = portfolio.span(portfolio.path_of(environment), ("spec", "evidence"))
        advice = (
            f"let a Gate of `{spec.environment}` stand before it"
            if agent.spec.evaluation.suites
            else "give it a suite under `evaluation`, and a Gate that reads it"
        )
        yield Finding(
            release.span(("spec", "agents", name), "key"),
            f"`{spec.environment}` demands evidence, and no gate there reads a suite of `{name}`",
            (Note(f"`{spec.environment}` is defined here", place),),
            advice,
        )


def _reads_a_suite(release: Unit[Release], gate: Gate, agent: Agent) -> bool:
    """Whether a gate stands before an agent and reads a suite that measures it; a suite that is broken counts."""
    if not stands_before(gate, agent):
        return False
    for name in gate.spec.suites or agent.spec.evaluation.suites:
        suite = release.portfolio.find(EvalSuite, name)
        if suite is None or suite.spec.agent == agent.metadata.id:
            return True
    return False
