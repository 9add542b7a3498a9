"""What a state does, without where it goes: the same for a state of a graph and a step of a workflow."""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from remit.definitions.budget import PartialBudget
from remit.definitions.shape import Shape
from remit.definitions.text import TextSource
from remit.definitions.words import (
    AgentId,
    ApprovalId,
    Binding,
    Bindings,
    ContextSourceId,
    Distinct,
    Mark,
    Maybe,
    MemoryScopeId,
    Name,
    Part,
    Positive,
    ReferencePath,
    ToolId,
    Word,
    Wrong,
    exactly_one,
    only_with,
    refuse,
)


class ContextWork(Part):
    """Builds a context packet; without `sources`, from those that the agent requires."""

    type: Literal["context"]
    sources: Maybe[Distinct[ContextSourceId]] = None
    max_visits: Maybe[Positive] = None


class ModelWork(Part):
    """Asks a model for one decision; without `decides`, for the agent's output."""

    type: Literal["model"]
    prompt: Maybe[TextSource] = None
    tools: Distinct[ToolId] = ()
    handoffs: Distinct[AgentId] = ()
    decides: Maybe[Shape] = None
    max_visits: Maybe[Positive] = None


class ToolWork(Part):
    """Calls a tool with bound arguments."""

    type: Literal["tool"]
    tool: ToolId
    args: Bindings = Field(default_factory=dict[str, Any])
    max_visits: Maybe[Positive] = None


class ApprovalWork(Part):
    """Waits for people, who see what `show` names."""

    type: Literal["approval"]
    approval: ApprovalId
    show: Distinct[ReferencePath] = ()
    max_visits: Maybe[Positive] = None


class CheckWork(Part):
    """Holds named values against a shape."""

    type: Literal["check"]
    values: Bindings
    shape: Shape = Field(alias="schema")
    max_visits: Maybe[Positive] = None


class MemoryWork(Part):
    """Reads or writes a memory scope: exactly one of `read` and `write` is given, and `value` with `write`."""

    type: Literal["memory"]
    read: Maybe[MemoryScopeId] = None
    write: Maybe[MemoryScopeId] = None
    value: Binding = None
    max_visits: Maybe[Positive] = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        exactly_one(self, ("read", "write"))
        only_with(self, "value", self.write is not None, "read")
        if self.write is not None and "value" not in self.model_fields_set:
            refuse(Wrong("missing-key", (), "", ("value",)))
        return self


class HandoffWork(Part):
    """Runs another agent as a child; without `task`, its only one."""

    type: Literal["handoff"]
    agent: AgentId
    task: Maybe[Name] = None
    input: Bindings = Field(default_factory=dict[str, Any])
    budget: Maybe[PartialBudget] = None
    max_visits: Maybe[Positive] = None


ArtifactName = Annotated[str, Word("a file name such as `report.json`", "[A-Za-z0-9][A-Za-z0-9._-]*")]
WholeReference = Annotated[
    str, Word("one reference such as `${review}`", r"\$\{[^{}]*\}", longest=500), Mark("binding")
]
"""A text that is one reference and nothing else."""
Artifacts: TypeAlias = dict[ArtifactName, WholeReference]
