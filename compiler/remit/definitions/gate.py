"""Gate: the evidence that an environment demands of the agents in it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from remit.definitions.metadata import Metadata
from remit.definitions.words import (
    AgentId,
    ApiVersion,
    EnvironmentId,
    Exact,
    GraderId,
    Maybe,
    Part,
    Positive,
    Risk,
    SomeDistinct,
    SuiteId,
    Text,
    Wrong,
    only_with,
    refuse,
)

Metric = Literal[
    "task_success_rate", "grader_pass_rate", "policy_violation_rate", "median_cost_usd", "p95_latency_seconds"
]
RATES: tuple[Metric, ...] = ("task_success_rate", "grader_pass_rate")
"""The metrics that count cases which passed."""
Basis = Literal["bound", "point"]
Confidence = Annotated[Decimal, Exact(6, high=Decimal(1), without_low=True)]
MIN_CASES_OF_A_POINT = 50
"""Below so many cases a plain success rate says too little to be a gate."""


@dataclass(frozen=True)
class _Terms:
    op: str
    bases: tuple[Basis, ...]
    min_cases: int | None
    highest: int | None


_TERMS: dict[Metric, _Terms] = {
    "task_success_rate": _Terms(">=", ("bound", "point"), None, 1),
    "grader_pass_rate": _Terms(">=", ("bound", "point"), None, 1),
    "policy_violation_rate": _Terms("==", (), 59, 0),
    "median_cost_usd": _Terms("<=", ("point",), 20, None),
    "p95_latency_seconds": _Terms("<=", ("point",), 20, None),
}


class Requirement(Part):
    """One demand on a metric. `declared_...` are the keys as they stand, the properties what is in force."""

    metric: Metric
    grader: Maybe[GraderId] = None
    op: Literal[">=", "==", "<="]
    value: Annotated[Decimal, Exact(6)]
    declared_basis: Maybe[Basis] = Field(default=None, alias="basis")
    declared_confidence: Maybe[Confidence] = Field(default=None, alias="confidence")
    declared_min_cases: Maybe[Positive] = Field(default=None, alias="min_cases")
    reason: Maybe[Text] = None

    @property
    def basis(self) -> Basis | None:
        """How the metric is estimated: `bound` where nothing else is said of a rate; None for counts."""
        bases = _TERMS[self.metric].bases
        return self.declared_basis or (bases[0] if bases else None)

    @property
    def confidence(self) -> Decimal:
        """The confidence of the bound, 0.95 where none is stated."""
        return self.declared_confidence or Decimal("0.95")

    @property
    def min_cases(self) -> int | None:
        """The least number of cases that may decide; None where the bound itself demands enough."""
        if self.declared_min_cases is not None:
            return self.declared_min_cases
        return MIN_CASES_OF_A_POINT if self._is_point_of_a_rate else _TERMS[self.metric].min_cases

    @property
    def _is_point_of_a_rate(self) -> bool:
        return self.metric in RATES and self.declared_basis == "point"

    @model_validator(mode="after")
    def _terms_suit_the_metric(self) -> Self:
        terms, of_metric = _TERMS[self.metric], f"metric: {self.metric}"
        only_with(self, "grader", self.metric == "grader_pass_rate", of_metric)
        if self.metric == "grader_pass_rate" and self.grader is None:
            refuse(Wrong("missing-key", (), "", ("grader",)))
        if self.op != terms.op:
            refuse(Wrong("unknown-value", ("op",), self.op, (terms.op,)))
        if terms.highest is not None and self.value > terms.highest:
            span = f"a number from 0 to {terms.highest}" if terms.highest else "`0`"
            refuse(Wrong("wrong-type", ("value",), f"`{self.value}`", (span,)))
        if self.declared_basis is not None and self.declared_basis not in terms.bases:
            if not terms.bases:
                only_with(self, "basis", False, of_metric)
            refuse(Wrong("unknown-value", ("basis",), self.declared_basis, terms.bases))
        only_with(self, "confidence", self.basis == "bound", of_metric if not terms.bases else "basis: point")
        if self.declared_confidence == 1:
            refuse(Wrong("wrong-type", ("confidence",), "`1`", ("a number between 0 and 1",)))
        if self._is_point_of_a_rate:
            self._demands_enough_for_a_point()
        return self

    def _demands_enough_for_a_point(self) -> None:
        if self.reason is None:
            refuse(Wrong("missing-key", (), "", ("reason",)))
        if (self.min_cases or 0) < MIN_CASES_OF_A_POINT:
            refuse(
                Wrong(
                    "wrong-type", ("min_cases",), f"`{self.min_cases}`", (f"at least {MIN_CASES_OF_A_POINT}",)
                )
            )


class GateSpec(Part):
    """`agents`, `risk` and `suites` are None where every agent, any risk, the agent's suites are meant."""

    environments: SomeDistinct[EnvironmentId]
    agents: Maybe[SomeDistinct[AgentId]] = None
    risk: Maybe[SomeDistinct[Risk]] = None
    suites: Maybe[SomeDistinct[SuiteId]] = None
    require: Annotated[tuple[Requirement, ...], Field(strict=False, min_length=1)]


class Gate(Part):
    """What agents must have shown before they enter an environment."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Gate"]
    metadata: Metadata
    spec: GateSpec
