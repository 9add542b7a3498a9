"""The policy set of a bundle: rules as Cedar, and the registries the rules speak of."""

from __future__ import annotations

from typing import Literal

from remit_runtime.bundle.graph import Budget
from remit_runtime.bundle.words import Effect, Risk, Struct


class Fact(Struct, frozen=True):
    """A declared classifier over one argument: true when it matches. Computed by the gateway.

    `any_glob`, `prefix`, `equals` and `longer_than` are alternatives; the compiler sets exactly one.
    """

    name: str
    arg: str
    any_glob: tuple[str, ...] | None = None
    equals: tuple[str, ...] | None = None
    longer_than: int | None = None


class Constraint(Struct, frozen=True):
    name: str
    json: str


class PolicyRule(Struct, frozen=True):
    """One Cedar policy. Its `id` is `path#rule`, the same id the engine returns as a reason.

    `layer` says where it comes from: only `organisation` rules permit. `actions` are the tools in its scope, for
    indexing; empty means every tool.
    """

    id: str
    effect: Literal["permit", "forbid"]
    layer: Literal["organisation", "grant", "denied", "tenant", "environment", "cedar"]
    cedar: str
    actions: tuple[str, ...]
    approval: str | None
    constraints: tuple[Constraint, ...]
    reason: str


class ApprovalRequirement(Struct, frozen=True):
    """What an approval token demands: how many people of a role, how soon, who may not."""

    id: str
    role: str
    count: int
    expires_seconds: int
    not_requester: bool
    evidence: tuple[str, ...]


class Member(Struct, frozen=True):
    principal: str
    roles: tuple[str, ...]


class TeamIR(Struct, frozen=True):
    id: str
    members: tuple[Member, ...]


class ResourceIR(Struct, frozen=True):
    """A registered resource: `match` is an exact id, or a glob when `pattern` is true."""

    type: str
    id: str
    match: str
    pattern: bool
    risk: Risk
    attributes: tuple[tuple[str, str], ...]


class EnvironmentIR(Struct, frozen=True):
    id: str
    deny_tools: tuple[str, ...]
    deny_effects: tuple[Effect, ...]
    budget: Budget | None
    require_evidence: bool
    hosts: tuple[tuple[str, str], ...]
    residency: tuple[str, ...] = ()


class TenantIR(Struct, frozen=True):
    id: str
    deny_tools: tuple[str, ...]
    agents: tuple[str, ...] | None
    budget: Budget | None
    deny_effects: tuple[Effect, ...] = ()
    residency: tuple[str, ...] = ()


class RedactPattern(Struct, frozen=True):
    """A declared pattern (Python regular expression) that never leaves the gateway in clear."""

    data_class: str
    id: str
    regex: str


class PolicySet(Struct, frozen=True):
    """Every rule, the Cedar schema and entities they are judged with, and the registries they speak of.

    `engine` is `cedar-MAJOR.MINOR`: a runtime with another minor refuses it.
    """

    engine: str
    rules: tuple[PolicyRule, ...]
    facts: tuple[Fact, ...]
    schema: str
    entities: str
    approvals: tuple[ApprovalRequirement, ...]
    teams: tuple[TeamIR, ...]
    resources: tuple[ResourceIR, ...]
    environments: tuple[EnvironmentIR, ...]
    tenants: tuple[TenantIR, ...]
    redact: tuple[RedactPattern, ...]
