"""Agent: what it is for, what it may use, and how it works."""

from typing import Annotated, Any, Literal, Self, TypeAlias, cast

from pydantic import BeforeValidator, Field, model_validator

from remit.definitions.budget import Budget, default_budget
from remit.definitions.metadata import AgentMetadata
from remit.definitions.shape import Shape
from remit.definitions.state import Step, StepId
from remit.definitions.text import TextSource
from remit.definitions.words import (
    ApiVersion,
    Binding,
    Bindings,
    ContextSourceId,
    Count,
    DataClassId,
    Distinct,
    GraphPath,
    Maybe,
    MemoryScopeId,
    ModelId,
    Name,
    Part,
    Positive,
    ShortForm,
    SuiteId,
    Text,
    ToolId,
    Wrong,
    each_once,
    exactly_one,
    refuse,
)
from remit.definitions.work import Artifacts

Autonomy = Literal["advisory", "propose", "act_with_approval", "autonomous"]
Form = Literal["graph", "function", "chain", "workflow", "loop"]
GATHER = "gather"
"""The context state with which the forms `loop` and `chain` begin where the agent has context sources."""
CALL, LOOP, DONE = "call", "work", "done"
"""The tool state of the form `function`, the model state of the form `loop`, and the end of every form but `graph`."""
FORMS: tuple[Form, ...] = ("graph", "function", "chain", "workflow", "loop")


# ---- orchestration


class FunctionForm(Part):
    """One call of one tool; `output` is what `done` gives, `${call}` where it is left out."""

    tool: ToolId
    args: Bindings = Field(default_factory=dict[str, Any])
    output: Binding = "${call}"


class ChainStep(Part):
    """A model state without tools; without `decides`, it decides the agent's output."""

    id: StepId
    prompt: TextSource
    decides: Maybe[Shape] = None


class ChainForm(Part):
    """Model states one after the other."""

    steps: Annotated[tuple[ChainStep, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _step_ids_differ(self) -> Self:
        each_once("steps", [step.id for step in self.steps])
        return self


class WorkflowForm(Part):
    """States one after the other."""

    steps: Annotated[tuple[Step, ...], Field(strict=False, min_length=1)]
    output: Binding
    artifacts: Artifacts = Field(default_factory=dict[str, str])

    @model_validator(mode="after")
    def _step_ids_differ(self) -> Self:
        each_once("steps", [step.id for step in self.steps])
        return self


class LoopForm(Part):
    """One model state with every granted tool."""


class Orchestration(Part):
    """Exactly one form."""

    graph: Maybe[GraphPath] = None
    function: Maybe[FunctionForm] = None
    chain: Maybe[ChainForm] = None
    workflow: Maybe[WorkflowForm] = None
    loop: Maybe[LoopForm] = None

    @property
    def form(self) -> Form:
        """The form that is given."""
        return next(form for form in FORMS if getattr(self, form) is not None)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        exactly_one(self, FORMS)
        return self


# ---- grants and limits


def _as_allowed(value: object) -> object:
    return {"allowed": cast("object", value)} if isinstance(value, list) else value


class ModelGrant(Part):
    allowed: Distinct[ModelId] = ()
    fallback: Literal["none", "in_order"] = "none"
    reasoning_budget: Literal["none", "low", "medium", "high"] = "none"


def _also_allowed(index: int, tool: str, allowed: tuple[str, ...]) -> Wrong:
    return Wrong("exclusive-keys", ("denied", index), tool, (tool,), ("allowed", allowed.index(tool)))


def _also_required(index: int, source: str, required: tuple[str, ...]) -> Wrong:
    return Wrong(
        "exclusive-keys", ("optional", index), source, (source,), ("required", required.index(source))
    )


class ToolGrant(Part):
    allowed: Distinct[ToolId] = ()
    denied: Distinct[ToolId] = ()

    @model_validator(mode="after")
    def _allowed_or_denied(self) -> Self:
        both = [i for i, tool in enumerate(self.denied) if tool in self.allowed]
        if both:
            refuse(*(_also_allowed(i, self.denied[i], self.allowed) for i in both))
        return self


Models: TypeAlias = Annotated[ModelGrant, BeforeValidator(_as_allowed), ShortForm("array")]
Tools: TypeAlias = Annotated[ToolGrant, BeforeValidator(_as_allowed), ShortForm("array")]


class Context(Part):
    max_input_tokens: Positive = 16_000
    required: Distinct[ContextSourceId] = ()
    optional: Distinct[ContextSourceId] = ()

    @model_validator(mode="after")
    def _required_or_optional(self) -> Self:
        both = [i for i, source in enumerate(self.optional) if source in self.required]
        if both:
            refuse(*(_also_required(i, self.optional[i], self.required) for i in both))
        return self

    @property
    def ranked(self) -> tuple[str, ...]:
        """Every source of the agent, by rank."""
        return (*self.required, *self.optional)


class Memory(Part):
    read: Distinct[MemoryScopeId] = ()
    write: Distinct[MemoryScopeId] = ()


class Guardrails(Part):
    min_evidence_per_finding: Count = 0
    block_on_secret_exposure: Literal[True] = True


class Evaluation(Part):
    suites: Distinct[SuiteId] = ()


class Observability(Part):
    trace: Literal["optional", "required"] = "optional"
    content: Literal["redacted", "none", "full"] = "redacted"
    audit_retention_days: Positive = 365


class AgentSpec(Part):
    """What an agent is; the defaults are frozen with `apiVersion`."""

    purpose: Text
    tasks: Annotated[dict[Name, Shape], Field(min_length=1)]
    output: Shape
    instructions: Maybe[TextSource] = None
    autonomy: Autonomy = "advisory"
    orchestration: Orchestration = Field(default_factory=lambda: Orchestration(loop=LoopForm()))
    models: Models = Field(default_factory=ModelGrant)
    tools: Tools = Field(default_factory=ToolGrant)
    context: Context = Field(default_factory=Context)
    memory: Memory = Field(default_factory=Memory)
    data_classes: Distinct[DataClassId] = ()
    guardrails: Guardrails = Field(default_factory=Guardrails)
    budget: Budget = Field(default_factory=default_budget)
    evaluation: Evaluation = Field(default_factory=Evaluation)
    observability: Observability = Field(default_factory=Observability)

    @model_validator(mode="after")
    def _forms_of_models_have_instructions(self) -> Self:
        if self.instructions is None and self.orchestration.form in ("loop", "chain"):
            refuse(Wrong("missing-key", (), "", ("instructions",)))
        return self

    @model_validator(mode="after")
    def _gather_is_the_form_s_own(self) -> Self:
        chain = self.orchestration.chain
        for index, step in enumerate(chain.steps if chain is not None and self.context.ranked else ()):
            if step.id == GATHER:
                at = ("orchestration", "chain", "steps", index, "id")
                refuse(
                    Wrong(
                        "wrong-type", at, f"`{GATHER}`", ("another step id: the chain gathers context there",)
                    )
                )
        return self


class Agent(Part):
    """One version of one agent."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Agent"]
    metadata: AgentMetadata
    spec: AgentSpec
