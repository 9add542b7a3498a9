"""A question to policy: the fourteen inputs of a decision, with the resource and the facts of the call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from remit_runtime.bundle.words import Risk
from remit_runtime.canonical import Digest, canonical_json_full, digest_of
from remit_runtime.errors import NotCanonical

EvalStatus = Literal["proven", "not_proven", "not_required"]
EVAL_STATUSES: tuple[EvalStatus, ...] = get_args(EvalStatus)
RISKS: tuple[Risk, ...] = get_args(Risk)

NO_TENANT = ""
"""The tenant of a run that has none. It is said; a tenant that is None is missing."""


@dataclass(frozen=True, slots=True)
class ResourceRef:
    """A registered resource: its type, and the id of its registration."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Whether every value of a call has a trusted origin, and the arguments and types of those that lack one."""

    trusted: bool
    lacking: frozenset[str]
    lacking_types: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """Every input of a decision. None means that it is missing, and what is missing is denied.

    `arguments` is the call's JSON object, parsed once and already valid for the tool's schema. `approvals` names
    the requirements that verified, unexpired tokens for exactly this call meet. `resource` is what `resolve` found,
    `provenance` what the origins of the arguments come to.
    """

    agent: str | None
    agent_version: str | None
    risk: Risk | None
    user: str | None
    tenant: str | None
    task: str | None
    state: str | None
    tool: str | None
    arguments: Mapping[str, Any] | None
    data_classes: frozenset[str] | None
    environment: str | None
    approvals: frozenset[str] | None
    eval_status: EvalStatus | None
    incident: bool | None
    resource: ResourceRef | None
    facts: Mapping[str, bool] | None
    provenance: Provenance | None


_NAMES = ("agent", "agent_version", "risk", "user", "task", "state", "tool", "environment", "eval_status")
_SETS = ("data_classes", "approvals")


def missing_input(request: PolicyRequest) -> str | None:
    """The first input that is missing, or None. An empty name is missing too; an empty tenant is `NO_TENANT`."""
    for name in _NAMES:
        if not getattr(request, name):
            return name
    for name in ("tenant", "arguments", *_SETS, "incident", "facts", "provenance"):
        if getattr(request, name) is None:
            return name
    return None


def misformed_input(request: PolicyRequest) -> str | None:
    """The first input that is there but not of its type, or None: a caller's bug must deny, not raise."""
    for name in (*_NAMES, "tenant"):
        if not isinstance(getattr(request, name), str):
            return name
    for name in _SETS:
        values = getattr(request, name)
        if not isinstance(values, frozenset) or not all(isinstance(value, str) for value in values):  # pyright: ignore[reportUnknownVariableType] -- any content
            return name
    for name in ("arguments", "facts"):
        if not isinstance(getattr(request, name), Mapping):
            return name
    if not _is_provenance(request.provenance):
        return "provenance"
    return None if isinstance(request.incident, bool) else "incident"


def request_digest(request: PolicyRequest) -> Digest | None:
    """The digest of the whole request, or None when some of it is no JSON that has a canonical form."""
    record = {name: getattr(request, name) for name in PolicyRequest.__slots__}
    record["data_classes"] = _in_order(request.data_classes)
    record["approvals"] = _in_order(request.approvals)
    record["provenance"] = request.provenance and {
        "trusted": request.provenance.trusted,
        "lacking": _in_order(request.provenance.lacking),
        "lacking_types": _in_order(request.provenance.lacking_types),
    }
    record["resource"] = request.resource and [request.resource.type, request.resource.id]
    try:
        return digest_of(canonical_json_full(record))
    except NotCanonical:
        return None


def _is_provenance(value: object) -> bool:
    if not isinstance(value, Provenance) or not isinstance(value.trusted, bool):  # pyright: ignore[reportUnnecessaryIsInstance] -- any content
        return False
    return _are_names(value.lacking) and _are_names(value.lacking_types)


def _are_names(value: object) -> bool:
    return isinstance(value, frozenset) and all(isinstance(item, str) for item in value)  # pyright: ignore[reportUnknownVariableType] -- any content


def _in_order(values: frozenset[str] | None) -> list[str] | None:
    return None if values is None else sorted(values, key=str)
