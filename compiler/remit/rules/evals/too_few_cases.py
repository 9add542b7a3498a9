"""EVL006."""

from collections.abc import Iterator

from remit.bound import fewest_cases, fewest_passing, lower_bound
from remit.definitions import EvalSuite, Gate
from remit.definitions.gate import RATES, Requirement
from remit.diagnostic import Note
from remit.link import Unit, agents_with
from remit.rule import Finding, rule


@rule("too-few-cases", "EVL006", since="0.1")
def too_few_cases(unit: Unit[EvalSuite]) -> Iterator[Finding]:
    """A gate asks more of a suite than any result of so many cases could show.

    ## Why

    Fifteen of fifteen is a good result and shows, with 95 % confidence, a success rate of 0.819 and no more. A gate at
    0.82 over such a suite can never pass, so it would block for ever; it is told here and not after the suite has run.

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
      suites: [digest]
      require:
        - {metric: task_success_rate, op: ">=", value: 0.82}
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
    suite, portfolio = unit.definition, unit.portfolio
    name = suite.metadata.id
    cases = portfolio.linked(unit.path).cases
    if cases is None:
        return
    is_named = bool(agents_with(portfolio, name))
    for gate in portfolio.of(Gate).values():
        if not (name in gate.spec.suites if gate.spec.suites else is_named):
            continue
        path = portfolio.path_of(gate)
        for index, requirement in enumerate(gate.spec.require):
            reason = impossible(requirement, len(cases))
            if reason is not None:
                yield Finding(
                    portfolio.span(path, ("spec", "require", index)),
                    f"no result of the suite `{name}` could meet this: {reason}",
                    (Note(f"`{name}` is defined here", unit.span(("spec", "cases"))),),
                    "add cases to the suite, or ask less",
                )


def impossible(requirement: Requirement, cases: int) -> str | None:
    """Why no result of so many cases could meet a requirement, or None when one could."""
    if requirement.min_cases is not None and cases < requirement.min_cases:
        return f"it asks for {requirement.min_cases} cases and there are {cases}"
    if requirement.metric not in RATES or requirement.basis != "bound":
        return None
    if fewest_passing(cases, requirement.value, requirement.confidence) is not None:
        return None
    best = lower_bound(cases, cases, requirement.confidence)
    least = fewest_cases(requirement.value, requirement.confidence)
    wants = f"it takes {least} cases" if least else "no number of cases can show it"
    return f"{cases} of {cases} shows {best:.3f}; {wants}"
