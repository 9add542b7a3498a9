"""The only module that speaks to Cedar: policies, entities and requests in its forms, verdicts in ours.

Two things here stop an allow that Cedar would otherwise give. Cedar skips a policy whose evaluation fails, so a
forbid over an unknown entity or an overflowing product would let the call pass: a verdict with errors never allows.
And without its schema Cedar believes an `__entity` object inside an argument: no call leaves the schema out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version

import cedarpy
from cedarpy import pst

from remit_runtime.errors import BundleRejected
from remit_runtime.policy.schema import NAMESPACE

Policy = pst.Template
"""One policy as typed nodes."""
Policies = cedarpy.PolicySet
"""A parsed set of policies."""


def engine() -> str:
    """The name of the installed engine, `cedar-MAJOR.MINOR`: the binding carries the version of its engine."""
    major, minor, *_ = version("cedarpy").split(".")
    return f"cedar-{major}.{minor}"


@dataclass(frozen=True, slots=True)
class World:
    """What every decision of a policy set is judged against: the schema and the entities, parsed."""

    schema: cedarpy.Schema
    entities: cedarpy.Entities


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Cedar found: `reasons` are the sorted ids of the policies that decided, `errors` why it could not."""

    allowed: bool
    reasons: tuple[str, ...]
    errors: tuple[str, ...]


def parse_world(schema: str, entities: str) -> World:
    """The handles of a Cedar schema and of entities that keep to it, both in Cedar's JSON forms.

    Raises:
        BundleRejected: `policy_invalid`, one of them is malformed, or an entity does not keep to the schema.
    """
    try:
        parsed = cedarpy.Schema.from_json_str(schema)
        return World(parsed, cedarpy.Entities.from_json_str(entities, parsed))  # pyright: ignore[reportUnknownMemberType] -- typed loosely there
    except ValueError as error:
        raise BundleRejected(
            "policy_invalid", f"the policy set's schema or entities are malformed: {error}"
        ) from error


def parse_policy(identity: str, text: str) -> Policy:
    """The typed nodes of one Cedar policy, under the given id.

    Raises:
        BundleRejected: `policy_invalid`, the text is not exactly one policy without slots.
    """
    try:
        found = cedarpy.policies_to_pst(text)
    except ValueError as error:
        raise BundleRejected("policy_invalid", f"rule `{identity}` is not Cedar: {error}") from error
    if found.templates or len(found.static_policies) != 1:
        raise BundleRejected("policy_invalid", f"rule `{identity}` is not exactly one Cedar policy")
    (policy,) = found.static_policies.values()
    return replace(policy, id=identity)


def policies(nodes: Iterable[Policy]) -> Policies:
    """The handle of a set of policies; their ids are what `Verdict.reasons` gives back."""
    named = pst.FrozenMap({node.id: node for node in nodes})
    return cedarpy.PolicySet.from_pst(pst.PolicySet(pst.FrozenMap({}), named, ()))


def principal_of(policy: Policy) -> str | None:
    """The id of the one agent a policy speaks of, or None when its scope is wider."""
    scope = policy.principal
    if isinstance(scope, pst.ScopeEq) and isinstance(scope.entity, pst.EntityUid):
        return scope.entity.id
    return None


def actions_of(policy: Policy) -> tuple[str, ...] | None:
    """The ids of the actions and action groups a policy's scope names, or None when it names none."""
    scope = policy.action
    if isinstance(scope, pst.ActionEq):
        return (scope.entity.id,)
    if isinstance(scope, pst.ActionIn):
        return tuple(entity.id for entity in scope.entities)
    return None


def reference(entity_type: str, identity: str) -> dict[str, dict[str, str]]:
    """An entity inside a context, as Cedar's JSON writes it."""
    return {"__entity": {"type": f"{NAMESPACE}::{entity_type}", "id": identity}}


def evaluate(
    world: World,
    rules: Policies,
    *,
    agent: str,
    tool: str,
    resource: tuple[str, str],
    context: str,
) -> Verdict:
    """Cedar's verdict on one request. `context` is JSON; the request is always checked against the schema."""
    request = {
        "principal": _uid("Agent", agent),
        "action": _uid("Action", tool),
        "resource": _uid(*resource),
        "context": context,
    }
    try:
        result = cedarpy.is_authorized(request, rules, world.entities, world.schema)  # pyright: ignore[reportUnknownMemberType] -- typed loosely there
    except ValueError as error:
        return Verdict(False, (), (str(error),))
    return _verdict(result)


def _verdict(result: cedarpy.AuthzResult) -> Verdict:
    # Cedar keeps its reasons in a hash set: their order differs from process to process.
    reasons = tuple(sorted(result.diagnostics.reasons))
    errors = tuple(sorted(result.diagnostics.errors))
    if result.decision is cedarpy.Decision.NoDecision and not errors:
        errors = ("the engine gave no decision",)
    return Verdict(result.allowed and not errors, reasons, errors)


def _uid(entity_type: str, identity: str) -> dict[str, str]:
    return {"type": f"{NAMESPACE}::{entity_type}", "id": identity}
