"""The rules of all policies, indexed: what is found for a tool is what a reader of every rule would find."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from remit.check import library_tree
from remit.definitions import Policy, Tool
from remit.definitions.policy import PolicyRule
from remit.flow.permits import rules_of, same_calls
from remit.git import Tree
from remit.link import Portfolio, link
from remit.parse import parse
from remit.read import read

TOOLS = {"acme.a": ("read", "see"), "acme.b": ("write", "see"), "acme.c": ("write", "change")}
SCOPES = {
    "tools": st.lists(st.sampled_from(sorted(TOOLS)), min_size=1, max_size=3, unique=True),
    "effects": st.lists(
        st.sampled_from(["read", "write", "irreversible"]), min_size=1, max_size=2, unique=True
    ),
    "capabilities": st.lists(st.sampled_from(["see", "change"]), min_size=1, max_size=2, unique=True),
}
EFFECTS = st.sampled_from(["permit", "forbid"])
RULES = st.lists(st.fixed_dictionaries({"effect": EFFECTS}, optional=SCOPES), min_size=1, max_size=6)


def portfolio_of(rules: list[dict[str, Any]]) -> Portfolio:
    """A portfolio of two policies that share the rules, and three tools."""
    head = {"apiVersion": "remit/v1", "kind": "Policy"}
    named = [{**rule, "id": f"r{number}", "reason": "why"} for number, rule in enumerate(rules)]
    files: dict[str, Any] = {
        f"policies/p{half}.yaml": {**head, "metadata": {"id": f"p{half}"}, "spec": {"rules": some}}
        for half, some in enumerate((named[: len(named) // 2], named[len(named) // 2 :]))
        if some
    }
    for name, (effect, capability) in TOOLS.items():
        files[f"tools/{name}.yaml"] = {
            "apiVersion": "remit/v1",
            "kind": "Tool",
            "metadata": {"id": name, "version": "0.1.0", "owner": "dev"},
            "spec": {
                "effect": effect,
                "capability": capability,
                "input": {"type": "object"},
                "output": {"type": "object"},
                "implementation": {"process": {"argv": ["git"]}},
            },
        }
    content = {path: json.dumps(value).encode() for path, value in files.items()}
    tree = Tree(Path("/nowhere"), tuple(sorted(content)), lambda path, _limit: content[path])
    return link([parse(read(path, content[path])) for path in tree.paths], tree, library_tree())


def is_about(rule: PolicyRule, tool: Tool) -> bool:
    """What docs/language.md says of scopes: a call is in scope when it is in each list that is given."""
    return (
        (rule.tools is None or tool.metadata.id in rule.tools)
        and (rule.effects is None or tool.spec.effect in rule.effects)
        and (rule.capabilities is None or tool.capability in rule.capabilities)
    )


def all_rules(portfolio: Portfolio) -> list[tuple[str, int, PolicyRule]]:
    policies = portfolio.of(Policy).items()
    return [(name, n, rule) for name, one in policies for n, rule in enumerate(one.spec.rules)]


@given(RULES)
@settings(max_examples=60, deadline=None)
def test_the_rules_about_a_tool_are_those_whose_every_scope_takes_it_in(rules: list[dict[str, Any]]) -> None:
    portfolio = portfolio_of(rules)
    for tool in portfolio.of(Tool).values():
        about = rules_of(portfolio).about(tool)

        assert sorted(one[:2] for one in about) == [
            (name, n) for name, n, rule in all_rules(portfolio) if is_about(rule, tool)
        ]


@given(RULES)
@settings(max_examples=60, deadline=None)
def test_a_rule_about_the_same_calls_is_always_among_those_beside_it(rules: list[dict[str, Any]]) -> None:
    portfolio = portfolio_of(rules)
    every = all_rules(portfolio)
    for _, _, one in every:
        beside = {placed[:2] for placed in rules_of(portfolio).beside(one)}

        assert {(name, n) for name, n, other in every if same_calls(one, other)} <= beside
