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
    GraderId,
    Host,
    Json,
    Many,
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
TagName = Annotated[str, Word("a tag such as `v1.2.0`", "[A-Za-z0-9][A-Za-z0-9._-]*(?<!\\.lock)(?<!\\.)")]
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


class RequestsGrader(Part):
    """Of the writes that the case's services received."""

    id: GraderId
    type: Literal["requests"]
    order: Literal["exact", "in_order", "any_order"]


GRADER_TYPES = ("exact", "json_match", "contains", "output_schema", "trajectory", "policy", "requests")
Grader: TypeAlias = Annotated[
    Annotated[ExactGrader, Tag("exact grader")]
    | Annotated[JsonMatchGrader, Tag("json_match grader")]
    | Annotated[ContainsGrader, Tag("contains grader")]
    | Annotated[OutputSchemaGrader, Tag("output_schema grader")]
    | Annotated[TrajectoryGrader, Tag("trajectory grader")]
    | Annotated[PolicyGrader, Tag("policy grader")]
    | Annotated[RequestsGrader, Tag("requests grader")],
    by_type("grader", GRADER_TYPES),
]


class EvalSuiteSpec(Part):
    """`success` names the graders that must all pass; `case_passes` says how repeats decide a case.

    With `needs_model`, answers of a script prove no success.
    """

    agent: AgentId
    cases: CasesPath
    needs_model: bool = False
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


class CommitOfCase(Part):
    """A commit that holds the files of a folder and no others."""

    files: FolderPath
    message: Text = "workspace"
    tag: Maybe[TagName] = None


class Case(Part):
    """One line of a suite's cases; without `task`, the agent's only one.

    `approvals` says what people answer: an Approval's id to `approve` or `deny`. What it does not name waits.
    The workspace is a repository of one commit, or, with `history`, of several, oldest first.
    """

    id: CaseId
    task: Maybe[Name] = None
    input: dict[str, Json] = Field(default_factory=dict[str, Any])
    workspace: Maybe[FolderPath] = None
    history: Many[CommitOfCase] = ()
    services: dict[Host, ScriptPath] = Field(default_factory=dict[str, str])
    script: Maybe[ScriptPath] = None
    expect: dict[GraderId, Json] = Field(default_factory=dict[str, Any])
    outcome: TerminalReason = "succeeded"
    must_pass: bool = False
    approvals: Maybe[dict[ApprovalId, Literal["approve", "deny"]]] = None

    @model_validator(mode="after")
    def _one_workspace(self) -> Self:
        if self.history and self.workspace is not None:
            refuse(Wrong("exclusive-keys", ("history",), "history", ("workspace",), ("workspace",)))
        return self
