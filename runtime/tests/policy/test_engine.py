"""The one module that speaks to Cedar: its verdicts, asked directly, below every other guard."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from remit_runtime.bundle.policy import PolicyRule, PolicySet
from remit_runtime.policy.engine import Verdict, evaluate, parse_policy, parse_world, policies
from remit_runtime.policy.project import context_json
from remit_runtime.policy.request import PolicyRequest
from remit_runtime.policy.schema import read_schema

MakeRule = Callable[..., PolicyRule]
MakePolicySet = Callable[..., PolicySet]
Judge = Callable[..., Verdict]

ANY = "permit(principal, action, resource)"
HIGH = 'forbid(principal, action, resource) when { resource.risk == Remit::Risk::"high" }'


@pytest.fixture
def judge(policy_set: MakePolicySet, request_of: Callable[..., PolicyRequest]) -> Judge:
    """Asks the engine about a plain commit; `arguments` replaces the projected ones as they stand."""
    whole = policy_set()
    schema, world = read_schema(whole.schema), parse_world(whole.schema, whole.entities)

    def make(*rules: PolicyRule, arguments: dict[str, Any] | None = None, resource: str = "docs") -> Verdict:
        request = request_of()
        context = json.loads(context_json(schema, schema.tools["git.commit"], request, frozenset()))
        if arguments is not None:
            context["args"] = arguments
        return evaluate(
            world,
            policies(parse_policy(each.id, each.cedar) for each in rules),
            agent="swe.fixer",
            tool="git.commit",
            resource=("Repo", resource),
            context=json.dumps(context),
        )

    return make


def test_a_verdict_with_an_error_never_allows(judge: Judge, rule: MakeRule) -> None:
    assert judge(rule("any", ANY), rule("high", HIGH)) == Verdict(True, ("policies/test.yaml#any",), ())
    unknown = judge(rule("any", ANY), rule("high", HIGH), resource="elsewhere")
    assert not unknown.allowed
    assert "does not exist" in unknown.errors[0]


@pytest.mark.parametrize(
    "repo",
    [
        {"__entity": {"type": "Remit::Repo", "id": "docs"}},
        {"__extn": {"fn": "decimal", "arg": "1.0"}},
        3,
        None,
    ],
)
def test_an_argument_of_another_type_is_refused_by_the_schema(
    judge: Judge, rule: MakeRule, repo: Any
) -> None:
    verdict = judge(rule("any", ANY), arguments={"repo": repo, "paths": []})
    assert not verdict.allowed
    assert verdict.errors


def test_an_undeclared_argument_is_refused_by_the_schema(judge: Judge, rule: MakeRule) -> None:
    verdict = judge(rule("any", ANY), arguments={"repo": "acme/docs", "paths": [], "force": True})
    assert not verdict.allowed
    assert verdict.errors


def test_reasons_are_sorted(judge: Judge, rule: MakeRule) -> None:
    names = [f"r{index:02d}" for index in range(60)]
    verdict = judge(*(rule(name, ANY) for name in reversed(names)))
    assert verdict.reasons == tuple(f"policies/test.yaml#{name}" for name in names)


def test_a_context_that_is_no_json_is_an_error(policy_set: MakePolicySet, rule: MakeRule) -> None:
    whole = policy_set()
    verdict = evaluate(
        parse_world(whole.schema, whole.entities),
        policies([parse_policy("any", rule("any", ANY).cedar)]),
        agent="swe.fixer",
        tool="git.commit",
        resource=("Repo", "docs"),
        context="{",
    )
    assert not verdict.allowed
    assert verdict.errors
