"""The decision point: one pure answer to one request, and deny wherever anything is missing, unknown or in error.

The order is fixed. Inputs that are missing, then what is unknown (agent, tool, resource), then arguments that are not
of the declared form, then Cedar over the rules whose scope can match. A denial by rules that only ask for approval is
asked once more with these approvals assumed; only when that allows is anybody asked for anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from remit_runtime.bundle.policy import ApprovalRequirement, PolicyRule, PolicySet
from remit_runtime.canonical import Digest
from remit_runtime.policy.constraints import merged
from remit_runtime.policy.engine import Verdict, evaluate
from remit_runtime.policy.load import LoadedPolicies, load_policies
from remit_runtime.policy.project import MAX_CONTEXT_BYTES, argument_problem, context_json
from remit_runtime.policy.request import (
    NO_TENANT,
    PolicyRequest,
    ResourceRef,
    misformed_input,
    missing_input,
    request_digest,
)
from remit_runtime.policy.resources import TOOL_TYPE
from remit_runtime.policy.schema import ToolShape

DecisionCode = Literal[
    "allowed",
    "approval_needed",
    "default_deny",
    "forbidden",
    "not_granted",
    "resource_unknown",
    "missing_input",
    "invalid_request",
    "policy_error",
]


@dataclass(frozen=True, slots=True)
class ApprovalNeed:
    """A requirement that must be met before the call is allowed, and the rules that ask for it."""

    requirement: ApprovalRequirement
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What policy says of one call.

    `rules` are the sorted ids of the rules that made the decision. `constraints` bind the call when it is allowed,
    and will when it is approved; whoever performs the call refuses a constraint that it cannot keep.
    `request_digest` is None only when the request has no canonical form, and then the outcome is deny.
    """

    outcome: Literal["allow", "deny", "require_approval"]
    code: DecisionCode
    reason: str
    rules: tuple[str, ...]
    approvals: tuple[ApprovalNeed, ...]
    constraints: Mapping[str, Any]
    request_digest: Digest | None


@dataclass(frozen=True, slots=True)
class DecisionPoint:
    """The policies of one bundle, ready to decide."""

    policies: LoadedPolicies
    requirements: Mapping[str, ApprovalRequirement]
    tenants: frozenset[str]

    @classmethod
    def load(cls, policy_set: PolicySet) -> DecisionPoint:
        """The decision point of a policy set; every rule is parsed here, once.

        Raises:
            BundleRejected: `engine_mismatch` or `policy_invalid`, see `load_policies`.
        """
        return cls(
            policies=load_policies(policy_set),
            requirements={requirement.id: requirement for requirement in policy_set.approvals},
            tenants=frozenset(tenant.id for tenant in policy_set.tenants) | {NO_TENANT},
        )

    def decide(self, request: PolicyRequest) -> Decision:
        """The decision on one call. Never raises for what a request holds."""
        digest = request_digest(request)
        missing = missing_input(request)
        if missing is not None:
            return _deny(digest, "missing_input", f"the input `{missing}` is missing")
        misformed = misformed_input(request)
        if misformed is not None or digest is None:
            return _deny(digest, "invalid_request", f"the input `{misformed or 'arguments'}` is malformed")
        return _decide(self, request, digest)


def _decide(point: DecisionPoint, request: PolicyRequest, digest: Digest) -> Decision:
    """The decision on a request whose inputs are all there and well formed."""
    schema, facts = point.policies.schema, request.facts or {}
    for name in sorted(schema.facts):
        if not isinstance(facts.get(name), bool):
            return _deny(
                digest, "missing_input", f"the fact `{name}` is missing: its argument could not be classified"
            )
    shape = schema.tools.get(str(request.tool))
    if shape is None:
        return _deny(digest, "invalid_request", f"tool `{request.tool}` is not in this bundle")
    unknown = _unknown(point, request)
    if unknown is not None:
        return _deny(digest, "invalid_request", unknown)
    resource = request.resource
    if resource is None or not _is_known(point, shape, resource, str(request.tool)):
        return _deny(digest, "resource_unknown", "the resource of the call is not registered")
    problem = argument_problem(shape, schema.values, request.arguments or {})
    if problem is not None:
        return _deny(digest, "invalid_request", problem)
    return _judge(point, shape, request, resource, digest)


def _unknown(point: DecisionPoint, request: PolicyRequest) -> str | None:
    """What the request names that this bundle has not, or says otherwise; None when there is nothing."""
    values = point.policies.schema.values
    agent = point.policies.registry.agents.get(str(request.agent))
    if agent is None:
        return f"agent `{request.agent}` is not in this bundle"
    if agent != (request.agent_version, request.risk):
        return f"agent `{request.agent}` has another version or risk in this bundle"
    if request.environment not in values["Environment"]:
        return f"environment `{request.environment}` is not in this bundle"
    if request.eval_status not in values["EvalStatus"]:
        return f"eval status `{request.eval_status}` is unknown"
    if request.tenant not in point.tenants:
        return f"tenant `{request.tenant}` is not in this bundle"
    for name in sorted((request.approvals or frozenset()) - point.requirements.keys()):
        return f"approval `{name}` is not in this bundle"
    return None


def _is_known(point: DecisionPoint, shape: ToolShape, resource: ResourceRef, tool: str) -> bool:
    if resource.type != shape.resource_type or (resource.type == TOOL_TYPE and resource.id != tool):
        return False
    return resource in point.policies.registry.resources


def _judge(
    point: DecisionPoint, shape: ToolShape, request: PolicyRequest, resource: ResourceRef, digest: Digest
) -> Decision:
    """Cedar's part. Every verdict that carries an error denies."""
    agent, tool = str(request.agent), str(request.tool)
    rules = point.policies.slice_for(agent, tool)
    given = request.approvals or frozenset()

    def context(approvals: frozenset[str]) -> str:
        return context_json(point.policies.schema, shape, request, approvals)

    def verdict(context: str) -> Verdict:
        where = (resource.type, resource.id)
        return evaluate(point.policies.world, rules, agent=agent, tool=tool, resource=where, context=context)

    stated = context(given)
    if len(stated) > MAX_CONTEXT_BYTES:
        return _deny(
            digest, "invalid_request", f"what policies see of the call is more than {MAX_CONTEXT_BYTES} bytes"
        )
    found = verdict(stated)
    # What the tokens lifted still binds the call: its constraints hold after the approval too.
    bare = verdict(context(frozenset())) if given else found
    asking = _asking(point, found.reasons)
    assumed = verdict(context(given | {str(rule.approval) for rule in asking})) if asking else found
    for error in (*found.errors, *bare.errors, *assumed.errors):
        return _deny(digest, "policy_error", f"the policy engine could not decide: {error}", found.reasons)
    lifted = _asking(point, bare.reasons) if given else ()
    if found.allowed:
        return _allow(point, digest, found, lifted)
    if asking and assumed.allowed:
        return _require_approval(point, digest, found, assumed, (*asking, *lifted))
    return _denied_by(point, digest, found, assumed)


def _asking(point: DecisionPoint, reasons: Iterable[str]) -> tuple[PolicyRule, ...]:
    """Those of the deciding rules that ask for an approval."""
    rules = (point.policies.rules[reason].rule for reason in reasons)
    return tuple(rule for rule in rules if rule.effect == "forbid" and rule.approval is not None)


def _allow(point: DecisionPoint, digest: Digest, found: Verdict, lifted: tuple[PolicyRule, ...]) -> Decision:
    permits = [point.policies.rules[reason].rule for reason in found.reasons]
    deciding = (*permits, *lifted)
    return Decision("allow", "allowed", _reasons(permits), _ids(deciding), (), merged(deciding), digest)


def _require_approval(
    point: DecisionPoint, digest: Digest, found: Verdict, assumed: Verdict, asking: tuple[PolicyRule, ...]
) -> Decision:
    deciding = [point.policies.rules[reason].rule for reason in found.reasons]
    permits = [point.policies.rules[reason].rule for reason in assumed.reasons]
    wanted = [rule for rule in asking if rule.id in found.reasons]
    return Decision(
        outcome="require_approval",
        code="approval_needed",
        reason=_reasons(wanted),
        rules=_ids(deciding),
        approvals=_needs(point, wanted),
        constraints=merged((*permits, *asking)),
        request_digest=digest,
    )


def _needs(point: DecisionPoint, asking: Iterable[PolicyRule]) -> tuple[ApprovalNeed, ...]:
    by_requirement: dict[str, list[str]] = {}
    for rule in asking:
        by_requirement.setdefault(str(rule.approval), []).append(rule.id)
    return tuple(
        ApprovalNeed(point.requirements[name], tuple(sorted(ids)))
        for name, ids in sorted(by_requirement.items())
    )


def _denied_by(point: DecisionPoint, digest: Digest, found: Verdict, assumed: Verdict) -> Decision:
    """A denial that no approval would lift: the rules are those that forbid still when all were given."""
    rules = [point.policies.rules[reason].rule for reason in assumed.reasons]
    asked = tuple(reason for reason in found.reasons if reason not in assumed.reasons)
    if not rules:
        reason = "no rule permits this call" + (", and no approval would" if asked else "")
        return _deny(digest, "default_deny", reason, asked)
    code: DecisionCode = "not_granted" if any(rule.layer == "grant" for rule in rules) else "forbidden"
    return _deny(digest, code, _reasons(rules), (*_ids(rules), *asked))


def _deny(digest: Digest | None, code: DecisionCode, reason: str, rules: Iterable[str] = ()) -> Decision:
    return Decision("deny", code, reason, tuple(sorted(rules)), (), {}, digest)


def _ids(rules: Iterable[PolicyRule]) -> tuple[str, ...]:
    return tuple(sorted({rule.id for rule in rules}))


def _reasons(rules: Iterable[PolicyRule]) -> str:
    return "; ".join(dict.fromkeys(rule.reason for rule in sorted(rules, key=lambda rule: rule.id)))
