"""Opening a policy set: what is not exactly what the bundle says of it is refused whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from remit_runtime.bundle.policy import Constraint, Fact, PolicyRule, PolicySet
from remit_runtime.errors import BundleRejected
from remit_runtime.policy.decide import DecisionPoint
from remit_runtime.policy.engine import engine
from remit_runtime.policy.load import load_policies

MakeRule = Callable[..., PolicyRule]
MakePolicySet = Callable[..., PolicySet]

ANY = "permit(principal, action, resource)"
COMMIT = 'forbid(principal, action == Remit::Action::"git.commit", resource)'


def _refused(policy_set: PolicySet) -> BundleRejected:
    with pytest.raises(BundleRejected) as found:
        DecisionPoint.load(policy_set)
    return found.value


@pytest.mark.parametrize("other", ["cedar-4.11", "cedar-4.13", "cedar-5.12", "cedar", ""])
def test_another_engine_or_minor_version_is_refused(policy_set: MakePolicySet, other: str) -> None:
    refusal = _refused(policy_set(engine=other))
    assert refusal.code == "engine_mismatch"
    assert refusal.message == f"the bundle's policies are for `{other}`, this runtime has `{engine()}`"


def test_two_rules_with_one_id_are_refused(policy_set: MakePolicySet, rule: MakeRule) -> None:
    refusal = _refused(policy_set(rule("twice", ANY), rule("twice", COMMIT)))
    assert (refusal.code, refusal.message) == (
        "policy_invalid",
        "rule `policies/test.yaml#twice` is there twice",
    )


@pytest.mark.parametrize("layer", ["grant", "denied", "tenant", "environment"])
def test_no_layer_but_the_organisations_permits(
    policy_set: MakePolicySet, rule: MakeRule, layer: str
) -> None:
    refusal = _refused(policy_set(rule("own", ANY, layer=layer)))
    assert refusal.message == f"rule `policies/test.yaml#own` permits, which a rule of layer `{layer}` cannot"


@pytest.mark.parametrize(
    "changes",
    [
        {"effect": "permit"},
        {"approval": "repo_owner", "cedar": '@id("policies/test.yaml#x")\n' + COMMIT + ";"},
        {"cedar": '@id("policies/test.yaml#y")\n' + COMMIT + ";"},
        {"cedar": COMMIT + ";"},
        {"cedar": '@id("policies/test.yaml#x")\n' + COMMIT},
        {"cedar": ""},
        {"cedar": f'@id("policies/test.yaml#x")\n{COMMIT};\n{ANY};'},
        {"cedar": '@id("policies/test.yaml#x")\nforbid(principal == ?principal, action, resource);', "actions": ()},
        {"actions": ()},
        {"actions": ("git.log",)},
        {"actions": ("git.commit", "git.log")},
        {"cedar": '@id("policies/test.yaml#x")\n' + COMMIT.replace("git.commit", "no") + ";", "actions": ()},
        {"constraints": (Constraint("max_files", '"5"'),)},
        {"constraints": (Constraint("max_files", "{"),)},
        {"constraints": (Constraint("lines", "5"),)},
    ],
)  # fmt: skip
def test_a_rule_that_is_not_what_the_bundle_says_of_it_is_refused(
    policy_set: MakePolicySet, rule: MakeRule, changes: dict[str, Any]
) -> None:
    DecisionPoint.load(policy_set(rule("x", COMMIT)))
    refusal = _refused(policy_set(msgspec.structs.replace(rule("x", COMMIT), **changes)))
    assert refusal.code == "policy_invalid"
    assert "`policies/test.yaml#x`" in refusal.message


def test_a_permit_that_asks_for_approval_is_refused(policy_set: MakePolicySet, rule: MakeRule) -> None:
    assert _refused(policy_set(rule("ask", ANY, approval="repo_owner"))).code == "policy_invalid"


def test_an_approval_that_the_bundle_does_not_define_is_refused(
    policy_set: MakePolicySet, rule: MakeRule
) -> None:
    careful = rule("careful", COMMIT, approval="security")
    refusal = _refused(policy_set(careful, approvals=()))
    assert (
        refusal.message
        == "rule `policies/test.yaml#careful` needs approval `security`, which the bundle does not define"
    )


@pytest.mark.parametrize(
    "facts",
    [
        (),
        (Fact("other", "paths", any_glob=("a",)),),
        (Fact("dependency_file", "paths"),),
        (Fact("dependency_file", "paths", equals=("a",), longer_than=3),),
        (Fact("dependency_file", "paths", any_glob=("a**",)),),
        (Fact("dependency_file", "paths", equals=("a",)), Fact("dependency_file", "paths", equals=("b",))),
    ],
)
def test_facts_that_are_not_the_schemas_or_have_no_meaning_are_refused(
    policy_set: MakePolicySet, facts: tuple[Fact, ...]
) -> None:
    assert _refused(policy_set(facts=facts)).code == "policy_invalid"


@pytest.mark.parametrize("part", ["schema", "entities"])
@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"Remit": 1}', "[1]", "\ud800", "[" * 100_000])
def test_a_schema_or_entities_of_another_form_are_refused(
    policy_set: MakePolicySet, part: str, text: str
) -> None:
    if part == "entities" and text == "[]":
        DecisionPoint.load(policy_set(entities=text))
    else:
        assert _refused(policy_set(**{part: text})).code == "policy_invalid"


def test_entities_that_break_the_schema_are_refused(policy_set: MakePolicySet) -> None:
    wrong = (
        policy_set().entities.replace('"id":"critical"', '"id":"deadly"').replace('"id":"low"', '"id":"hgih"')
    )
    assert _refused(policy_set(entities=wrong)).code == "policy_invalid"


def test_a_call_is_judged_only_by_rules_whose_scope_can_match(
    policy_set: MakePolicySet, rule: MakeRule
) -> None:
    rules = [
        rule("all", ANY),
        rule("commit", COMMIT),
        rule("reads", 'forbid(principal, action in [Remit::Action::"effect:read"], resource)'),
        rule("reader", 'forbid(principal == Remit::Agent::"swe.reader", action, resource)', layer="grant"),
    ]
    loaded = load_policies(policy_set(*rules))
    sizes = {
        (agent, tool): len(loaded.slice_for(agent, tool))
        for agent in ("swe.fixer", "swe.reader")
        for tool in ("git.commit", "git.log", "prod.deploy")
    }
    assert sizes == {
        ("swe.fixer", "git.commit"): 2,
        ("swe.fixer", "git.log"): 2,
        ("swe.fixer", "prod.deploy"): 1,
        ("swe.reader", "git.commit"): 3,
        ("swe.reader", "git.log"): 3,
        ("swe.reader", "prod.deploy"): 2,
    }
