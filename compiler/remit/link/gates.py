"""Gates: the grader whose rate a requirement asks for stands in every suite that the gate reads."""

from collections.abc import Iterator

from remit.definitions import Agent, EvalSuite, Gate
from remit.link.work import Work, span_of, undefined


def link_gate(work: Work, path: str, gate: Gate) -> None:
    """Looks up the graders that the requirements of a gate name."""
    for index, requirement in enumerate(gate.spec.require):
        if requirement.grader is None:
            continue
        for suite in _suites(work, gate):
            graders = [grader.id for grader in suite.spec.graders]
            if requirement.grader not in graders:
                span = span_of(work, path, ("spec", "require", index, "grader"))
                noun = f"grader of the suite `{suite.metadata.id}`"
                undefined(work, span, requirement.grader, noun, graders)


def stands_before(gate: Gate, agent: Agent) -> bool:
    """Whether a gate stands before an agent: one that names agents before these, else before all that have suites."""
    spec = gate.spec
    if spec.risk is not None and agent.metadata.risk not in spec.risk:
        return False
    if spec.agents is not None:
        return agent.metadata.id in spec.agents
    return bool(agent.spec.evaluation.suites)


def _suites(work: Work, gate: Gate) -> Iterator[EvalSuite]:
    """The suites that a gate reads: those it names, else those of the agents it stands before."""
    names = dict.fromkeys(gate.spec.suites or _of_agents(work, gate))
    for name in names:
        symbol = work.symbols.get(("EvalSuite", name))
        definition = None if symbol is None else work.files[symbol.path].definition
        if isinstance(definition, EvalSuite):
            yield definition


def _of_agents(work: Work, gate: Gate) -> Iterator[str]:
    for name in gate.spec.agents or tuple(work.ids.get("Agent", ())):
        agent: Agent | None = work.agent(name)
        if agent is not None and stands_before(gate, agent):
            yield from agent.spec.evaluation.suites
