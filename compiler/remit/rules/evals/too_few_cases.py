"""EVL006."""

from collections.abc import Iterator

from remit.bound import fewest_cases, fewest_passing, lower_bound
from remit.definitions import Agent, EvalSuite, Gate
from remit.definitions.gate import RATES, Requirement
from remit.diagnostic import Note
from remit.link import Portfolio
from remit.rule import Finding, rule
from remit.source import Span


@rule("too-few-cases", "EVL006", since="0.1")
def too_few_cases(portfolio: Portfolio) -> Iterator[Finding]:
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
    suites = portfolio.of(EvalSuite)
    named = sorted(
        {suite for agent in portfolio.of(Agent).values() for suite in agent.spec.evaluation.suites}
    )
    for gate in portfolio.of(Gate).values():
        path = portfolio.path_of(gate)
        for suite in gate.spec.suites or named:
            if suite not in suites or suite not in portfolio.cases:
                continue
            cases = len(portfolio.cases[suite])
            for index, requirement in enumerate(gate.spec.require):
                reason = impossible(requirement, cases)
                if reason is not None:
                    yield Finding(
                        portfolio.span(path, ("spec", "require", index)),
                        f"no result of the suite `{suite}` could meet this: {reason}",
                        (Note(f"`{suite}` is defined here", _place(portfolio, suites[suite])),),
                        "add cases to the suite, or ask less",
                    )


def _place(portfolio: Portfolio, suite: EvalSuite) -> Span:
    return portfolio.span(portfolio.path_of(suite), ("spec", "cases"))


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
