"""The gateway of one bundle: everything a call needs that does not change from call to call, made ready once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from remit_runtime.bundle.open import VerifiedBundle
from remit_runtime.bundle.policy import PolicySet
from remit_runtime.gateway.endpoints import Endpoints
from remit_runtime.gateway.endpoints import load as load_endpoints
from remit_runtime.gateway.executables import Executable, find
from remit_runtime.gateway.http import Network
from remit_runtime.gateway.material import Materials
from remit_runtime.gateway.rate import Rates
from remit_runtime.gateway.redact import Redactor
from remit_runtime.gateway.redact import load as load_redactor
from remit_runtime.gateway.sandbox import LAYERS, Layer, Sandbox, probe
from remit_runtime.gateway.schemas import Schemas
from remit_runtime.gateway.secrets import Vault, open_vault
from remit_runtime.journal.sqlite import Journal
from remit_runtime.policy.decide import DecisionPoint


@dataclass(frozen=True)
class Gateway:
    """What stands between the runs of one bundle and every tool and model."""

    bundle: VerifiedBundle
    policy_set: PolicySet
    decision_point: DecisionPoint
    schemas: Schemas
    patterns: Redactor
    vault: Vault
    endpoints: Endpoints
    journal: Journal
    clock: Callable[[], int]
    executables: Mapping[str, Executable]
    sandbox: Sandbox
    stands_for: Mapping[str, str]
    network: Network = field(default_factory=Network)
    rates: Rates = field(default_factory=Rates)
    materials: Materials = field(default_factory=Materials)

    @property
    def redactor(self) -> Redactor:
        """What is cut out of everything that is stored, shown or returned: declared patterns and known secrets."""
        return replace(self.patterns, values=self.vault.values())

    @property
    def secrets_only(self) -> Redactor:
        """The known secrets alone: what is cut out even of the words of whoever asks for a run."""
        return Redactor(values=self.vault.values())


def load(
    bundle: VerifiedBundle,
    journal: Journal,
    clock: Callable[[], int],
    home: Path,
    *,
    search_path: str = os.defpath,
    layers: Sequence[Layer] = LAYERS,
    environ: Mapping[str, str] = os.environ,
    network: Network | None = None,
) -> Gateway:
    """The gateway of a bundle on this machine.

    `clock` gives milliseconds since the epoch. `layers` may leave sandbox layers out, never add one that does not
    work here; `search_path` is where `git` is looked for after the system's folders; `environ` is where credentials
    may be found.

    Raises:
        BundleRejected: the policy set or a redaction pattern cannot be used.
        UsageError: `executables.toml` or `endpoints.toml` of the home is not of its form.
    """
    policy_set = bundle.policy()
    return Gateway(
        bundle=bundle,
        policy_set=policy_set,
        decision_point=_decision_point(policy_set),
        schemas=Schemas(bundle.schema),
        patterns=load_redactor(policy_set.redact),
        vault=open_vault(bundle, home, environ),
        endpoints=load_endpoints(home, bundle.environment),
        journal=journal,
        clock=clock,
        executables=find(home, search_path),
        sandbox=probe(layers),
        stands_for={
            declared: host
            for one in policy_set.environments
            if one.id == bundle.environment
            for declared, host in one.hosts
        },
        network=network or Network(),
    )


@lru_cache(maxsize=4)
def _decision_point(policy_set: PolicySet) -> DecisionPoint:
    """The decision point of a policy set, kept for the next run: parsing the rules is most of what a start costs.

    Raises:
        BundleRejected: the policy set cannot be used.
    """
    return DecisionPoint.load(policy_set)
