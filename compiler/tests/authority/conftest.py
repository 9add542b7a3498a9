"""A small organisation as the source of authority, and the decision point over what it lowers to."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from remit.authority.lower import lower_policies
from remit.authority.source import (
    AgentSource,
    AuthoritySource,
    Condition,
    EnvironmentSource,
    FactSource,
    ResourceSource,
    RuleSource,
    TenantSource,
    ToolSource,
)
from remit_runtime.bundle.policy import ApprovalRequirement, Fact, PolicySet, RedactPattern, ResourceIR
from remit_runtime.bundle.tool import ResourceBinding
from remit_runtime.bundle.words import Effect, Risk
from remit_runtime.policy.decide import Decision, DecisionPoint
from remit_runtime.policy.facts import facts_of
from remit_runtime.policy.request import NO_TENANT, PolicyRequest, Provenance
from remit_runtime.policy.resources import resolve

POLICY = "policies/engineering.yaml"


def _tool(identity: str, effect: Effect, resource: ResourceBinding, **properties: Any) -> ToolSource:
    required = [name for name in ("repository", "paths") if name in properties]
    return ToolSource(
        id=identity,
        capability=identity.replace("git.", "code."),
        effect=effect,
        resource=resource,
        input={
            "type": "object",
            "additionalProperties": False,
            "required": required,
            "properties": properties,
        },
        place=(f"tools/{identity}.yaml", "spec"),
    )


TEXT = {"type": "string"}
REPO = ResourceBinding("Repo", "repository", None)
TOOLS = (
    _tool(
        "git.commit",
        "write",
        REPO,
        repository=TEXT,
        paths={"type": "array", "items": TEXT},
        branch=TEXT,
        size={"type": "integer"},
        mode={"enum": ["squash", "merge"]},
        ratio={"type": "number"},
    ),
    _tool("git.log", "read", REPO, repository=TEXT, mode=TEXT),
    _tool("clock.now", "read", ResourceBinding("Tool", None, "clock.now")),
)


def _agent(name: str, granted: tuple[str, ...], **changes: Any) -> AgentSource:
    path = f"agents/{name}/agent.yaml"
    agent = AgentSource(
        path=path,
        id=f"acme.{name}",
        version="1.0.0",
        risk="medium",
        autonomy="autonomous",
        granted=granted,
        denied=(),
        place=(path, "spec", "tools"),
    )
    return replace(agent, **changes)


def _environment(name: str, **changes: Any) -> EnvironmentSource:
    path = f"policies/{name}.yaml"
    environment = EnvironmentSource(
        path=path,
        id=name,
        deny_tools=(),
        deny_effects=(),
        require_evidence=False,
        budget=None,
        hosts=(),
        place=(path, "spec"),
    )
    return replace(environment, **changes)


def _resource(identity: str, match: str, risk: Risk, **attributes: str) -> ResourceSource:
    resource = ResourceIR("Repo", identity, match, "*" in match, risk, tuple(attributes.items()))
    return ResourceSource(resource=resource, place=(f"policies/{identity}.yaml", "spec"))


MakeRule = Callable[..., RuleSource]


@pytest.fixture
def rule() -> MakeRule:
    """Makes a rule; `when` is a mapping from `path` or `path operator` to a value."""

    def make(
        name: str, effect: Any = "permit", *, when: dict[str, Any] | None = None, **changes: Any
    ) -> RuleSource:
        conditions: list[Condition] = []
        for key, value in (when or {}).items():
            path, _, operator = key.partition(" ")
            conditions.append(Condition(path, operator or "is", value))  # type: ignore[arg-type]  # the test says which
        values: dict[str, Any] = {
            "path": POLICY,
            "id": name,
            "effect": effect,
            "reason": name,
            "place": (POLICY, "spec", "rules", name),
            "when": tuple(conditions),
        }
        return RuleSource(**{**values, **changes})

    return make


@pytest.fixture
def portfolio() -> Callable[..., AuthoritySource]:
    """Makes the small organisation with the given rules and changes."""

    def make(*rules: RuleSource, **changes: Any) -> AuthoritySource:
        source = AuthoritySource(
            rules=rules,
            facts=(
                FactSource(
                    fact=Fact("dependency_file", "paths", any_glob=("**/*.lock",)),
                    place=(POLICY, "spec", "facts", "dependency_file"),
                ),
            ),
            agents=(
                _agent("fixer", ("git.commit", "git.log")),
                _agent("reader", ("git.log",), autonomy="advisory"),
                _agent("careful", ("git.commit", "git.log"), autonomy="act_with_approval"),
                _agent("shy", ("git.commit",), denied=("clock.now",), autonomy="propose"),
            ),
            tools=TOOLS,
            resources=(
                _resource("ours", "acme/*", "high", visibility="private"),
                _resource("docs", "acme/docs", "low"),
            ),
            tenants=(
                TenantSource(
                    path="policies/retail.yaml",
                    id="retail",
                    agents=("acme.reader",),
                    deny_tools=("clock.now",),
                    deny_effects=("irreversible",),
                    budget=None,
                    place=("policies/retail.yaml", "spec"),
                ),
            ),
            environments=(
                _environment("dev"),
                _environment("production", deny_effects=("write",), require_evidence=True),
            ),
            approvals=(
                ApprovalRequirement("repo_owner", "owner", 1, 3600, True, ()),
                ApprovalRequirement("security", "security", 1, 3600, True, ()),
            ),
            teams=(),
            redact=(RedactPattern("secret", "key", "k"),),
            data_classes=frozenset({"internal_code"}),
        )
        return replace(source, **changes)

    return make


@pytest.fixture
def lowered() -> Callable[[AuthoritySource], PolicySet]:
    """Lowers a source that has no faults."""

    def lower(source: AuthoritySource) -> PolicySet:
        result = lower_policies(source)
        assert result.faults == ()
        assert result.policy_set is not None
        return result.policy_set

    return lower


@pytest.fixture
def ask(lowered: Callable[[AuthoritySource], PolicySet]) -> Callable[..., Decision]:
    """Asks about one call, as the gateway would: resource and facts come from the arguments."""

    def decide(source: AuthoritySource, tool: str = "git.commit", **changes: Any) -> Decision:
        policy_set = lowered(source)
        binding = next(each.resource for each in source.tools if each.id == tool)
        plain: dict[str, Any] = {"repository": "acme/docs", "paths": ["a.py"]}
        declared = next(each.input["properties"] for each in source.tools if each.id == tool)
        stated = {**plain, **changes.pop("arguments", {})}
        arguments = {name: value for name, value in stated.items() if name in declared and value is not None}
        values: dict[str, Any] = {
            "agent": "acme.fixer",
            "agent_version": "1.0.0",
            "risk": "medium",
            "user": "os:ana",
            "tenant": NO_TENANT,
            "task": "fix",
            "state": "edit",
            "tool": tool,
            "arguments": arguments,
            "data_classes": frozenset[str](),
            "environment": "dev",
            "approvals": frozenset[str](),
            "eval_status": "not_required",
            "incident": False,
            "resource": resolve(policy_set.resources, binding, arguments),
            "facts": facts_of(policy_set.facts, arguments),
            "provenance": Provenance(True, frozenset(), frozenset()),
        }
        return DecisionPoint.load(policy_set).decide(PolicyRequest(**{**values, **changes}))

    return decide
