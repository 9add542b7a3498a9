"""Whether a model may answer a question at all: does the question fit it, can it decide, may data go where it runs."""

from __future__ import annotations

from dataclasses import dataclass

from remit_runtime.bundle.policy import PolicySet
from remit_runtime.journal.events import Routing
from remit_runtime.models.port import ModelCall
from remit_runtime.models.tokens import tokens_of

DECIDES_BY = ("json_schema", "tools")
"""A model must have one of these capabilities: its provider then holds it to the form of a decision."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a model is not asked: a stable code and a sentence."""

    code: str
    reason: str


def routing_of(
    policy: PolicySet, environment: str, tenant: str | None, task: str, call: ModelCall, worst_microusd: int
) -> Routing:
    """Why a model is asked or skipped: what the question needs and what the model offers, as the journal keeps it."""
    model = call.model
    return Routing(
        task=task,
        worst_microusd=worst_microusd,
        input_tokens=tokens_of(call),
        context_tokens=call.limits.max_input_tokens,
        needs=() if model.provider == "scripted" else DECIDES_BY,
        capabilities=model.capabilities,
        residency=model.residency,
        allowed_residency=allowed_residency(policy, environment, tenant) or (),
        price_source=model.price_source,
    )


def unfit(policy: PolicySet, environment: str, tenant: str | None, routing: Routing) -> Unfit | None:
    """Why a model may not answer, or None where it may."""
    if routing.input_tokens > routing.context_tokens:
        reason = (
            f"the question has about {routing.input_tokens} tokens, and the model takes"
            f" {routing.context_tokens} of this agent"
        )
        return Unfit("context_too_long", reason)
    if routing.needs and not set(routing.needs) & set(routing.capabilities):
        listed = " nor ".join(f"`{name}`" for name in routing.needs)
        return Unfit(
            "capability_missing", f"the model has neither {listed}, so nothing holds it to a decision"
        )
    allowed = allowed_residency(policy, environment, tenant)
    if allowed is not None and not set(allowed) & set(routing.residency):
        places = ", ".join(f"`{name}`" for name in allowed) or "no place that both allow"
        return Unfit("residency_not_allowed", f"data of this run may be only in {places}")
    return None


def allowed_residency(policy: PolicySet, environment: str, tenant: str | None) -> tuple[str, ...] | None:
    """Where data may be by what the environment and the tenant both say; None where neither says anything."""
    said = [one.residency for one in policy.environments if one.id == environment and one.residency]
    said += [one.residency for one in policy.tenants if one.id == tenant and one.residency]
    if not said:
        return None
    return tuple(sorted(set(said[0]).intersection(*said[1:])))
