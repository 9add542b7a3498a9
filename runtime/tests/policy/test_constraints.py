"""Constraints: which have a meaning, and how those of several rules become one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.bundle.policy import Constraint, PolicyRule
from remit_runtime.canonical import canonical_json
from remit_runtime.policy.constraints import constraint_problem, merged, value_of


def _rule(constraints: dict[str, Any]) -> PolicyRule:
    items = tuple(Constraint(name, canonical_json(value).decode()) for name, value in constraints.items())
    return PolicyRule("p#r", "permit", "organisation", "", (), None, items, "")


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "max_files": st.integers(0, 9),
        "min_reviews": st.integers(0, 9),
        "only_paths": st.lists(st.sampled_from("abc"), max_size=3),
    },
)


@given(constraints=st.lists(VALUES, max_size=4))
def test_no_rule_makes_the_constraints_of_the_others_wider(constraints: list[dict[str, Any]]) -> None:
    together = merged(map(_rule, constraints))
    for single in constraints:
        for name, value in single.items():
            if name.startswith("max_"):
                assert together[name] <= value
            elif name.startswith("min_"):
                assert together[name] >= value
            else:
                assert set(together[name]) <= set(value)


@given(constraints=st.lists(VALUES, max_size=4), order=st.randoms())
def test_the_order_of_rules_does_not_matter(constraints: list[dict[str, Any]], order: Any) -> None:
    shuffled = list(constraints)
    order.shuffle(shuffled)
    one, other = merged(map(_rule, constraints)), merged(map(_rule, shuffled))
    assert list(one.items()) == list(other.items())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lines", 3),
        ("max_files", True),
        ("max_files", "3"),
        ("max_files", 1.5),
        ("max_files", None),
        ("min_reviews", [1]),
        ("only_paths", "a"),
        ("only_paths", [1]),
        ("only_paths", None),
    ],
)
def test_a_constraint_without_meaning_is_named(name: str, value: Any) -> None:
    problem = constraint_problem(name, value)
    assert problem is not None
    assert f"`{name}`" in problem


@pytest.mark.parametrize(
    ("name", "value"), [("max_files", 0), ("min_reviews", 2), ("only_paths", []), ("only_paths", ("a",))]
)
def test_a_constraint_with_a_meaning_has_no_problem(name: str, value: Any) -> None:
    assert constraint_problem(name, value) is None


def test_a_value_that_is_no_json_is_no_value() -> None:
    assert value_of(Constraint("max_files", "{")) is None
