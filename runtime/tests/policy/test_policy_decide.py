"""The decision point: what it answers, in which order it looks, and what it never takes for an allow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from remit_runtime.bundle.policy import PolicyRule, PolicySet
from remit_runtime.policy.decide import Decision, DecisionPoint
from remit_runtime.policy.request import PolicyRequest, Provenance, ResourceRef

Ask = Callable[..., Decision]
MakeRule = Callable[..., PolicyRule]

ANY = "permit(principal, action, resource)"
WRITES = 'action in [Remit::Action::"effect:write"]'
HIGH = 'when { resource.risk == Remit::Risk::"high" }'
PAYMENTS = {"resource": ResourceRef("Repo", "payments"), "arguments": {"repo": "acme/pay", "paths": ["a.py"]}}


@pytest.fixture
def permit(rule: MakeRule) -> PolicyRule:
    return rule("anything", ANY)


def test_a_call_that_no_rule_permits_is_denied(ask: Ask) -> None:
    decision = ask()
    assert (decision.outcome, decision.code, decision.rules) == ("deny", "default_deny", ())
    assert decision.reason == "no rule permits this call"


def test_a_permitted_call_is_allowed_and_names_its_rule(ask: Ask, permit: PolicyRule) -> None:
    decision = ask(permit)
    assert (decision.outcome, decision.code) == ("allow", "allowed")
    assert (decision.rules, decision.reason) == (("policies/test.yaml#anything",), "anything")
    assert decision.request_digest is not None
    assert decision.request_digest.startswith("sha256:")


def test_a_deny_wins_over_any_allow(ask: Ask, rule: MakeRule, permit: PolicyRule) -> None:
    decision = ask(permit, rule("also", ANY), rule("no", f"forbid(principal, {WRITES}, resource)"))
    assert (decision.outcome, decision.code, decision.reason) == ("deny", "forbidden", "no")
    assert decision.rules == ("policies/test.yaml#no",)


def test_a_call_outside_the_grant_says_so(ask: Ask, rule: MakeRule, permit: PolicyRule) -> None:
    fixer = 'forbid(principal == Remit::Agent::"swe.fixer", action, resource)'
    text = fixer + ' unless { action in [Remit::Action::"git.log"] }'
    grant = rule("grant", text, layer="grant")
    assert ask(permit, grant).code == "not_granted"
    assert ask(permit, grant, tool="git.log", arguments={"repo": "acme/docs"}).outcome == "allow"
    reader = {"agent": "swe.reader", "agent_version": "2.0.0", "risk": "low"}
    assert ask(permit, grant, **reader).outcome == "allow"


def test_an_approval_is_asked_for_where_it_would_help(ask: Ask, rule: MakeRule, permit: PolicyRule) -> None:
    careful = rule("careful", f"forbid(principal, {WRITES}, resource) {HIGH}", approval="repo_owner")
    decision = ask(permit, careful, **PAYMENTS)
    assert (decision.outcome, decision.code) == ("require_approval", "approval_needed")
    assert [need.requirement.id for need in decision.approvals] == ["repo_owner"]
    assert decision.approvals[0].rules == ("policies/test.yaml#careful",)
    assert ask(permit, careful).outcome == "allow"


def test_an_approval_that_was_given_lifts_its_own_forbid(
    ask: Ask, rule: MakeRule, permit: PolicyRule
) -> None:
    careful = rule("careful", f"forbid(principal, {WRITES}, resource)", approval="repo_owner")
    decision = ask(permit, careful, approvals=frozenset({"repo_owner"}))
    assert decision.outcome == "allow"
    assert decision.rules == ("policies/test.yaml#anything", "policies/test.yaml#careful")


def test_two_approvals_add_up(ask: Ask, rule: MakeRule, permit: PolicyRule) -> None:
    one = rule("one", f"forbid(principal, {WRITES}, resource)", approval="repo_owner")
    two = rule("two", f"forbid(principal, {WRITES}, resource)", approval="security")
    both = ask(permit, one, two)
    assert [need.requirement.id for need in both.approvals] == ["repo_owner", "security"]
    rest = ask(permit, one, two, approvals=frozenset({"repo_owner"}))
    assert rest.outcome == "require_approval"
    assert [need.requirement.id for need in rest.approvals] == ["security"]
    assert ask(permit, one, two, approvals=frozenset({"repo_owner", "security"})).outcome == "allow"


def test_nobody_is_asked_to_approve_what_would_still_be_denied(
    ask: Ask, rule: MakeRule, permit: PolicyRule
) -> None:
    careful = rule("careful", f"forbid(principal, {WRITES}, resource)", approval="repo_owner")
    never = rule("never", f"forbid(principal, {WRITES}, resource)")
    forbidden = ask(permit, careful, never)
    assert (forbidden.outcome, forbidden.code, forbidden.reason) == ("deny", "forbidden", "never")
    unpermitted = ask(careful)
    assert (unpermitted.outcome, unpermitted.code) == ("deny", "default_deny")
    assert unpermitted.reason == "no rule permits this call, and no approval would"


def test_no_approval_lifts_a_forbid_that_names_none(ask: Ask, rule: MakeRule, permit: PolicyRule) -> None:
    never = rule("never", f"forbid(principal, {WRITES}, resource)")
    assert ask(permit, never, approvals=frozenset({"repo_owner", "security"})).code == "forbidden"


def test_a_rule_that_wants_any_token_is_met_by_the_one_that_another_asks_for(
    ask: Ask, rule: MakeRule, permit: PolicyRule
) -> None:
    some = rule(
        "some",
        f"forbid(principal, {WRITES}, resource) when {{ context.run.approvals.isEmpty() }}",
        layer="grant",
    )
    careful = rule("careful", f"forbid(principal, {WRITES}, resource)", approval="repo_owner")
    assert ask(permit, some).code == "not_granted"
    assert ask(permit, some, careful).outcome == "require_approval"


def test_constraints_of_every_rule_that_decided_bind(ask: Ask, rule: MakeRule) -> None:
    wide = rule("wide", ANY, constraints={"max_files": 20, "only_paths": ["a", "b"], "min_reviews": 1})
    narrow = rule("narrow", ANY, constraints={"max_files": 5, "only_paths": ["b", "c"], "min_reviews": 2})
    assert ask(wide, narrow).constraints == {"max_files": 5, "min_reviews": 2, "only_paths": ["b"]}


def test_the_constraints_of_an_approval_hold_before_and_after_it(ask: Ask, rule: MakeRule) -> None:
    permit = rule("wide", ANY, constraints={"max_files": 20})
    careful = rule(
        "careful",
        f"forbid(principal, {WRITES}, resource)",
        approval="repo_owner",
        constraints={"max_files": 3},
    )
    assert ask(permit, careful).constraints == {"max_files": 3}
    assert ask(permit, careful, approvals=frozenset({"repo_owner"})).constraints == {"max_files": 3}
    assert ask(permit).constraints == {"max_files": 20}


def test_the_constraints_of_a_lifted_rule_hold_while_another_approval_is_still_asked_for(
    ask: Ask, rule: MakeRule, permit: PolicyRule
) -> None:
    text = f"forbid(principal, {WRITES}, resource)"
    one = rule("one", text, approval="repo_owner", constraints={"max_files": 2})
    two = rule("two", text, approval="security", constraints={"max_files": 9})
    decision = ask(permit, one, two, approvals=frozenset({"repo_owner"}))
    assert (decision.outcome, decision.constraints) == ("require_approval", {"max_files": 2})


INPUTS = [name for name in PolicyRequest.__slots__ if name != "resource"]


@pytest.mark.parametrize("name", INPUTS)
def test_a_missing_input_denies(ask: Ask, permit: PolicyRule, name: str) -> None:
    decision = ask(permit, **{name: None})
    assert (decision.outcome, decision.code) == ("deny", "missing_input")
    assert decision.reason == f"the input `{name}` is missing"


@pytest.mark.parametrize("name", ["agent", "agent_version", "user", "task", "state", "tool", "environment"])
def test_an_empty_name_is_missing(ask: Ask, permit: PolicyRule, name: str) -> None:
    assert ask(permit, **{name: ""}).code == "missing_input"


@pytest.mark.parametrize("facts", [{}, {"other": True}, {"dependency_file": None}, {"dependency_file": 1}])
def test_a_missing_fact_denies(ask: Ask, permit: PolicyRule, facts: dict[str, Any]) -> None:
    decision = ask(permit, facts=facts)
    assert (decision.outcome, decision.code) == ("deny", "missing_input")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user", 7),
        ("tenant", 7),
        ("user", "\ud800"),
        ("data_classes", ["secret"]),
        ("data_classes", frozenset({1})),
        ("approvals", "repo_owner"),
        ("arguments", [1]),
        ("arguments", {"repo": float("nan"), "paths": []}),
        ("arguments", {"repo": "acme/docs", "paths": [], "size": 2**63}),
        ("facts", [True]),
        ("incident", 1),
        ("eval_status", "perhaps"),
        ("environment", "staging"),
        ("tenant", "nobody"),
        ("approvals", frozenset({"nobody"})),
        ("agent", "swe.stranger"),
        ("agent_version", "1.2.1"),
        ("risk", "low"),
        ("risk", "none"),
        ("tool", "shell.exec"),
        ("tool", "effect:write"),
    ],
)
def test_what_is_malformed_or_unknown_denies(ask: Ask, permit: PolicyRule, name: str, value: Any) -> None:
    decision = ask(permit, **{name: value})
    assert (decision.outcome, decision.code) == ("deny", "invalid_request")


@pytest.mark.parametrize(
    "arguments",
    [
        {"repo": "acme/docs"},
        {"repo": 3, "paths": []},
        {"repo": None, "paths": []},
        {"repo": "acme/docs", "paths": "a.py"},
        {"repo": "acme/docs", "paths": [1]},
        {"repo": "acme/docs", "paths": [], "force": True},
        {"repo": "acme/docs", "paths": [], "size": 1.5},
        {"repo": "acme/docs", "paths": [], "size": True},
        {"repo": {"__entity": {"type": "Remit::Repo", "id": "docs"}}, "paths": []},
        {"repo": {"__extn": {"fn": "decimal", "arg": "1.0"}}, "paths": []},
    ],
)
def test_arguments_that_are_not_what_the_tool_declares_deny(
    ask: Ask, permit: PolicyRule, arguments: dict[str, Any]
) -> None:
    assert ask(permit, arguments=arguments).code == "invalid_request"


def test_a_hidden_argument_is_no_hindrance(ask: Ask, permit: PolicyRule) -> None:
    assert ask(permit, arguments={"repo": "acme/docs", "paths": [], "body": {"any": 1.5}}).outcome == "allow"


def test_a_whole_number_may_be_written_with_a_fraction(ask: Ask, rule: MakeRule, permit: PolicyRule) -> None:
    big = rule(
        "big",
        'forbid(principal, action == Remit::Action::"git.commit", resource)'
        " when { context.args has size && context.args.size > 2 }",
    )
    assert ask(permit, big, arguments={"repo": "acme/docs", "paths": [], "size": 3.0}).code == "forbidden"
    assert ask(permit, big, arguments={"repo": "acme/docs", "paths": [], "size": 2}).outcome == "allow"


def test_an_absent_and_a_null_optional_argument_are_the_same(
    ask: Ask, rule: MakeRule, permit: PolicyRule
) -> None:
    set_at_all = rule(
        "set",
        'forbid(principal, action == Remit::Action::"git.commit", resource) when { context.args has size }',
    )
    assert (
        ask(permit, set_at_all, arguments={"repo": "acme/docs", "paths": [], "size": None}).outcome == "allow"
    )
    assert (
        ask(permit, set_at_all, arguments={"repo": "acme/docs", "paths": [], "size": 1}).code == "forbidden"
    )


def test_a_word_outside_a_closed_list_is_refused_and_one_inside_is_compared(
    ask: Ask, rule: MakeRule, permit: PolicyRule
) -> None:
    deploy = {"tool": "prod.deploy", "resource": ResourceRef("Service", "shop")}
    canary = rule(
        "canary",
        'forbid(principal, action == Remit::Action::"prod.deploy", resource)'
        ' when { context.args has strategy && context.args.strategy == Remit::Strategy::"canary" }',
    )
    words = [
        ask(permit, canary, **deploy, arguments={"service": "shop", "strategy": word}).code
        for word in ("canary", "rolling", "big-bang")
    ]
    assert words == ["forbidden", "allowed", "invalid_request"]


@pytest.mark.parametrize(
    "resource",
    [
        None,
        ResourceRef("Repo", "elsewhere"),
        ResourceRef("Service", "shop"),
        ResourceRef("Tool", "git.commit"),
        ResourceRef("Agent", "swe.fixer"),
    ],
)
def test_an_unknown_resource_denies_before_cedar_is_asked(
    ask: Ask, rule: MakeRule, permit: PolicyRule, resource: ResourceRef | None
) -> None:
    # Cedar would skip this forbid over an unknown entity, and allow.
    decision = ask(permit, rule("high", f"forbid(principal, action, resource) {HIGH}"), resource=resource)
    assert (decision.outcome, decision.code) == ("deny", "resource_unknown")


def test_a_tool_without_a_resource_is_its_own_and_no_other(ask: Ask, permit: PolicyRule) -> None:
    clock: dict[str, Any] = {"tool": "clock.now", "arguments": {}}
    assert ask(permit, **clock, resource=ResourceRef("Tool", "clock.now")).outcome == "allow"
    assert ask(permit, **clock, resource=ResourceRef("Tool", "git.log")).code == "resource_unknown"


OVERFLOW = (
    'forbid(principal, action == Remit::Action::"git.commit", resource)'
    " when { context.args has size && context.args.size * 9223372036854775807 > 0 }"
)


def test_a_forbid_that_overflows_denies_and_is_not_skipped(
    ask: Ask, rule: MakeRule, permit: PolicyRule
) -> None:
    arguments: dict[str, Any] = {"repo": "acme/docs", "paths": [], "size": 10}
    decision = ask(permit, rule("overflow", OVERFLOW), arguments=arguments)
    assert (decision.outcome, decision.code) == ("deny", "policy_error")
    assert "overflow" in decision.reason


def test_an_error_that_only_the_assumed_approval_brings_out_denies(
    ask: Ask, rule: MakeRule, permit: PolicyRule
) -> None:
    careful = rule("careful", f"forbid(principal, {WRITES}, resource)", approval="repo_owner")
    late = rule(
        "late",
        'forbid(principal, action == Remit::Action::"git.commit", resource) when'
        ' { context.run.approvals.contains(Remit::Approval::"repo_owner")'
        " && context.args has size && context.args.size * 9223372036854775807 > 0 }",
    )
    arguments: dict[str, Any] = {"repo": "acme/docs", "paths": [], "size": 10}
    assert ask(permit, careful, late, arguments=arguments).code == "policy_error"


def test_what_policies_see_of_a_call_has_a_limit(ask: Ask, permit: PolicyRule) -> None:
    decision = ask(permit, arguments={"repo": "r" * 70_000, "paths": []})
    assert (decision.outcome, decision.code) == ("deny", "invalid_request")
    assert "65536 bytes" in decision.reason
    hidden: dict[str, Any] = {"repo": "acme/docs", "paths": [], "body": "b" * 70_000}
    assert ask(permit, arguments=hidden).outcome == "allow"


def test_rules_are_sorted_whatever_order_the_engine_finds_them_in(ask: Ask, rule: MakeRule) -> None:
    names = [f"r{index:02d}" for index in range(40)]
    decision = ask(*(rule(name, ANY) for name in reversed(names)))
    assert decision.rules == tuple(f"policies/test.yaml#{name}" for name in names)
    assert decision.reason == "; ".join(names)


def test_the_digest_is_of_the_request_and_of_nothing_else(
    ask: Ask,
    permit: PolicyRule,
    policy_set: Callable[..., PolicySet],
    request_of: Callable[..., PolicyRequest],
) -> None:
    first = ask(permit).request_digest
    assert first == ask().request_digest
    reordered = request_of(arguments={"paths": ["a.py"], "repo": "acme/docs"})
    assert DecisionPoint.load(policy_set(permit)).decide(reordered).request_digest == first
    assert ask(permit, arguments={"repo": "acme/docs", "paths": ["b.py"]}).request_digest != first
    assert ask(permit, user="os:bo").request_digest != first


COMMITS = 'action == Remit::Action::"git.commit"'
FLIPS: dict[str, tuple[str, dict[str, Any]]] = {
    "agent": (
        'principal == Remit::Agent::"swe.fixer"',
        {"agent": "swe.reader", "agent_version": "2.0.0", "risk": "low"},
    ),
    "user": ('context.run.user == "os:ana"', {"user": "os:bo"}),
    "tenant": ('context.run.tenant == ""', {"tenant": "retail"}),
    "task": ('context.run.task == "fix"', {"task": "read"}),
    "state": ('context.run.state == "edit"', {"state": "look"}),
    "tool": (COMMITS, {"tool": "git.log", "arguments": {"repo": "acme/docs"}}),
    "arguments": (
        COMMITS + ' && context.args.paths.contains("a.py")',
        {"arguments": {"repo": "acme/docs", "paths": ["b.py"]}},
    ),
    "data_classes": (
        'context.run.data_classes.contains("internal_code")',
        {"data_classes": frozenset[str]()},
    ),
    "environment": (
        'context.run.environment == Remit::Environment::"dev"',
        {"environment": "production"},
    ),
    "approvals": ("context.run.approvals.isEmpty()", {"approvals": frozenset({"security"})}),
    "eval_status": (
        'context.run.eval_status == Remit::EvalStatus::"proven"',
        {"eval_status": "not_required"},
    ),
    "incident": ("!context.run.incident", {"incident": True}),
    "facts": ("!context.facts.dependency_file", {"facts": {"dependency_file": True}}),
    "provenance": (
        "context.provenance.trusted",
        {"provenance": Provenance(False, frozenset({"repo"}), frozenset({"repository"}))},
    ),
    "resource": ('resource.risk == Remit::Risk::"low"', PAYMENTS),
}


@pytest.mark.parametrize("name", FLIPS)
def test_each_input_can_change_the_decision(ask: Ask, rule: MakeRule, permit: PolicyRule, name: str) -> None:
    condition, flipped = FLIPS[name]
    forbid = rule("flip", f"forbid(principal, action, resource) when {{ {condition} }}")
    assert [ask(permit, forbid).code, ask(permit, forbid, **flipped).code] == ["forbidden", "allowed"]
