"""What authority is lowered from, apart from the language it was written in, and what can be wrong with it.

A `place` is the path of a file and then the keys and indexes down to the node at fault, so that whoever holds the
text can point at it. That of a definition leads to its `spec`, that of an agent to `spec.tools`, that of a rule or a
fact to its own node.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from remit_runtime.bundle.graph import Budget
from remit_runtime.bundle.policy import ApprovalRequirement, Fact, RedactPattern, ResourceIR, TeamIR
from remit_runtime.bundle.tool import ResourceBinding
from remit_runtime.bundle.words import Autonomy, Effect, Risk

Place = tuple[str | int, ...]
Operator = Literal["is", "ne", "in", "contains", "like", "lt", "lte", "gt", "gte"]
RuleEffect = Literal["permit", "forbid", "require_approval"]
FaultKind = Literal[
    "duplicate-rule",
    "duplicate-definition",
    "unknown-tool",
    "unknown-capability",
    "unknown-agent",
    "unknown-tenant",
    "unknown-environment",
    "unknown-approval",
    "unknown-path",
    "hidden-argument",
    "wrong-operator",
    "wrong-value",
    "wrong-approval",
    "wrong-constraint",
    "wrong-fact",
    "wrong-resource",
    "engine",
]


class Condition(msgspec.Struct, frozen=True):
    """One entry of a rule's `when`: `is` is the plain form `path: value`; `in` has a tuple of values."""

    path: str
    operator: Operator
    value: Any


class RuleSource(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of a Policy. A scope that is None means any; all conditions must hold."""

    path: str
    id: str
    effect: RuleEffect
    reason: str
    place: Place
    tools: tuple[str, ...] | None = None
    effects: tuple[Effect, ...] | None = None
    capabilities: tuple[str, ...] | None = None
    agents: tuple[str, ...] | None = None
    tenants: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None
    when: tuple[Condition, ...] = ()
    approval: str | None = None
    constraints: tuple[tuple[str, Any], ...] = ()

    @property
    def key(self) -> str:
        """The id of the rule in the bundle, in decisions and in the audit: `path#rule`."""
        return f"{self.path}#{self.id}"


class FactSource(msgspec.Struct, frozen=True, kw_only=True):
    fact: Fact
    place: Place


class AgentSource(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent's definition says of authority: none of it permits anything."""

    path: str
    id: str
    version: str
    risk: Risk
    autonomy: Autonomy
    granted: tuple[str, ...]
    denied: tuple[str, ...]
    place: Place


class ToolSource(msgspec.Struct, frozen=True, kw_only=True):
    """A tool as policies see it; `input` is its JSON Schema as parsed.

    The arguments in `content` are what the call carries, not what it does: facts may look at them, rules may not.
    """

    id: str
    capability: str
    effect: Effect
    resource: ResourceBinding
    input: Mapping[str, Any]
    place: Place
    content: frozenset[str] = frozenset()


class ResourceSource(msgspec.Struct, frozen=True, kw_only=True):
    resource: ResourceIR
    place: Place


class TenantSource(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    id: str
    agents: tuple[str, ...] | None
    deny_tools: tuple[str, ...]
    deny_effects: tuple[Effect, ...]
    budget: Budget | None
    place: Place
    residency: tuple[str, ...] = ()


class EnvironmentSource(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    id: str
    deny_tools: tuple[str, ...]
    deny_effects: tuple[Effect, ...]
    require_evidence: bool
    budget: Budget | None
    hosts: tuple[tuple[str, str], ...]
    place: Place
    residency: tuple[str, ...] = ()


class AuthoritySource(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the policy set of one bundle is made from, in any order.

    `data_classes` are the registered ones.
    """

    rules: tuple[RuleSource, ...]
    facts: tuple[FactSource, ...]
    agents: tuple[AgentSource, ...]
    tools: tuple[ToolSource, ...]
    resources: tuple[ResourceSource, ...]
    tenants: tuple[TenantSource, ...]
    environments: tuple[EnvironmentSource, ...]
    approvals: tuple[ApprovalRequirement, ...]
    teams: tuple[TeamIR, ...]
    redact: tuple[RedactPattern, ...]
    data_classes: frozenset[str]


class PolicyFault(msgspec.Struct, frozen=True, order=True):
    """What is wrong with a policy, as data; a rule words it for people.

    `place_key` is the node that the author must edit. `subject` is the word at fault and `expected` the words that
    would be right there, where there is a list of them.
    """

    place_key: Place
    kind: FaultKind
    message: str
    subject: str = ""
    expected: tuple[str, ...] = ()


def fault_order(fault: PolicyFault) -> tuple[tuple[str, ...], str, str]:
    """The order of faults: by place, kind and message, whatever the order of the definitions."""
    place = tuple(f"{part:09d}" if isinstance(part, int) else part for part in fault.place_key)
    return (place, fault.kind, fault.message)


def quoted(words: tuple[str, ...]) -> str:
    """The words as a message lists them."""
    return ", ".join(f"`{word}`" for word in words)
