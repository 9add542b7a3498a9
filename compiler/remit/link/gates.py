"""Gates: the grader whose rate a requirement asks for stands in every suite that the gate reads.

It is looked up for each suite, so that a suite that changed is held against its gates and nothing else is.
"""

from remit.definitions import Agent, EvalSuite, Gate
from remit.link.portfolio import Portfolio
from remit.link.work import Work, span_of, undefined

_SUITES = ("spec", "evaluation", "suites")


def link_graders(work: Work, suite: EvalSuite) -> None:
    """Looks up the graders that the gates of a suite ask for; it is the gate's requirement that is at fault."""
    graders = [grader.id for grader in suite.spec.graders]
    name = suite.metadata.id
    for gate in work.portfolio.of(Gate).values():
        asked = [
            (index, requirement.grader)
            for index, requirement in enumerate(gate.spec.require)
            if requirement.grader is not None and requirement.grader not in graders
        ]
        if not asked or not _reads(work.portfolio, gate, name):
            continue
        path = work.portfolio.path_of(gate)
        for index, grader in asked:
            span = span_of(work, path, ("spec", "require", index, "grader"))
            undefined(work, span, grader, f"grader of the suite `{name}`", graders)


def _reads(portfolio: Portfolio, gate: Gate, suite: str) -> bool:
    """Whether a gate reads a suite: it names it, or names none and stands before an agent that does."""
    if gate.spec.suites:
        return suite in gate.spec.suites
    return any(stands_before(gate, agent) for agent in agents_with(portfolio, suite))


def stands_before(gate: Gate, agent: Agent) -> bool:
    """Whether a gate stands before an agent: one that names agents before these, else before all that have suites."""
    spec = gate.spec
    if spec.risk is not None and agent.metadata.risk not in spec.risk:
        return False
    if spec.agents is not None:
        return agent.metadata.id in spec.agents
    return bool(agent.spec.evaluation.suites)


def agents_with(portfolio: Portfolio, suite: str) -> list[Agent]:
    """The agents that name a suite as theirs."""
    uses = portfolio.users(EvalSuite, suite)
    paths = dict.fromkeys(use.path for use in uses if use.at[:3] == _SUITES)
    definitions = (portfolio.definition_at(path) for path in paths)
    return [one for one in definitions if isinstance(one, Agent)]
