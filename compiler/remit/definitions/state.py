"""The states of a graph, each with where it goes, and the steps of a workflow, each with its id."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, Tag, model_validator

from remit.definitions.choice import by_type
from remit.definitions.route import ApprovalNext, CheckNext, HandoffNext, MemoryNext, ModelNext, ToolNext
from remit.definitions.words import Binding, Maybe, Name, Part, Positive, StateId, Word, Wrong, refuse
from remit.definitions.work import (
    ApprovalWork,
    Artifacts,
    CheckWork,
    ContextWork,
    HandoffWork,
    MemoryWork,
    ModelWork,
    ToolWork,
)


class ContextState(ContextWork):
    next: StateId


class ModelState(ModelWork):
    next: ModelNext
    exhausted: Maybe[StateId] = None
    error: Maybe[StateId] = None


class ToolState(ToolWork):
    next: ToolNext


class ApprovalState(ApprovalWork):
    next: ApprovalNext


class CheckState(CheckWork):
    next: CheckNext


class MemoryState(MemoryWork):
    next: MemoryNext


class HandoffState(HandoffWork):
    next: HandoffNext


class ParallelState(Part):
    """Runs branches side by side until each has reached `join`."""

    type: Literal["parallel"]
    branches: Annotated[dict[Name, StateId], Field(min_length=1)]
    join: StateId
    max_visits: Maybe[Positive] = None


class EndState(Part):
    """Ends the run; success needs an output."""

    type: Literal["end"]
    outcome: Literal["succeeded", "rejected", "failed"]
    output: Binding = None
    artifacts: Artifacts = Field(default_factory=dict[str, str])

    @property
    def has_output(self) -> bool:
        """Whether an output is bound, be it null."""
        return "output" in self.model_fields_set

    @model_validator(mode="after")
    def _success_has_output(self) -> Self:
        if self.outcome == "succeeded" and not self.has_output:
            refuse(Wrong("missing-key", (), "", ("output",)))
        return self


RESERVED_STEPS = ("done", "call", "work", "task")
"""States that forms make by themselves, and the root of references to the input."""
KNOWN_TO_PROMPTS = ("agent", "tools", "handoffs", "loop")
"""Names that have their value in prompts while compiling, so that no slot may begin with one."""


def _not_reserved(value: str) -> str:
    if value in RESERVED_STEPS:
        refuse(
            Wrong("wrong-type", (), f"`{value}`", ("a step id that is not `done`, `call`, `work` or `task`",))
        )
    if value in KNOWN_TO_PROMPTS:
        refuse(
            Wrong("wrong-type", (), f"`{value}`", (f"a step id that is not `{value}`, which prompts know",))
        )
    return value


StepId = Annotated[
    str, Word("a step id such as `outline`", "[A-Za-z_][A-Za-z0-9_-]*"), AfterValidator(_not_reserved)
]


class ContextStep(ContextWork):
    id: StepId


class ModelStep(ModelWork):
    id: StepId


class ToolStep(ToolWork):
    type: Literal["tool"] = "tool"
    id: StepId


class ApprovalStep(ApprovalWork):
    id: StepId


class CheckStep(CheckWork):
    id: StepId


class MemoryStep(MemoryWork):
    id: StepId


class HandoffStep(HandoffWork):
    id: StepId


STEP_TYPES = ("context", "model", "tool", "approval", "check", "memory", "handoff")
STATE_TYPES = (*STEP_TYPES, "parallel", "end")

State: TypeAlias = Annotated[
    Annotated[ContextState, Tag("context state")]
    | Annotated[ModelState, Tag("model state")]
    | Annotated[ToolState, Tag("tool state")]
    | Annotated[ApprovalState, Tag("approval state")]
    | Annotated[CheckState, Tag("check state")]
    | Annotated[MemoryState, Tag("memory state")]
    | Annotated[HandoffState, Tag("handoff state")]
    | Annotated[ParallelState, Tag("parallel state")]
    | Annotated[EndState, Tag("end state")],
    by_type("state", STATE_TYPES),
]
Step: TypeAlias = Annotated[
    Annotated[ContextStep, Tag("context step")]
    | Annotated[ModelStep, Tag("model step")]
    | Annotated[ToolStep, Tag("tool step")]
    | Annotated[ApprovalStep, Tag("approval step")]
    | Annotated[CheckStep, Tag("check step")]
    | Annotated[MemoryStep, Tag("memory step")]
    | Annotated[HandoffStep, Tag("handoff step")],
    by_type("step", STEP_TYPES, default="tool"),
]
