"""Which registration a call falls under, and the calls that fall under none."""

from __future__ import annotations

from typing import Any

import pytest

from remit_runtime.bundle.policy import ResourceIR
from remit_runtime.bundle.tool import ResourceBinding
from remit_runtime.bundle.words import Risk
from remit_runtime.policy.request import ResourceRef
from remit_runtime.policy.resources import resolve

BY_ARGUMENT = ResourceBinding("Repo", "repository", None)


def _repo(identity: str, match: str, risk: Risk = "high") -> ResourceIR:
    return ResourceIR("Repo", identity, match, "*" in match, risk, ())


RESOURCES = (
    _repo("all", "**", "low"),
    _repo("ours", "acme/*"),
    _repo("payments", "acme/pay*"),
    _repo("docs", "acme/docs", "low"),
    ResourceIR("Service", "shop", "shop", False, "high", ()),
)


@pytest.mark.parametrize(
    ("name", "registration"),
    [
        ("acme/docs", "docs"),
        ("acme/app", "ours"),
        ("acme/pay", "payments"),
        ("acme/payroll", "payments"),
        ("acme/app/sub", "all"),
        ("shop", "all"),
    ],
)
def test_an_exact_match_beats_a_glob_and_a_longer_glob_a_shorter(name: str, registration: str) -> None:
    for resources in (RESOURCES, RESOURCES[::-1]):
        assert resolve(resources, BY_ARGUMENT, {"repository": name}) == ResourceRef("Repo", registration)


def test_of_two_globs_of_one_length_the_riskier_wins() -> None:
    both = (_repo("a", "acme/a*", "critical"), _repo("b", "acme/*a", "low"))
    for resources in (both, both[::-1]):
        assert resolve(resources, BY_ARGUMENT, {"repository": "acme/a"}) == ResourceRef("Repo", "a")


@pytest.mark.parametrize(
    "name",
    ["acme/..", "acme/./x", "acme//x", "/acme/x", "acme/x/", "acme\\x", "acme/x\n", "acme/\u202ex", ""],
)
def test_a_name_that_may_mean_another_matches_no_glob(name: str) -> None:
    assert resolve(RESOURCES, BY_ARGUMENT, {"repository": name}) is None


@pytest.mark.parametrize(
    "arguments", [{}, {"repository": None}, {"repository": 3}, {"repository": ["acme/docs"]}]
)
def test_a_call_that_names_no_resource_has_none(arguments: dict[str, Any]) -> None:
    assert resolve(RESOURCES, BY_ARGUMENT, arguments) is None


def test_a_name_that_nothing_registers_has_no_resource() -> None:
    assert resolve(RESOURCES[1:], BY_ARGUMENT, {"repository": "evil/app"}) is None


def test_a_fixed_resource_needs_its_registration_too() -> None:
    assert resolve(RESOURCES, ResourceBinding("Service", None, "shop"), {}) == ResourceRef("Service", "shop")
    assert resolve(RESOURCES, ResourceBinding("Service", None, "other"), {}) is None
    assert resolve(RESOURCES, ResourceBinding("Nothing", None, "shop"), {}) is None


def test_a_tool_is_its_own_resource_without_a_registration() -> None:
    assert resolve((), ResourceBinding("Tool", None, "clock.now"), {}) == ResourceRef("Tool", "clock.now")
    assert resolve((), ResourceBinding("Tool", "name", None), {"name": "clock.now"}) is None
