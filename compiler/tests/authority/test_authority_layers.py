"""The algebra of authority, layer by layer: who can permit, and what each layer takes away."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from remit.authority.source import AuthoritySource, RuleSource
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.policy.decide import Decision

Portfolio = Callable[..., AuthoritySource]
Lower = Callable[[AuthoritySource], PolicySet]
Ask = Callable[..., Decision]
MakeRule = Callable[..., RuleSource]


def test_a_grant_permits_nothing(portfolio: Portfolio, ask: Ask) -> None:
    decision = ask(portfolio())
    assert (decision.outcome, decision.code) == ("deny", "default_deny")


def test_only_the_organisations_rules_become_permits(
    portfolio: Portfolio, lowered: Lower, rule: MakeRule
) -> None:
    policy_set = lowered(portfolio(rule("any"), rule("never", "forbid")))
    permits = {each.layer for each in policy_set.rules if each.effect == "permit"}
    assert permits == {"organisation"}
    assert {each.layer for each in policy_set.rules} == {
        "organisation",
        "grant",
        "denied",
        "tenant",
        "environment",
    }


@pytest.mark.parametrize(
    ("agent", "tool", "code"),
    [
        ("fixer", "git.commit", "allowed"),
        ("fixer", "git.log", "allowed"),
        ("fixer", "clock.now", "not_granted"),
        ("reader", "git.log", "allowed"),
        ("reader", "git.commit", "not_granted"),
        ("careful", "git.log", "allowed"),
        ("careful", "git.commit", "not_granted"),
        ("shy", "git.commit", "allowed"),
        ("shy", "clock.now", "not_granted"),
    ],
)
def test_a_grant_and_an_autonomy_fence_what_the_organisation_permits(
    portfolio: Portfolio, ask: Ask, rule: MakeRule, agent: str, tool: str, code: str
) -> None:
    assert ask(portfolio(rule("any")), tool, agent=f"acme.{agent}").code == code


@pytest.mark.parametrize(
    ("autonomy", "effect", "code"),
    [
        ("advisory", "read", "allowed"),
        ("advisory", "write", "not_granted"),
        ("advisory", "irreversible", "not_granted"),
        ("propose", "write", "allowed"),
        ("propose", "irreversible", "not_granted"),
        ("act_with_approval", "read", "allowed"),
        ("act_with_approval", "write", "not_granted"),
        ("act_with_approval", "irreversible", "not_granted"),
        ("autonomous", "irreversible", "allowed"),
    ],
)
def test_an_autonomy_is_a_fence_around_effects(
    portfolio: Portfolio, ask: Ask, rule: MakeRule, autonomy: Any, effect: Any, code: str
) -> None:
    source = portfolio(rule("any"))
    agents = tuple(replace(agent, autonomy=autonomy) for agent in source.agents)
    tools = tuple(replace(tool, effect=effect) for tool in source.tools)
    assert ask(replace(source, agents=agents, tools=tools)).code == code


def test_an_agent_that_acts_with_approval_acts_once_a_rule_asks_for_one(
    portfolio: Portfolio, ask: Ask, rule: MakeRule
) -> None:
    source = portfolio(rule("any"), rule("sign", "require_approval", effects=("write",), approval="security"))
    careful = {"agent": "acme.careful"}
    assert ask(source, **careful).outcome == "require_approval"
    assert ask(source, **careful, approvals=frozenset({"security"})).outcome == "allow"


def test_an_agent_with_an_empty_grant_may_call_nothing(
    portfolio: Portfolio, ask: Ask, rule: MakeRule
) -> None:
    source = portfolio(rule("any"))
    empty = tuple(replace(agent, granted=()) for agent in source.agents)
    assert ask(replace(source, agents=empty)).code == "not_granted"


def test_what_an_agent_denies_itself_is_forbidden_to_it_alone(
    portfolio: Portfolio, ask: Ask, rule: MakeRule
) -> None:
    source = portfolio(rule("any"))
    shy = tuple(
        replace(agent, denied=("git.log",) if agent.id == "acme.fixer" else ()) for agent in source.agents
    )
    assert ask(replace(source, agents=shy), "git.log").code == "forbidden"
    assert ask(replace(source, agents=shy), "git.log", agent="acme.reader").outcome == "allow"


def test_a_tenant_takes_away_agents_and_tools_for_its_own_runs(
    portfolio: Portfolio, ask: Ask, rule: MakeRule
) -> None:
    source = portfolio(rule("any"))
    retail = {"tenant": "retail"}
    assert ask(source, **retail).reason == "tenant `retail` does not have this agent"
    assert ask(source, "git.log", agent="acme.reader", **retail).outcome == "allow"
    granted = tuple(replace(agent, granted=("clock.now",)) for agent in source.agents)
    wide = replace(source, agents=granted)
    assert ask(wide, "clock.now", agent="acme.reader", **retail).reason == "tenant `retail` denies this tool"
    assert ask(wide, "clock.now", agent="acme.reader").outcome == "allow"


def test_an_environment_denies_effects_and_wants_evidence(
    portfolio: Portfolio, ask: Ask, rule: MakeRule
) -> None:
    source = portfolio(rule("any"))
    production = {"environment": "production"}
    assert (
        ask(source, **production, eval_status="proven").reason == "environment `production` denies this tool"
    )
    assert ask(source, "git.log", **production, eval_status="proven").outcome == "allow"
    for status in ("not_proven", "not_required"):
        assert ask(source, "git.log", **production, eval_status=status).code == "forbidden"


def test_rule_scopes_must_all_hold(portfolio: Portfolio, ask: Ask, rule: MakeRule) -> None:
    source = portfolio(
        rule(
            "narrow",
            tools=("git.commit", "git.log"),
            effects=("read",),
            capabilities=("code.log", "code.commit"),
            agents=("acme.fixer",),
            tenants=("retail",),
            environments=("dev",),
        ),
        tenants=tuple(replace(tenant, agents=None) for tenant in portfolio().tenants),
    )
    retail = {"tenant": "retail"}
    assert ask(source, "git.log", **retail).outcome == "allow"
    assert ask(source, "git.commit", **retail).code == "default_deny"
    assert ask(source, "git.log").code == "default_deny"
    assert ask(source, "git.log", **retail, agent="acme.reader").code == "default_deny"
    proven = {"environment": "production", "eval_status": "proven"}
    assert ask(source, "git.log", **retail, **proven).code == "default_deny"


def test_an_empty_scope_is_about_nothing(portfolio: Portfolio, ask: Ask, rule: MakeRule) -> None:
    for scope in ("tools", "effects", "capabilities", "agents", "tenants", "environments"):
        assert ask(portfolio(rule("none", **{scope: ()}))).code == "default_deny"
        assert ask(portfolio(rule("any"), rule("none", "forbid", **{scope: ()}))).outcome == "allow"


LOCK = {"arguments": {"repository": "acme/app", "paths": ["poetry.lock"]}}


def test_a_dependency_file_in_a_high_risk_repository_needs_its_owner(
    portfolio: Portfolio, ask: Ask, rule: MakeRule
) -> None:
    owner = rule(
        "dependency",
        "require_approval",
        tools=("git.commit",),
        when={"resource.risk": "high", "facts.dependency_file": True},
        approval="repo_owner",
        constraints=(("max_files", 3),),
    )
    source = portfolio(rule("any", constraints=(("max_files", 20),)), owner)
    decision = ask(source, **LOCK)
    assert (decision.outcome, decision.constraints) == ("require_approval", {"max_files": 3})
    assert ask(source, **LOCK, approvals=frozenset({"repo_owner"})).outcome == "allow"
    assert ask(source, **LOCK, approvals=frozenset({"security"})).outcome == "require_approval"
    assert ask(source, arguments={"repository": "acme/app", "paths": ["a.py"]}).constraints == {
        "max_files": 20
    }
    assert ask(source, arguments={"repository": "acme/docs", "paths": ["poetry.lock"]}).outcome == "allow"
    assert (
        ask(source, arguments={"repository": "evil/app", "paths": ["poetry.lock"]}).code == "resource_unknown"
    )


def test_a_fact_that_cannot_be_decided_denies(portfolio: Portfolio, ask: Ask, rule: MakeRule) -> None:
    decision = ask(portfolio(rule("any")), arguments={"paths": ["poetry.lock", 3]})
    assert (decision.outcome, decision.code) == ("deny", "missing_input")


CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"args.branch": "main"}, {"branch": "main"}, True),
    ({"args.branch": "main"}, {"branch": "dev"}, False),
    ({"args.branch": "main"}, {}, False),
    ({"args.branch in": ("main", "dev")}, {"branch": "dev"}, True),
    ({"args.branch in": ("main", "dev")}, {"branch": "x"}, False),
    ({"args.branch like": "release/*"}, {"branch": "release/1"}, True),
    ({"args.branch like": "release/*"}, {"branch": "main"}, False),
    ({"args.branch like": 'a"*\\*'}, {"branch": 'a"b\\c'}, True),
    ({"args.size lt": 3}, {"size": 2}, True),
    ({"args.size lt": 3}, {"size": 3}, False),
    ({"args.size lte": 3}, {"size": 3}, True),
    ({"args.size gt": 3}, {"size": 3}, False),
    ({"args.size gte": 3}, {"size": 3}, True),
    ({"args.size ne": 3}, {"size": 4}, True),
    ({"args.size in": (1, -2)}, {"size": -2}, True),
    ({"args.paths contains": "a.py"}, {}, True),
    ({"args.paths contains": "b.py"}, {}, False),
    ({"args.mode": "squash"}, {"mode": "squash"}, True),
    ({"args.mode": "squash"}, {"mode": "merge"}, False),
    ({"args.mode ne": "squash"}, {"mode": "merge"}, True),
    ({"resource.risk": "low"}, {}, True),
    ({"resource.risk in": ("high", "critical")}, {}, False),
    ({"resource.risk ne": "high"}, {}, True),
    ({"resource.visibility": "private"}, {"repository": "acme/app"}, True),
    ({"resource.visibility": "private"}, {}, False),
    ({"agent.risk": "medium"}, {}, True),
    ({"agent.version": "1.0.0"}, {}, True),
    ({"agent.version": "2.0.0"}, {}, False),
    ({"run.environment": "dev"}, {}, True),
    ({"run.eval_status in": ("proven",)}, {}, False),
    ({"run.incident": False}, {}, True),
    ({"run.user like": "os:*"}, {}, True),
    ({"run.task": "fix", "run.state": "look"}, {}, False),
    ({"facts.dependency_file": False}, {}, True),
]


@pytest.mark.parametrize(("when", "arguments", "holds"), CONDITIONS)
def test_a_condition_holds_in_a_permit_and_in_a_forbid_alike(
    portfolio: Portfolio,
    ask: Ask,
    rule: MakeRule,
    when: dict[str, Any],
    arguments: dict[str, Any],
    holds: bool,
) -> None:
    permitted = ask(portfolio(rule("some", tools=("git.commit",), when=when)), arguments=arguments)
    assert permitted.code == ("allowed" if holds else "default_deny")
    forbidden = ask(
        portfolio(rule("any"), rule("no", "forbid", tools=("git.commit",), when=when)), arguments=arguments
    )
    assert forbidden.code == ("forbidden" if holds else "allowed")


def test_what_is_left_out_does_not_slip_past_a_forbid_of_anything_but(
    portfolio: Portfolio, ask: Ask, rule: MakeRule
) -> None:
    source = portfolio(rule("any"), rule("main-only", "forbid", when={"args.branch ne": "main"}))
    assert ask(source).code == "forbidden"
    assert ask(source, arguments={"branch": "main"}).outcome == "allow"
    assert ask(source, "git.log").outcome == "allow"
    assert ask(portfolio(rule("not-main", when={"args.branch ne": "main"}))).code == "default_deny"


def test_one_path_may_be_a_closed_list_for_one_tool_and_text_for_another(
    portfolio: Portfolio, ask: Ask, rule: MakeRule
) -> None:
    source = portfolio(rule("any"), rule("no", "forbid", when={"args.mode": "squash"}))
    assert ask(source, arguments={"mode": "squash"}).code == "forbidden"
    assert ask(source, "git.log", arguments={"mode": "squash"}).code == "forbidden"
    assert ask(source, "git.log", arguments={"mode": "oneline"}).outcome == "allow"
    assert ask(source, arguments={"mode": "merge"}).outcome == "allow"
