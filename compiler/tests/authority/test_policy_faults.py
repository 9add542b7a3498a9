"""What is wrong with policies: each fault names its kind, the node to edit, and the words that would be right."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import cedarpy
import pytest
from msgspec.structs import replace

from remit.authority.encode import policy
from remit.authority.layers import Draft
from remit.authority.lower import lower_policies
from remit.authority.source import AuthoritySource, FactSource, PolicyFault, ResourceSource, RuleSource
from remit.authority.validate import engine_faults
from remit_runtime.bundle.policy import Fact, ResourceIR
from remit_runtime.bundle.tool import ResourceBinding

Portfolio = Callable[..., AuthoritySource]
MakeRule = Callable[..., RuleSource]

POLICY = "policies/engineering.yaml"


def _only_fault(source: AuthoritySource) -> PolicyFault:
    result = lower_policies(source)
    assert result.policy_set is None
    (fault,) = result.faults
    return fault


RULE_FAULTS: list[tuple[dict[str, Any], str, tuple[str | int, ...], str]] = [
    ({"tools": ("git.comit",)}, "unknown-tool", ("tools", 0), "there is no tool `git.comit`"),
    (
        {"capabilities": ("code.log", "x")},
        "unknown-capability",
        ("capabilities", 1),
        "there is no capability `x`",
    ),
    ({"agents": ("acme.nobody",)}, "unknown-agent", ("agents", 0), "there is no agent `acme.nobody`"),
    ({"tenants": ("wholesale",)}, "unknown-tenant", ("tenants", 0), "there is no tenant `wholesale`"),
    (
        {"environments": ("prod",)},
        "unknown-environment",
        ("environments", 0),
        "there is no environment `prod`",
    ),
    (
        {"approval": "repo_owner"},
        "wrong-approval",
        ("approval",),
        "only a rule with the effect `require_approval` names an approval, not `permit`",
    ),
    ({"effect": "require_approval"}, "wrong-approval", (), "a rule that requires approval names which"),
    (
        {"effect": "require_approval", "approval": "boss"},
        "unknown-approval",
        ("approval",),
        "there is no approval `boss`",
    ),
    (
        {"constraints": (("lines", 3),)},
        "wrong-constraint",
        ("constraints", "lines"),
        "constraint `lines` is unknown: `max_` and `min_` take an integer, `only_` takes a list of strings",
    ),
    (
        {"effect": "forbid", "constraints": (("max_files", 3),)},
        "wrong-constraint",
        ("constraints", "max_files"),
        "a rule that forbids leaves no call to constrain",
    ),
    (
        {"when": {"resource.risk": "hgih"}},
        "wrong-value",
        ("when", "resource.risk"),
        "`hgih` is not one of `low`, `medium`, `high`, `critical`",
    ),
    (
        {"when": {"args.mode": "fast"}, "tools": ("git.commit",)},
        "wrong-value",
        ("when", "args.mode"),
        "`fast` is not one of `merge`, `squash`",
    ),
    (
        {"when": {"args.mode": "fast"}},
        "wrong-value",
        ("when", "args.mode"),
        "`fast` is not one of `merge`, `squash` for `git.commit`",
    ),
    (
        {"when": {"args.pathz contains": "x"}},
        "unknown-path",
        ("when", "args.pathz"),
        "no tool that this rule is about has the argument `pathz`",
    ),
    (
        {"when": {"args.branch": "x"}, "tools": ("git.log",)},
        "unknown-path",
        ("when", "args.branch"),
        "no tool that this rule is about has the argument `branch`",
    ),
    (
        {"when": {"args.ratio": 1}},
        "hidden-argument",
        ("when", "args.ratio"),
        "argument `ratio` of `git.commit` has no type that policies can judge",
    ),
    (
        {"when": {"resource.owner": "x"}},
        "unknown-path",
        ("when", "resource.owner"),
        "no resource that this rule is about has the attribute `owner`",
    ),
    (
        {"when": {"resource.visibility": "x"}, "tools": ("clock.now",)},
        "unknown-path",
        ("when", "resource.visibility"),
        "no resource that this rule is about has the attribute `visibility`",
    ),
    (
        {"when": {"facts.dependency": True}},
        "unknown-path",
        ("when", "facts.dependency"),
        "`facts.dependency` is nothing that a rule can read",
    ),
    (
        {"when": {"run.approvals contains": "repo_owner"}},
        "unknown-path",
        ("when", "run.approvals"),
        "`run.approvals` is nothing that a rule can read",
    ),
    (
        {"when": {"agent.id": "acme.fixer"}},
        "unknown-path",
        ("when", "agent.id"),
        "`agent.id` is nothing that a rule can read",
    ),
    ({"when": {"args": 1}}, "unknown-path", ("when", "args"), "`args` is nothing that a rule can read"),
    (
        {"when": {"facts.dependency_file": "yes"}},
        "wrong-value",
        ("when", "facts.dependency_file"),
        "`yes` is not true or false",
    ),
    ({"when": {"args.size": True}}, "wrong-value", ("when", "args.size"), "`True` is not a whole number"),
    (
        {"when": {"args.size gt": Decimal("1.5")}},
        "wrong-value",
        ("when", "args.size"),
        "`1.5` is not a whole number",
    ),
    (
        {"when": {"args.size": 2**63}},
        "wrong-value",
        ("when", "args.size"),
        f"`{2**63}` is not a whole number",
    ),
    ({"when": {"args.branch": 3}}, "wrong-value", ("when", "args.branch"), "`3` is not text"),
    (
        {"when": {"args.branch in": ()}},
        "wrong-value",
        ("when", "args.branch"),
        "`in` takes a list of at least one value",
    ),
    (
        {"when": {"args.branch in": "main"}},
        "wrong-value",
        ("when", "args.branch"),
        "`in` takes a list of at least one value",
    ),
    (
        {"when": {"args.branch lt": "b"}},
        "wrong-operator",
        ("when", "args.branch"),
        "`args.branch` is text, which takes `is`, `ne`, `in`, `like`, not `lt`",
    ),
    (
        {"when": {"args.paths": "a"}},
        "wrong-operator",
        ("when", "args.paths"),
        "`args.paths` is a list, which takes `contains`, not `is`",
    ),
    (
        {"when": {"resource.risk like": "h*"}},
        "wrong-operator",
        ("when", "resource.risk"),
        "`resource.risk` is one of a list of words, which takes `is`, `ne`, `in`, not `like`",
    ),
    (
        {"when": {"run.tenant": "wholesale"}},
        "unknown-tenant",
        ("when", "run.tenant"),
        "there is no tenant `wholesale`",
    ),
    (
        {"when": {"run.tenant in": ("retail", "x")}},
        "unknown-tenant",
        ("when", "run.tenant"),
        "there is no tenant `x`",
    ),
    (
        {"when": {"run.data_classes contains": "internal"}},
        "wrong-value",
        ("when", "run.data_classes"),
        "there is no data class `internal`",
    ),
]


@pytest.mark.parametrize(("changes", "kind", "place", "message"), RULE_FAULTS)
def test_a_fault_of_a_rule_is_told_at_its_node(
    portfolio: Portfolio,
    rule: MakeRule,
    changes: dict[str, Any],
    kind: str,
    place: tuple[str | int, ...],
    message: str,
) -> None:
    fault = _only_fault(portfolio(rule("good"), rule("bad", **changes)))
    assert (fault.kind, fault.message) == (kind, message)
    assert fault.place_key == (POLICY, "spec", "rules", "bad", *place)


def test_a_fault_names_the_words_that_would_be_right(portfolio: Portfolio, rule: MakeRule) -> None:
    fault = _only_fault(portfolio(rule("bad", tools=("git.comit",))))
    assert (fault.subject, fault.expected) == ("git.comit", ("clock.now", "git.commit", "git.log"))
    fault = _only_fault(portfolio(rule("bad", when={"args.pathz contains": "x"})))
    assert fault.expected == ("args.branch", "args.mode", "args.paths", "args.repository", "args.size")


def test_every_fault_is_found_in_one_run_and_in_order_of_place(portfolio: Portfolio, rule: MakeRule) -> None:
    bad = [
        replace(rule(f"r{index}", when={"resource.risk": "hgih"}), place=(POLICY, "spec", "rules", index))
        for index in (10, 2, 9)
    ]
    faults = lower_policies(portfolio(*bad)).faults
    assert [fault.place_key[3] for fault in faults] == [2, 9, 10]


def test_two_rules_of_one_id_are_a_fault_at_the_second(portfolio: Portfolio, rule: MakeRule) -> None:
    first = replace(rule("same"), place=(POLICY, "spec", "rules", 0))
    second = replace(rule("same", "forbid"), place=(POLICY, "spec", "rules", 1))
    for rules in ((first, second), (second, first)):
        fault = _only_fault(portfolio(*rules))
        assert (fault.kind, fault.place_key) == ("duplicate-rule", (POLICY, "spec", "rules", 1, "id"))
        assert fault.message == f"rule `{POLICY}#same` is defined twice"


def test_a_definition_that_is_there_twice_is_a_fault(portfolio: Portfolio) -> None:
    source = portfolio()
    again = replace(source.facts[0], place=("policies/other.yaml", "spec", "facts", "dependency_file"))
    fault = _only_fault(replace(source, facts=(*source.facts, again)))
    assert (fault.kind, fault.message) == ("duplicate-definition", "fact `dependency_file` is defined twice")
    assert fault.place_key[0] == "policies/other.yaml"


def test_names_that_nothing_defines_are_faults_in_every_layer(portfolio: Portfolio) -> None:
    source = portfolio()
    agents = (replace(source.agents[0], granted=("git.push",), denied=("git.pull",)), *source.agents[1:])
    tenants = (replace(source.tenants[0], agents=("acme.nobody",), deny_tools=("git.push",)),)
    environments = (replace(source.environments[0], deny_tools=("git.push",)),)
    faults = lower_policies(replace(source, agents=agents, tenants=tenants, environments=environments)).faults
    assert [(fault.kind, fault.place_key[0], *fault.place_key[-2:]) for fault in faults] == [
        ("unknown-tool", "agents/fixer/agent.yaml", "allowed", 0),
        ("unknown-tool", "agents/fixer/agent.yaml", "denied", 0),
        ("unknown-tool", "policies/dev.yaml", "tools", 0),
        ("unknown-agent", "policies/retail.yaml", "agents", 0),
        ("unknown-tool", "policies/retail.yaml", "tools", 0),
    ]


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        (
            Fact("f", "paths", any_glob=("a**",)),
            "`**` stands alone between slashes, which it does not in `a**`",
        ),
        (
            Fact("f", "size", longer_than=3),
            "argument `size` of `git.commit` is neither text nor a list of texts",
        ),
        (
            Fact("f", "ratio", longer_than=3),
            "argument `ratio` of `git.commit` is neither text nor a list of texts",
        ),
        (Fact("f", "pathz", any_glob=("a",)), "no tool has the argument `pathz`"),
    ],
)
def test_a_fact_that_could_never_be_decided_is_a_fault(
    portfolio: Portfolio, fact: Fact, message: str
) -> None:
    source = portfolio()
    bad = FactSource(fact=fact, place=(POLICY, "spec", "facts", "f"))
    faults = lower_policies(replace(source, facts=(*source.facts, bad))).faults
    assert {fault.kind for fault in faults} == {"wrong-fact"}
    assert message in [fault.message for fault in faults]


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (ResourceIR("Agent", "x", "x", False, "low", ()), "type"),
        (ResourceIR("Tool", "x", "x", False, "low", ()), "type"),
        (ResourceIR("OneOf_a", "x", "x", False, "low", ()), "type"),
        (ResourceIR("Repo", "x", "a**", True, "low", ()), "match"),
        (ResourceIR("Repo", "x", "x", False, "low", (("risk", "low"),)), "attributes"),
    ],
)
def test_a_resource_that_cannot_be_registered_is_a_fault(
    portfolio: Portfolio, resource: ResourceIR, place: str
) -> None:
    source = portfolio()
    bad = ResourceSource(resource=resource, place=("policies/x.yaml", "spec"))
    fault = _only_fault(replace(source, resources=(*source.resources, bad)))
    assert (fault.kind, fault.place_key) == ("wrong-resource", ("policies/x.yaml", "spec", place))


@pytest.mark.parametrize(
    "binding",
    [
        ResourceBinding("Tool", None, "git.log"),
        ResourceBinding("Tool", "repository", None),
        ResourceBinding("Agent", None, "acme.fixer"),
        ResourceBinding("Repo", None, None),
    ],
)
def test_a_tool_cannot_act_on_another_tool_or_on_a_type_of_our_own(
    portfolio: Portfolio, binding: ResourceBinding
) -> None:
    source = portfolio()
    tools = tuple(
        replace(tool, resource=binding) if tool.id == "git.commit" else tool for tool in source.tools
    )
    fault = _only_fault(replace(source, tools=tools))
    assert (fault.kind, fault.place_key) == ("wrong-resource", ("tools/git.commit.yaml", "spec", "resource"))


def test_the_engines_own_findings_are_told_at_the_clause_that_owns_them(
    portfolio: Portfolio, rule: MakeRule
) -> None:
    result = lower_policies(portfolio())
    assert result.policy_set is not None
    source = rule("odd", when={"run.task": "fix", "run.user": "os:ana"})
    task = cedarpy.policies_to_pst('permit(principal, action, resource) when { context.run.task == "fix" };')
    user = cedarpy.policies_to_pst('permit(principal, action, resource) when { context.run.userr == "ana" };')
    clauses = [*task.static_policies["policy0"].clauses, *user.static_policies["policy0"].clauses]
    draft = Draft("organisation", policy(source.key, "permit", clauses, reason="odd"), "odd", rule=source)
    good = Draft(
        "organisation", policy("p#good", "permit", clauses[:1], reason="good"), "good", rule=rule("good")
    )
    (fault,) = engine_faults(result.policy_set.schema, [good, draft])
    assert fault.kind == "engine"
    assert fault.place_key == (POLICY, "spec", "rules", "odd", "when", "run.user")
    assert "userr" in fault.message
    assert engine_faults(result.policy_set.schema, [good]) == ()


def test_what_a_call_carries_is_hidden_from_rules_and_open_to_facts(
    portfolio: Portfolio, rule: MakeRule
) -> None:
    source = portfolio(rule("bad", when={"args.branch": "main"}))
    tools = tuple(replace(tool, content=frozenset({"branch"})) for tool in source.tools)
    long_branch = FactSource(
        fact=Fact("long", "branch", longer_than=9), place=(POLICY, "spec", "facts", "long")
    )
    fault = _only_fault(replace(source, tools=tools, facts=(*source.facts, long_branch)))
    assert (fault.kind, fault.subject) == ("hidden-argument", "args.branch")
