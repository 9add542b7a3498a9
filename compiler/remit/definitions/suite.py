"""EvalSuite: the cases an agent is measured by, how runs are graded, and one case of its file."""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, Tag, model_validator

from remit.definitions.choice import by_type
from remit.definitions.metadata import OwnedMetadata
from remit.definitions.words import (
    AgentId,
    ApiVersion,
    ApprovalId,
    CasesPath,
    FieldPath,
    FolderPath,
    Json,
    Maybe,
    Name,
    Part,
    Positive,
    ScriptPath,
    SomeDistinct,
    Text,
    Word,
    Wrong,
    each_once,
    only_with,
    refuse,
)
from remit.definitions.work import ArtifactName

TerminalReason = Literal[
    "succeeded",
    "rejected",
    "failed",
    "cancelled",
    "killed",
    "expired",
    "budget_exhausted",
    "decision_invalid",
    "output_invalid",
    "audit_unavailable",
]
GraderId = Annotated[str, Word("a grader id such as `shape`", "[a-z][a-z0-9_-]*")]
CaseId = Annotated[str, Word("a case id such as `empty-repository`", "[A-Za-z0-9][A-Za-z0-9._-]*")]


class ExactGrader(Part):
    """Without `at`, of the whole output; with `artifact`, of that file instead."""

    id: GraderId
    type: Literal["exact"]
    at: Maybe[FieldPath] = None
    artifact: Maybe[ArtifactName] = None


class JsonMatchGrader(Part):
    id: GraderId
    type: Literal["json_match"]
    mode: Literal["subset", "exact"]
    at: Maybe[FieldPath] = None
    artifact: Maybe[ArtifactName] = None


class ContainsGrader(Part):
    id: GraderId
    type: Literal["contains"]
    at: Maybe[FieldPath] = None
    artifact: Maybe[ArtifactName] = None


class OutputSchemaGrader(Part):
    id: GraderId
    type: Literal["output_schema"]


class TrajectoryGrader(Part):
    id: GraderId
    type: Literal["trajectory"]
    order: Literal["exact", "in_order", "any_order"]


class PolicyGrader(Part):
    id: GraderId
    type: Literal["policy"]


GRADER_TYPES = ("exact", "json_match", "contains", "output_schema", "trajectory", "policy")
Grader: TypeAlias = Annotated[
    Annotated[ExactGrader, Tag("exact grader")]
    | Annotated[JsonMatchGrader, Tag("json_match grader")]
    | Annotated[ContainsGrader, Tag("contains grader")]
    | Annotated[OutputSchemaGrader, Tag("output_schema grader")]
    | Annotated[TrajectoryGrader, Tag("trajectory grader")]
    | Annotated[PolicyGrader, Tag("policy grader")],
    by_type("grader", GRADER_TYPES),
]


class EvalSuiteSpec(Part):
    """`success` names the graders that must all pass; `case_passes` says how repeats decide a case."""

    agent: AgentId
    cases: CasesPath
    epochs: Positive = 1
    case_passes: Literal["all", "majority"] = "all"
    reason: Maybe[Text] = None
    graders: Annotated[tuple[Grader, ...], Field(strict=False, min_length=1)]
    success: SomeDistinct[GraderId]

    @model_validator(mode="after")
    def _graders_differ_and_majority_has_a_reason(self) -> Self:
        each_once("graders", [grader.id for grader in self.graders])
        if self.case_passes == "majority" and self.reason is None:
            refuse(Wrong("missing-key", (), "", ("reason",)))
        only_with(self, "reason", self.case_passes == "majority", "case_passes: all")
        return self


class EvalSuite(Part):
    """A measurement of one agent."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["EvalSuite"]
    metadata: OwnedMetadata
    spec: EvalSuiteSpec


class Case(Part):
    """One line of a suite's cases; without `task`, the agent's only one.

    `approvals` says what people answer: an Approval's id to `approve` or `deny`. What it does not name waits.
    """

    id: CaseId
    task: Maybe[Name] = None
    input: dict[str, Json] = Field(default_factory=dict[str, Any])
    workspace: Maybe[FolderPath] = None
    script: Maybe[ScriptPath] = None
    expect: dict[GraderId, Json] = Field(default_factory=dict[str, Any])
    outcome: TerminalReason = "succeeded"
    must_pass: bool = False
    approvals: Maybe[dict[ApprovalId, Literal["approve", "deny"]]] = None
