"""A small world by hand: two agents, four tools, three kinds of resource, and rules as Cedar text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest

from remit_runtime.bundle.policy import (
    ApprovalRequirement,
    Constraint,
    Fact,
    PolicyRule,
    PolicySet,
    ResourceIR,
    TenantIR,
)
from remit_runtime.canonical import canonical_json
from remit_runtime.policy.decide import Decision, DecisionPoint
from remit_runtime.policy.engine import engine
from remit_runtime.policy.request import NO_TENANT, PolicyRequest, Provenance, ResourceRef
from remit_runtime.policy.schema import (
    CedarAction,
    CedarEntityType,
    CedarGroup,
    CedarNamespace,
    CedarScope,
    CedarType,
    provenance_type,
)

TEXT = CedarType(type="String")
OPTIONAL_LONG = CedarType(type="Long", required=False)


def _record(**fields: CedarType) -> CedarType:
    return CedarType(type="Record", attributes=fields)


def _entity(name: str, *, required: bool = True) -> CedarType:
    return CedarType(type="Entity", name=name, required=required)


def _set(element: CedarType) -> CedarType:
    return CedarType(type="Set", element=element)


RUN = _record(
    agent_version=TEXT,
    user=TEXT,
    tenant=TEXT,
    risk=_entity("Risk"),
    task=TEXT,
    state=TEXT,
    environment=_entity("Environment"),
    data_classes=_set(TEXT),
    approvals=_set(_entity("Approval")),
    eval_status=_entity("EvalStatus"),
    incident=CedarType(type="Boolean"),
)


def _tool(effect: str, resource: str, hidden: tuple[str, ...] = (), **arguments: CedarType) -> CedarAction:
    context = _record(
        run=CedarType(type="EntityOrCommon", name="Run"),
        facts=CedarType(type="EntityOrCommon", name="Facts"),
        provenance=provenance_type(),
        args=_record(**arguments),
    )
    return CedarAction(
        member_of=(CedarGroup(f"effect:{effect}"),),
        applies_to=CedarScope(("Agent",), (resource,), context),
        annotations={"hidden": canonical_json(hidden).decode()},
    )


def _schema() -> str:
    closed = {
        "Risk": ("low", "medium", "high", "critical"),
        "Environment": ("dev", "production"),
        "Approval": ("repo_owner", "security"),
        "EvalStatus": ("proven", "not_proven", "not_required"),
        "Strategy": ("canary", "rolling"),
    }
    risky = CedarEntityType(shape=_record(risk=_entity("Risk")))
    namespace = CedarNamespace(
        entity_types={
            **{name: CedarEntityType(enum=values) for name, values in closed.items()},
            "Agent": CedarEntityType(shape=_record(version=TEXT, risk=_entity("Risk"))),
            "Repo": risky,
            "Service": risky,
            "Tool": risky,
        },
        common_types={"Run": RUN, "Facts": _record(dependency_file=CedarType(type="Boolean"))},
        actions={
            "effect:read": CedarAction(),
            "effect:write": CedarAction(),
            "git.commit": _tool("write", "Repo", ("body",), repo=TEXT, paths=_set(TEXT), size=OPTIONAL_LONG),
            "git.log": _tool("read", "Repo", repo=TEXT),
            "prod.deploy": _tool(
                "write", "Service", service=TEXT, strategy=_entity("Strategy", required=False)
            ),
            "clock.now": _tool("read", "Tool"),
        },
    )
    return canonical_json({"Remit": namespace}).decode()


def _risky(kind: str, identity: str, risk: str, **attributes: Any) -> dict[str, Any]:
    uid = {"type": f"Remit::{kind}", "id": identity}
    risk_entity = {"__entity": {"type": "Remit::Risk", "id": risk}}
    return {"uid": uid, "attrs": {**attributes, "risk": risk_entity}, "parents": []}


def _entities() -> str:
    tools = [_risky("Tool", name, "high") for name in ("git.commit", "git.log", "prod.deploy", "clock.now")]
    return canonical_json(
        [
            _risky("Agent", "swe.fixer", "medium", version="1.2.0"),
            _risky("Agent", "swe.reader", "low", version="2.0.0"),
            _risky("Repo", "docs", "low"),
            _risky("Repo", "payments", "high"),
            _risky("Service", "shop", "high"),
            *tools,
        ]
    ).decode()


RESOURCES = (
    ResourceIR("Repo", "docs", "acme/docs", False, "low", ()),
    ResourceIR("Repo", "payments", "acme/pay*", True, "high", ()),
    ResourceIR("Service", "shop", "shop", False, "high", ()),
)


class MakeRule(Protocol):
    def __call__(
        self, name: str, text: str, *, layer: Any = ..., constraints: dict[str, Any] = ..., **changes: Any
    ) -> PolicyRule: ...


@pytest.fixture
def rule() -> MakeRule:
    """Makes a rule of the bundle from the head and clauses of a Cedar policy; its index is read off the text."""

    def make(
        name: str,
        text: str,
        *,
        layer: Any = "organisation",
        constraints: dict[str, Any] | None = None,
        **changes: Any,
    ) -> PolicyRule:
        identity = f"policies/test.yaml#{name}"
        approval = changes.pop("approval", None)
        approved = ""
        if approval is not None:
            approved = f'@approval("{approval}")\n'
            text += f' unless {{ context.run.approvals.contains(Remit::Approval::"{approval}") }}'
        members = {
            "effect:read": ("clock.now", "git.log"),
            "effect:write": ("git.commit", "prod.deploy"),
        }
        head = text.split("{")[0]
        actions = {tool for group, tools in members.items() if f'"{group}"' in head for tool in tools}
        actions |= {tool for tools in members.values() for tool in tools if f'"{tool}"' in head}
        values: dict[str, Any] = {
            "id": identity,
            "effect": "permit" if text.startswith("permit") else "forbid",
            "layer": layer,
            "cedar": f'@id("{identity}")\n{approved}{text};',
            "actions": tuple(sorted(actions)),
            "approval": approval,
            "constraints": tuple(
                Constraint(key, canonical_json(value).decode()) for key, value in (constraints or {}).items()
            ),
            "reason": name,
        }
        return PolicyRule(**{**values, **changes})

    return make


class MakePolicySet(Protocol):
    def __call__(self, *rules: PolicyRule, **changes: Any) -> PolicySet: ...


@pytest.fixture
def policy_set() -> MakePolicySet:
    """Makes the policy set of the small world with the given rules."""

    def make(*rules: PolicyRule, **changes: Any) -> PolicySet:
        values: dict[str, Any] = {
            "engine": engine(),
            "rules": rules,
            "facts": (Fact("dependency_file", "paths", any_glob=("**/*.lock",)),),
            "schema": _schema(),
            "entities": _entities(),
            "approvals": (
                ApprovalRequirement("repo_owner", "owner", 1, 3600, True, ()),
                ApprovalRequirement("security", "security", 2, 600, True, ()),
            ),
            "teams": (),
            "resources": RESOURCES,
            "environments": (),
            "tenants": (TenantIR("retail", (), None, None),),
            "redact": (),
        }
        return PolicySet(**{**values, **changes})

    return make


@pytest.fixture
def request_of() -> Callable[..., PolicyRequest]:
    """Makes a plain commit to a low-risk repository, with changes."""

    def make(**changes: Any) -> PolicyRequest:
        values: dict[str, Any] = {
            "agent": "swe.fixer",
            "agent_version": "1.2.0",
            "risk": "medium",
            "user": "os:ana",
            "tenant": NO_TENANT,
            "task": "fix",
            "state": "edit",
            "tool": "git.commit",
            "arguments": {"repo": "acme/docs", "paths": ["a.py"]},
            "data_classes": frozenset({"internal_code"}),
            "environment": "dev",
            "approvals": frozenset[str](),
            "eval_status": "proven",
            "incident": False,
            "resource": ResourceRef("Repo", "docs"),
            "facts": {"dependency_file": False},
            "provenance": Provenance(True, frozenset(), frozenset()),
        }
        return PolicyRequest(**{**values, **changes})

    return make


@pytest.fixture
def ask(policy_set: MakePolicySet, request_of: Callable[..., PolicyRequest]) -> Callable[..., Decision]:
    """Asks a decision point over the given rules about a plain commit, with changes."""

    def make(*rules: PolicyRule, **changes: Any) -> Decision:
        return DecisionPoint.load(policy_set(*rules)).decide(request_of(**changes))

    return make
