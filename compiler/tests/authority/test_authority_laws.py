"""The laws of authority over random small organisations: narrowing narrows, and nobody helps themselves."""

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from remit.authority.source import AuthoritySource, Condition, RuleSource
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.policy.decide import Decision, DecisionPoint
from remit_runtime.policy.facts import facts_of
from remit_runtime.policy.request import NO_TENANT, EvalStatus, PolicyRequest, Provenance
from remit_runtime.policy.resources import resolve

TRUSTED = Provenance(True, frozenset(), frozenset())

Portfolio = Callable[..., AuthoritySource]
Lower = Callable[[AuthoritySource], PolicySet]

few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
RANK = {"deny": 0, "require_approval": 1, "allow": 2}


def _some(*words: str) -> st.SearchStrategy[tuple[str, ...] | None]:
    return st.none() | st.lists(st.sampled_from(words), min_size=1, max_size=2, unique=True).map(tuple)


CONDITIONS = st.sampled_from(
    [
        Condition("resource.risk", "is", "high"),
        Condition("resource.risk", "in", ("low", "medium")),
        Condition("run.environment", "is", "dev"),
        Condition("run.incident", "is", False),
        Condition("facts.dependency_file", "is", True),
        Condition("facts.dependency_file", "ne", True),
        Condition("args.branch", "ne", "main"),
        Condition("args.branch", "like", "m*"),
        Condition("args.size", "gt", 2),
        Condition("args.paths", "contains", "a.py"),
        Condition("agent.risk", "is", "medium"),
    ]
)


def _rules(effects: Sequence[str], *, most: int, prefix: str) -> st.SearchStrategy[list[RuleSource]]:
    """Rules of these effects; `git.commit` is in every scope, so that each condition can be read."""

    def made(index: int, effect: str, parts: dict[str, Any], approval: str) -> RuleSource:
        name = f"{prefix}{index}"
        return RuleSource(
            path="policies/random.yaml",
            id=name,
            effect=effect,  # type: ignore[arg-type]  # one of the three
            reason=name,
            place=("policies/random.yaml", "spec", "rules", index),
            approval=approval if effect == "require_approval" else None,
            **parts,
        )

    parts = st.fixed_dictionaries(
        {
            "tools": st.sampled_from([None, ("git.commit",), ("git.commit", "git.log")]),
            "effects": _some("write", "read").filter(lambda effects: effects is None or "write" in effects),
            "agents": _some("acme.fixer", "acme.reader", "acme.careful"),
            "environments": _some("dev", "production"),
            "tenants": _some("retail"),
            "when": st.lists(CONDITIONS, max_size=2, unique_by=lambda each: each.path).map(tuple),
        }
    )
    rules = st.tuples(st.sampled_from(effects), parts, st.sampled_from(["repo_owner", "security"]))
    return st.lists(rules, max_size=most).map(
        lambda drawn: [made(index, *values) for index, values in enumerate(drawn)]
    )


ANY_RULES = _rules(("permit", "permit", "forbid", "require_approval"), most=4, prefix="rule")

CALLS: list[tuple[str, dict[str, Any]]] = [
    ("git.commit", {"repository": "acme/docs", "paths": ["a.py"], "branch": "main"}),
    ("git.commit", {"repository": "acme/app", "paths": ["poetry.lock"], "size": 3}),
    ("git.log", {"repository": "acme/app"}),
    ("clock.now", {}),
]
RUNS = [("dev", NO_TENANT), ("dev", "retail"), ("production", NO_TENANT)]
AGENTS = ["acme.fixer", "acme.reader", "acme.careful"]


def _decisions(
    policy_set: PolicySet,
    source: AuthoritySource,
    approvals: frozenset[str] = frozenset(),
    eval_status: EvalStatus = "proven",
) -> list[Decision]:
    """Every call by every agent in every run."""
    point = DecisionPoint.load(policy_set)
    bindings = {tool.id: tool.resource for tool in source.tools}
    return [
        point.decide(
            PolicyRequest(
                agent=agent,
                agent_version="1.0.0",
                risk="medium",
                user="os:ana",
                tenant=tenant,
                task="fix",
                state="edit",
                tool=tool,
                arguments=arguments,
                data_classes=frozenset(),
                environment=environment,
                approvals=approvals,
                eval_status=eval_status,
                incident=False,
                resource=resolve(policy_set.resources, bindings[tool], arguments),
                facts=facts_of(policy_set.facts, arguments),
                provenance=TRUSTED,
            )
        )
        for agent, (tool, arguments), (environment, tenant) in product(AGENTS, CALLS, RUNS)
    ]


def _never_more(before: list[Decision], after: list[Decision]) -> bool:
    return all(RANK[new.outcome] <= RANK[old.outcome] for old, new in zip(before, after, strict=True))


@few
@given(rules=ANY_RULES, added=_rules(("forbid",), most=2, prefix="added"))
def test_adding_a_forbid_never_allows_more(
    portfolio: Portfolio, lowered: Lower, rules: list[RuleSource], added: list[RuleSource]
) -> None:
    source, narrower = portfolio(*rules), portfolio(*rules, *added)
    assert _never_more(_decisions(lowered(source), source), _decisions(lowered(narrower), narrower))


@few
@given(rules=ANY_RULES, added=_rules(("require_approval",), most=2, prefix="added"))
def test_asking_for_an_approval_never_allows_a_call_that_was_not(
    portfolio: Portfolio, lowered: Lower, rules: list[RuleSource], added: list[RuleSource]
) -> None:
    source, narrower = portfolio(*rules), portfolio(*rules, *added)
    before, after = _decisions(lowered(source), source), _decisions(lowered(narrower), narrower)
    allowed = [old.outcome for old, new in zip(before, after, strict=True) if new.outcome == "allow"]
    assert set(allowed) <= {"allow"}


@few
@given(rules=ANY_RULES, dropped=st.sampled_from(["git.commit", "git.log"]))
def test_taking_a_tool_from_a_grant_never_allows_more(
    portfolio: Portfolio, lowered: Lower, rules: list[RuleSource], dropped: str
) -> None:
    source = portfolio(*rules)
    agents = tuple(
        replace(agent, granted=tuple(name for name in agent.granted if name != dropped))
        for agent in source.agents
    )
    narrower = replace(source, agents=agents)
    assert _never_more(_decisions(lowered(source), source), _decisions(lowered(narrower), narrower))


NARROWINGS: list[dict[str, Any]] = [
    {"deny_tools": ("git.commit",)},
    {"deny_tools": ("git.log", "clock.now")},
    {"deny_effects": ("read",)},
    {"deny_effects": ("write", "irreversible")},
]


@few
@given(
    rules=ANY_RULES, narrowing=st.sampled_from([*NARROWINGS, {"agents": ()}, {"agents": ("acme.careful",)}])
)
def test_narrowing_a_tenant_never_allows_more(
    portfolio: Portfolio, lowered: Lower, rules: list[RuleSource], narrowing: dict[str, Any]
) -> None:
    plain = [replace(tenant, agents=None, deny_tools=()) for tenant in portfolio().tenants]
    source = portfolio(*rules, tenants=tuple(plain))
    narrower = replace(source, tenants=tuple(replace(tenant, **narrowing) for tenant in plain))
    assert _never_more(_decisions(lowered(source), source), _decisions(lowered(narrower), narrower))


@few
@given(rules=ANY_RULES, narrowing=st.sampled_from([*NARROWINGS, {"require_evidence": True}]))
def test_narrowing_an_environment_never_allows_more(
    portfolio: Portfolio, lowered: Lower, rules: list[RuleSource], narrowing: dict[str, Any]
) -> None:
    plain = [replace(each, deny_effects=(), require_evidence=False) for each in portfolio().environments]
    source = portfolio(*rules, environments=tuple(plain))
    narrower = replace(source, environments=tuple(replace(each, **narrowing) for each in plain))
    before = _decisions(lowered(source), source, eval_status="not_required")
    after = _decisions(lowered(narrower), narrower, eval_status="not_required")
    assert _never_more(before, after)


@few
@given(rules=ANY_RULES)
def test_a_grant_of_every_tool_gains_nothing_that_no_organisation_rule_permits(
    portfolio: Portfolio, lowered: Lower, rules: list[RuleSource]
) -> None:
    everything = ("clock.now", "git.commit", "git.log")
    agents = tuple(replace(agent, granted=everything, denied=()) for agent in portfolio().agents)
    source = portfolio(*rules, agents=agents)
    permits = {rule.key for rule in rules if rule.effect == "permit"}
    for decision in _decisions(lowered(source), source):
        assert decision.outcome == "deny" or permits
        assert decision.outcome != "allow" or permits & set(decision.rules)


@few
@given(rules=ANY_RULES, tokens=st.sets(st.sampled_from(["repo_owner", "security"]), min_size=1))
def test_a_token_lifts_only_the_forbids_that_ask_for_it(
    portfolio: Portfolio, lowered: Lower, rules: list[RuleSource], tokens: set[str]
) -> None:
    agents = tuple(replace(agent, autonomy="autonomous") for agent in portfolio().agents)
    source = portfolio(*rules, agents=agents)
    policy_set = lowered(source)
    bare, given_tokens = _decisions(policy_set, source), _decisions(policy_set, source, frozenset(tokens))
    for without, having in zip(bare, given_tokens, strict=True):
        assert RANK[having.outcome] >= RANK[without.outcome]
        if having.outcome == "allow":
            assert without.outcome != "deny"
            assert {need.requirement.id for need in without.approvals} <= tokens
            assert having.constraints == without.constraints


@few
@given(rules=ANY_RULES, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_definitions_does_not_change_a_byte(
    portfolio: Portfolio, lowered: Lower, rules: list[RuleSource], shuffle: Any
) -> None:
    source = portfolio(*rules)
    shuffled = source
    for name in ("rules", "facts", "agents", "tools", "resources", "tenants", "environments", "approvals"):
        items = list(getattr(source, name))
        shuffle.shuffle(items)
        changed: dict[str, Any] = {name: tuple(items)}
        shuffled = replace(shuffled, **changed)
    shuffled = replace(
        shuffled,
        rules=tuple(replace(rule, when=rule.when[::-1]) for rule in shuffled.rules),
        agents=tuple(replace(agent, granted=agent.granted[::-1]) for agent in shuffled.agents),
    )
    assert msgspec.json.encode(lowered(source)) == msgspec.json.encode(lowered(shuffled))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        'x"); permit(principal, action, resource); //',
        '"',
        "\\",
        '\\"',
        "*",
        "\\*",
        "a\nb",
        "\x00",
        "${a}",
        "?principal",
    ]
)


@few
@given(wanted=TEXTS, stated=TEXTS, reason=TEXTS)
def test_no_text_of_a_rule_is_read_as_cedar(
    portfolio: Portfolio, lowered: Lower, wanted: str, stated: str, reason: str
) -> None:
    rule = RuleSource(
        path=f"policies/{wanted}.yaml",
        id=wanted,
        effect="permit",
        reason=reason,
        place=("policies/x.yaml",),
        tools=("git.commit",),
        when=(Condition("args.branch", "is", wanted),),
    )
    source = portfolio(rule)
    policy_set = lowered(source)
    permits = [each for each in policy_set.rules if each.effect == "permit"]
    assert [(each.id, each.reason) for each in permits] == [(rule.key, reason)]
    for branch in (wanted, stated):
        arguments = {"repository": "acme/docs", "paths": ["a.py"], "branch": branch}
        binding = source.tools[0].resource
        request = PolicyRequest(
            agent="acme.fixer",
            agent_version="1.0.0",
            risk="medium",
            user="os:ana",
            tenant=NO_TENANT,
            task="fix",
            state="edit",
            tool="git.commit",
            arguments=arguments,
            data_classes=frozenset(),
            environment="dev",
            approvals=frozenset(),
            eval_status="proven",
            incident=False,
            resource=resolve(policy_set.resources, binding, arguments),
            facts=facts_of(policy_set.facts, arguments),
            provenance=TRUSTED,
        )
        decision = DecisionPoint.load(policy_set).decide(request)
        assert (decision.outcome == "allow") is (branch == wanted)
