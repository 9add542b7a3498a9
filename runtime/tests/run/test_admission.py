"""What lowers a budget before a run begins, and what a child may be granted."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.bundle.agent import AgentIR, ToolUse
from remit_runtime.bundle.graph import Budget, EndState
from remit_runtime.bundle.policy import EnvironmentIR, PolicySet, TenantIR
from remit_runtime.canonical import digest_of
from remit_runtime.errors import RunRefused
from remit_runtime.run.admission import budget_for, smaller
from remit_runtime.run.plan import narrowed

BUDGETS = st.builds(Budget, *[st.integers(0, 9)] * 5)
END = EndState("done", "succeeded", None, ())


def policy(environment: Budget | None, tenant: Budget | None) -> PolicySet:
    tenants = (TenantIR("retail", (), ("acme.small",), tenant), TenantIR("bank", (), ("acme.other",), None))
    environments = (EnvironmentIR("dev", (), (), environment, False, ()),)
    return PolicySet("", (), (), "", "", (), (), (), environments, tenants, ())


@given(one=BUDGETS, other=BUDGETS)
def test_a_smaller_budget_is_never_larger_than_either(one: Budget, other: Budget) -> None:
    least = smaller(one, other)
    for name in Budget.__struct_fields__:
        assert getattr(least, name) == min(getattr(one, name), getattr(other, name))


def test_environment_and_tenant_only_lower_a_budget(make_agent: Callable[..., AgentIR]) -> None:
    environment = Budget(10, 100, 100, 100, 10**9)
    tenant = Budget(100, 100, 3, 10**9, 10**9)
    budget = budget_for(policy(environment, tenant), "dev", make_agent(END), "retail")
    assert budget == Budget(10, 8, 3, 100, 300_000)


@pytest.mark.parametrize(("tenant", "code"), [("bank", "tenant_without_agent"), ("none", "tenant_unknown")])
def test_a_tenant_without_the_agent_is_refused(
    make_agent: Callable[..., AgentIR], tenant: str, code: str
) -> None:
    refused = budget_for(policy(None, None), "dev", make_agent(END), tenant)
    assert isinstance(refused, RunRefused)
    assert refused.code == code


def test_a_child_has_the_intersection_of_both_grants(make_agent: Callable[..., AgentIR]) -> None:
    uses = {name: ToolUse(name, "1.0.0", digest_of(name.encode())) for name in ("a", "b", "c")}
    other_b = ToolUse("b", "1.0.1", digest_of(b"another b"))
    plain = make_agent(END)
    child = msgspec.structs.replace(plain, tools=(uses["a"], uses["b"]), data_classes=("code", "logs"))
    parent = msgspec.structs.replace(
        plain, tools=(uses["a"], other_b, uses["c"]), data_classes=("code",), denied_tools=("d",)
    )
    both = narrowed(child, parent)
    assert (both.tools, both.data_classes, both.denied_tools) == ((uses["a"],), ("code",), ("d",))
