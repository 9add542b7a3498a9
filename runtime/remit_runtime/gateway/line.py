"""The way to a model: the endpoint that is really asked, and the secret that is leased for this question."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from remit_runtime.bundle.agent import ModelIR
from remit_runtime.credentials.lease import LeaseRefused
from remit_runtime.gateway.load import Gateway
from remit_runtime.models.port import ModelFault, Usage
from remit_runtime.models.scripted import SCRIPTED

LEASE_SECONDS = 600
"""The longest a model's secret is leased for; the credential may say less."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a model is asked. `model` has the endpoint that is really asked; `peer` names it for the journal.

    `fault` says why it cannot be asked: its credential was refused, and nothing leaves the process.
    """

    model: ModelIR
    peer: str | None = None
    lease: str | None = None
    secret: str | None = field(default=None, repr=False)
    fault: ModelFault | None = None


def way_to(gateway: Gateway, model: ModelIR, call: str, adapter: str) -> Way:
    """The way to a model for one question. A script asks nobody, so it needs no endpoint and no secret."""
    if adapter == SCRIPTED or model.endpoint is None:
        return Way(model)
    parts = urlsplit(model.endpoint)
    host = parts.netloc.lower()
    bound = gateway.endpoints.bound(host)
    peer = host if bound is None else f"{host} {urlsplit(bound).netloc}"
    asked = model if bound is None else msgspec.structs.replace(model, endpoint=f"{bound}{parts.path}")
    if model.credential is None:
        return Way(asked, peer)
    leased = _leased(gateway, model, call, parts.hostname or "")
    if isinstance(leased, LeaseRefused):
        return Way(asked, peer, fault=ModelFault("error", leased.code, leased.reason, Usage(0, 0)))
    return Way(asked, peer, *leased)


def _leased(gateway: Gateway, model: ModelIR, call: str, host: str) -> tuple[str, str] | LeaseRefused:
    """The id of a lease and its secret."""
    if model.credential_object is None:
        return LeaseRefused("credential_missing", f"the bundle does not hold credential `{model.credential}`")
    credential = gateway.bundle.credential(model.credential_object)
    now_ms = gateway.clock()
    leased = gateway.vault.lease(
        credential,
        call=call,
        host=host,
        scopes=(),
        ttl_seconds=min(LEASE_SECONDS, credential.max_ttl_seconds),
        now_ms=now_ms,
    )
    if isinstance(leased, LeaseRefused):
        return leased
    secret = leased.secret_at(now_ms)
    return secret if isinstance(secret, LeaseRefused) else (leased.id, secret)
