"""The digest algebra as a model: repositories that people edit, and exactly which evidence each edit makes stale.

The model keeps definitions as small values and lowers them to the real frozen structs, so that the laws are about
the functions that plan and ship call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from remit.release.policy_slice import PolicySlice, narrows, policy_slices, slice_digest
from remit.release.staleness import Basis, stale, standing
from remit_runtime.bundle.agent import (
    AgentIR,
    ContextLimits,
    Guardrails,
    LiteralText,
    MemoryGrant,
    Observability,
    PromptIR,
    ToolUse,
)
from remit_runtime.bundle.graph import Budget, EndState, GraphIR
from remit_runtime.bundle.policy import EnvironmentIR, PolicyRule, PolicySet
from remit_runtime.canonical import Digest, canonical_json, digest_of

LAW = settings(max_examples=40, deadline=None)  # the time of a busy machine is no law

TOOLS = ("git.grep", "git.log", "pr.comment")
SUITES = ("basics", "safety")


@dataclass(frozen=True)
class Agent:
    """An agent as its author wrote it. The last two fields change nothing that it can do."""

    tools: frozenset[str]
    suites: frozenset[str]
    prompt: int = 0
    owner: int = 0
    comment: int = 0


@dataclass(frozen=True)
class Rule:
    """A rule of the organisation: about one tool, or about all of them when it names none."""

    effect: str
    tool: str | None
    agent: str | None = None


@dataclass(frozen=True)
class Repository:
    """Everything in Git that the algebra speaks of. Numbers stand for contents: another number is another content."""

    agents: Mapping[str, Agent]
    tools: Mapping[str, int]
    cases: Mapping[str, int]
    graders: Mapping[str, int]
    rules: tuple[Rule, ...]
    model: int = 0
    cassette: int = 0
    denied: frozenset[str] = frozenset()


def _content(*parts: object) -> Digest:
    return digest_of(canonical_json([str(part) for part in parts]))


def _closure(repository: Repository, name: str) -> AgentIR:
    agent = repository.agents[name]
    prompt = canonical_json(PromptIR((LiteralText(str(agent.prompt)),)))
    tools = tuple(
        ToolUse(tool, "1.0.0", _content(tool, repository.tools[tool])) for tool in sorted(agent.tools)
    )
    return AgentIR(
        id=name,
        version="1.0.0",
        risk="low",
        autonomy="advisory",
        tasks=(),
        output=digest_of(prompt),
        graph=GraphIR("done", (EndState("done", "succeeded", None, ()),)),
        tools=tools,
        denied_tools=(),
        models=(),
        fallback="none",
        reasoning_budget="none",
        context=ContextLimits(1, (), ()),
        memory=MemoryGrant((), ()),
        data_classes=(),
        guardrails=Guardrails(0, True),
        budget=Budget(1, 1, 1, 1, 1),
        observability=Observability("required", "redacted", 1),
        output_trust="untrusted",
        duties=(),
    )


def _policy(repository: Repository) -> PolicySet:
    rules = tuple(_lowered(rule) for rule in sorted(set(repository.rules), key=repr))
    environment = EnvironmentIR("production", tuple(sorted(repository.denied)), (), None, True, ())
    return PolicySet("cedar-4.12", rules, (), "{}", "[]", (), (), (), (environment,), (), ())


def _lowered(rule: Rule) -> PolicyRule:
    principal = f'principal == Remit::Agent::"{rule.agent}"' if rule.agent else "principal"
    action = f'action == Remit::Action::"{rule.tool}"' if rule.tool else "action"
    return PolicyRule(
        id=f"policies/rules.yaml#{rule.effect}-{rule.tool}-{rule.agent}",
        effect="permit" if rule.effect == "permit" else "forbid",
        layer="organisation",
        cedar=f"{rule.effect} ({principal}, {action}, resource);",
        actions=(rule.tool,) if rule.tool else (),
        approval=None,
        constraints=(),
        reason="a reason",
    )


def _slices(repository: Repository) -> Mapping[str, PolicySlice]:
    agents = [_closure(repository, name) for name in sorted(repository.agents)]
    return policy_slices(_policy(repository), agents)


def wanted(repository: Repository) -> frozenset[Basis]:
    """The evidence that a deployment of the whole repository asks for."""
    slices = _slices(repository)
    return frozenset(
        Basis(
            agent=name,
            suite=suite,
            closure=digest_of(canonical_json(_closure(repository, name))),
            suite_digest=_content("suite", suite),
            dataset=_content("cases", suite, repository.cases[suite]),
            graders=_content("graders", suite, repository.graders[suite]),
            policy_slice=slice_digest(slices[name]),
            model=_content("model", repository.model),
            cassette=_content("cassette", repository.cassette),
        )
        for name, agent in repository.agents.items()
        for suite in agent.suites
    )


def _narrowing(*repositories: Repository) -> Callable[[Digest, Digest], bool]:
    known = {slice_digest(part): part for one in repositories for part in _slices(one).values()}
    return lambda before, after: narrows(known[before], known[after])


def _names(bases: frozenset[Basis]) -> set[tuple[str, str]]:
    return {(basis.agent, basis.suite) for basis in bases}


def _all_of(repository: Repository, chosen: Callable[[str, Agent], bool]) -> set[tuple[str, str]]:
    return {
        (name, suite)
        for name, agent in repository.agents.items()
        if chosen(name, agent)
        for suite in agent.suites
    }


def _with_agent(repository: Repository, name: str, edit: Callable[[Agent], Agent]) -> Repository:
    return replace(repository, agents={**repository.agents, name: edit(repository.agents[name])})


def _reworded(agent: Agent) -> Agent:
    return replace(agent, prompt=9)


_AGENTS = st.builds(
    Agent,
    tools=st.frozensets(st.sampled_from(TOOLS), min_size=1),
    suites=st.frozensets(st.sampled_from(SUITES), min_size=1),
    prompt=st.integers(0, 3),
)
_RULES = st.builds(
    Rule,
    effect=st.sampled_from(("permit", "forbid")),
    tool=st.none() | st.sampled_from(TOOLS),
    agent=st.none() | st.sampled_from(("acme.a", "acme.b", "acme.c")),
)
REPOSITORIES = st.builds(
    Repository,
    agents=st.dictionaries(st.sampled_from(("acme.a", "acme.b", "acme.c")), _AGENTS, min_size=1),
    tools=st.fixed_dictionaries({tool: st.integers(0, 3) for tool in TOOLS}),
    cases=st.fixed_dictionaries({suite: st.integers(0, 3) for suite in SUITES}),
    graders=st.fixed_dictionaries({suite: st.integers(0, 3) for suite in SUITES}),
    rules=st.lists(_RULES, max_size=5).map(tuple),
    model=st.integers(0, 1),
    cassette=st.integers(0, 1),
    denied=st.frozensets(st.sampled_from(TOOLS)),
)


def _reaches(rule: Rule, name: str, agent: Agent) -> bool:
    return (rule.tool is None or rule.tool in agent.tools) and rule.agent in (None, name)


@LAW
@given(REPOSITORIES)
def test_evidence_about_what_is_deployed_is_fresh(repository: Repository) -> None:
    result = standing(wanted(repository), wanted(repository))

    assert result.fresh == wanted(repository)
    assert not result.recheck
    assert not result.stale


@LAW
@given(REPOSITORIES, st.data())
def test_a_comment_or_an_owner_makes_nothing_stale(repository: Repository, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(repository.agents)))
    edited = _with_agent(repository, name, lambda agent: replace(agent, comment=1, owner=1))

    assert stale(wanted(repository), wanted(edited)) == frozenset()
    assert wanted(edited) == wanted(repository)


@LAW
@given(REPOSITORIES, st.data())
def test_a_prompt_makes_exactly_its_agent_stale(repository: Repository, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(repository.agents)))
    edited = _with_agent(repository, name, _reworded)

    assert _names(stale(wanted(repository), wanted(edited))) == _all_of(
        repository, lambda one, _: one == name
    )


@LAW
@given(REPOSITORIES, st.sampled_from(TOOLS))
def test_a_tool_makes_exactly_the_agents_that_use_it_stale(repository: Repository, tool: str) -> None:
    edited = replace(repository, tools={**repository.tools, tool: 9})

    expected = _all_of(repository, lambda _, agent: tool in agent.tools)
    assert _names(stale(wanted(repository), wanted(edited))) == expected


@LAW
@given(REPOSITORIES, st.sampled_from(SUITES), st.sampled_from(("cases", "graders")))
def test_a_case_or_a_grader_makes_exactly_its_suite_stale(
    repository: Repository, suite: str, part: str
) -> None:
    before = repository.cases if part == "cases" else repository.graders
    edited = replace(repository, **{part: {**before, suite: 9}})  # type: ignore[arg-type]

    expected = {pair for pair in _names(wanted(repository)) if pair[1] == suite}
    assert _names(stale(wanted(repository), wanted(edited))) == expected


@LAW
@given(REPOSITORIES, st.sampled_from(("model", "cassette")))
def test_a_model_or_a_cassette_makes_everything_stale(repository: Repository, part: str) -> None:
    edited = replace(repository, **{part: 9})  # type: ignore[arg-type]

    assert stale(wanted(repository), wanted(edited)) == wanted(edited)


@LAW
@given(REPOSITORIES, st.none() | st.sampled_from(TOOLS), st.none() | st.sampled_from(("acme.a", "acme.b")))
def test_an_added_forbid_blocks_nothing_and_rechecks_what_it_reaches(
    repository: Repository, tool: str | None, agent: str | None
) -> None:
    rule = Rule("forbid", tool, agent)
    assume(rule not in repository.rules)
    edited = replace(repository, rules=(*repository.rules, rule))

    result = standing(wanted(repository), wanted(edited), _narrowing(repository, edited))

    assert not result.stale
    assert _names(result.recheck) == _all_of(repository, lambda name, one: _reaches(rule, name, one))


@LAW
@given(REPOSITORIES, st.sampled_from(TOOLS))
def test_a_denied_tool_of_an_environment_blocks_nothing(repository: Repository, tool: str) -> None:
    assume(tool not in repository.denied)
    edited = replace(repository, denied=repository.denied | {tool})

    result = standing(wanted(repository), wanted(edited), _narrowing(repository, edited))

    assert not result.stale
    assert result.recheck == wanted(edited)


@LAW
@given(REPOSITORIES, st.data())
def test_a_removed_rule_makes_exactly_the_agents_it_reached_stale(
    repository: Repository, data: st.DataObject
) -> None:
    assume(repository.rules)
    rule = data.draw(st.sampled_from(repository.rules))
    edited = replace(repository, rules=tuple(one for one in repository.rules if one != rule))

    result = stale(wanted(repository), wanted(edited), _narrowing(repository, edited))

    assert _names(result) == _all_of(repository, lambda name, one: _reaches(rule, name, one))


@LAW
@given(REPOSITORIES, st.none() | st.sampled_from(TOOLS))
def test_an_added_permit_makes_exactly_the_agents_it_reaches_stale(
    repository: Repository, tool: str | None
) -> None:
    rule = Rule("permit", tool)
    assume(rule not in repository.rules)
    edited = replace(repository, rules=(*repository.rules, rule))

    result = stale(wanted(repository), wanted(edited), _narrowing(repository, edited))

    assert _names(result) == _all_of(repository, lambda name, one: _reaches(rule, name, one))


@LAW
@given(REPOSITORIES, st.sampled_from(TOOLS))
def test_a_widening_beside_a_narrowing_is_stale(repository: Repository, tool: str) -> None:
    permit, forbid = Rule("permit", tool), Rule("forbid", None)
    assume(permit not in repository.rules)
    edited = replace(repository, rules=(*repository.rules, permit, forbid))

    result = stale(wanted(repository), wanted(edited), _narrowing(repository, edited))

    assert _names(result) == _all_of(repository, lambda name, one: _reaches(permit, name, one))


@LAW
@given(REPOSITORIES, st.data())
def test_promoting_one_agent_asks_for_its_evidence_alone(repository: Repository, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(repository.agents)))
    head = _with_agent(replace(repository, tools=dict.fromkeys(TOOLS, 9)), name, _reworded)
    promoted = {basis for basis in wanted(head) if basis.agent == name}
    kept = {basis for basis in wanted(repository) if basis.agent != name}

    assert stale(wanted(repository), kept | promoted) == frozenset(promoted)
    assert stale(wanted(repository) | wanted(head), kept | promoted) == frozenset()


@LAW
@given(REPOSITORIES, REPOSITORIES)
def test_rolling_an_agent_back_finds_its_own_evidence_again(before: Repository, after: Repository) -> None:
    held = wanted(before) | wanted(after)

    assert stale(held, wanted(before)) == frozenset()


@LAW
@given(REPOSITORIES, st.data())
def test_rolling_an_agent_back_does_not_roll_policy_back(repository: Repository, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(repository.agents)))
    permit = Rule("permit", None, None)
    assume(permit not in repository.rules)
    newer = replace(_with_agent(repository, name, _reworded), rules=(*repository.rules, permit))
    # The agent of before, under the policy of now: no evidence was ever made for that pair.
    rolled_back = _with_agent(newer, name, lambda _: repository.agents[name])

    result = stale(wanted(repository) | wanted(newer), wanted(rolled_back), _narrowing(repository, newer))

    assert _names(result) == _all_of(repository, lambda one, _: one == name)


@LAW
@given(REPOSITORIES, REPOSITORIES)
def test_everything_wanted_is_in_exactly_one_of_three(before: Repository, after: Repository) -> None:
    result = standing(wanted(before), wanted(after), _narrowing(before, after))

    assert result.fresh | result.recheck | result.stale == wanted(after)
    assert len(result.fresh) + len(result.recheck) + len(result.stale) == len(wanted(after))


@LAW
@given(REPOSITORIES, REPOSITORIES, REPOSITORIES)
def test_more_evidence_never_makes_more_stale(one: Repository, other: Repository, target: Repository) -> None:
    narrowing = _narrowing(one, other, target)

    few = stale(wanted(one), wanted(target), narrowing)
    more = stale(wanted(one) | wanted(other), wanted(target), narrowing)

    assert more <= few


@LAW
@given(REPOSITORIES, REPOSITORIES)
def test_without_a_proof_nothing_but_equality_counts(before: Repository, after: Repository) -> None:
    assert stale(wanted(before), wanted(after)) == wanted(after) - wanted(before)


@LAW
@given(REPOSITORIES, REPOSITORIES, REPOSITORIES)
def test_narrowing_is_reflexive_and_transitive(one: Repository, two: Repository, three: Repository) -> None:
    slices = [part for repository in (one, two, three) for part in _slices(repository).values()]
    for first in slices:
        assert narrows(first, first)
        for second in slices:
            for third in slices:
                if narrows(first, second) and narrows(second, third):
                    assert narrows(first, third)


@LAW
@given(REPOSITORIES, REPOSITORIES)
def test_narrowing_both_ways_is_the_same_policy(one: Repository, two: Repository) -> None:
    for first in _slices(one).values():
        for second in _slices(two).values():
            if narrows(first, second) and narrows(second, first):
                assert slice_digest(first) == slice_digest(second)


_BUDGET = Budget(10, 10, 10, 10, 10)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, _BUDGET, True),
        (_BUDGET, None, False),
        (_BUDGET, Budget(10, 10, 9, 10, 10), True),
        (_BUDGET, Budget(9, 9, 9, 11, 9), False),
    ],
)
def test_a_budget_narrows_only_when_no_part_of_it_grows(
    before: Budget | None, after: Budget | None, expected: bool
) -> None:
    def under(budget: Budget | None) -> PolicySlice:
        environment = EnvironmentIR("production", (), (), budget, True, ())
        return PolicySlice("cedar-4.12", (), (), (), (), (), (environment,), (), ())

    assert narrows(under(before), under(after)) is expected


def test_demanding_less_evidence_is_no_narrowing() -> None:
    def under(required: bool) -> PolicySlice:
        environment = EnvironmentIR("production", (), (), None, required, ())
        return PolicySlice("cedar-4.12", (), (), (), (), (), (environment,), (), ())

    assert narrows(under(False), under(True))
    assert not narrows(under(True), under(False))
