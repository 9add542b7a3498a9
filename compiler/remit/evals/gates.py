"""Which gates stand before an agent in an environment, which suites they read, and what they say of the results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from remit.definitions import Agent, EvalSuite, Gate
from remit.definitions.gate import Requirement as Written
from remit.evals.gate import Judgement, Requirement, judge
from remit.evals.results import SuiteResult
from remit.link import Portfolio, stands_before


def gates_of(portfolio: Portfolio, environment: str, agents: Iterable[str]) -> tuple[tuple[Gate, str], ...]:
    """The gates of an environment, each with an agent it stands before, in order of their ids.

    A gate that names agents stands before these; one that names none, before every agent that has suites.
    """
    known = portfolio.of(Agent)
    return tuple(
        (gate, name)
        for gate in portfolio.of(Gate).values()
        if environment in gate.spec.environments
        for name in sorted(agents)
        if stands_before(gate, known[name])
    )


def suites_read(portfolio: Portfolio, gate: Gate, agent: str) -> tuple[str, ...]:
    """The suites of an agent that a gate reads."""
    suites = portfolio.of(EvalSuite)
    named = gate.spec.suites or portfolio.of(Agent)[agent].spec.evaluation.suites
    return tuple(sorted(name for name in named if suites[name].spec.agent == agent))


def suites_to_run(portfolio: Portfolio, environment: str, agents: Iterable[str]) -> tuple[str, ...]:
    """The suites that agents name or gates read, sorted."""
    agents = tuple(agents)
    named = {
        suite
        for name in agents
        for suite in portfolio.of(Agent)[name].spec.evaluation.suites
        if portfolio.of(EvalSuite)[suite].spec.agent == name
    }
    read = {
        suite
        for gate, name in gates_of(portfolio, environment, agents)
        for suite in suites_read(portfolio, gate, name)
    }
    return tuple(sorted(named | read))


def judged(
    portfolio: Portfolio, environment: str, agents: Iterable[str], results: Mapping[str, SuiteResult]
) -> tuple[Judgement, ...]:
    """What every gate says: one judgement for each requirement and suite. A suite that did not run is not proven."""
    return tuple(_judged(portfolio, environment, tuple(agents), results))


def _judged(
    portfolio: Portfolio, environment: str, agents: tuple[str, ...], results: Mapping[str, SuiteResult]
) -> Iterator[Judgement]:
    for gate, agent in gates_of(portfolio, environment, agents):
        requirements = [_requirement(written) for written in gate.spec.require]
        suites = suites_read(portfolio, gate, agent)
        for suite in suites:
            for requirement in requirements:
                if suite in results:
                    yield judge(gate.metadata.id, requirement, results[suite])
                else:
                    yield _unproven(gate, suite, requirement, "the suite did not run")
        if not suites:
            for requirement in requirements:
                yield _unproven(gate, "", requirement, f"no suite of the gate measures `{agent}`")


def _requirement(written: Written) -> Requirement:
    return Requirement(
        written.metric,
        written.op,
        written.value,
        written.basis or "point",
        written.confidence,
        written.min_cases or 1,
        written.grader,
    )


def _unproven(gate: Gate, suite: str, requirement: Requirement, detail: str) -> Judgement:
    return Judgement(gate.metadata.id, suite, requirement, "not_proven", 0, None, None, None, detail)
