"""An agent version and what it names: tasks, grants, models, prompts, limits, and the duties it needs."""

from __future__ import annotations

from typing import Literal

from remit_runtime.bundle.graph import Binding, Budget, GraphIR, Reference
from remit_runtime.bundle.words import Autonomy, Risk, Struct
from remit_runtime.canonical import Digest


class TaskType(Struct, frozen=True):
    name: str
    schema: Digest


class ToolUse(Struct, frozen=True):
    """A granted tool, pinned by the digest of its `ToolIR` object."""

    id: str
    version: str
    object: Digest


class ModelUse(Struct, frozen=True):
    """An allowed model, in order of preference, pinned by the digest of its `ModelIR` object."""

    id: str
    object: Digest


class Guardrails(Struct, frozen=True):
    min_evidence_per_finding: int
    block_on_secret_exposure: bool


class ContextSourceIR(Struct, frozen=True):
    """Where a part of a context packet comes from: the task's input, a file of the workspace, or a read of a tool."""

    id: str
    type: Literal["task", "file", "tool"]
    path: str | None
    tool: str | None
    args: Binding | None
    trust: Literal["trusted", "untrusted"]
    max_tokens: int
    max_age_milliseconds: int | None


class SourceUse(Struct, frozen=True):
    """A context source that an agent names, pinned by the digest of its `ContextSourceIR` object."""

    id: str
    object: Digest


class ContextLimits(Struct, frozen=True):
    """`sources` pins everything that `required`, `optional` and the context states name, sorted by id."""

    max_input_tokens: int
    required: tuple[str, ...]
    optional: tuple[str, ...]
    sources: tuple[SourceUse, ...] = ()


class MemoryGrant(Struct, frozen=True):
    read: tuple[str, ...]
    write: tuple[str, ...]


class Observability(Struct, frozen=True):
    trace: Literal["required", "optional"]
    content: Literal["redacted", "none", "full"]
    audit_retention_days: int


class AgentIR(Struct, frozen=True):
    """One agent version. The digest of this object is its closure digest."""

    id: str
    version: str
    risk: Risk
    autonomy: Autonomy
    tasks: tuple[TaskType, ...]
    output: Digest
    graph: GraphIR
    tools: tuple[ToolUse, ...]
    denied_tools: tuple[str, ...]
    models: tuple[ModelUse, ...]
    fallback: Literal["none", "in_order"]
    reasoning_budget: Literal["none", "low", "medium", "high"]
    context: ContextLimits
    memory: MemoryGrant
    data_classes: tuple[str, ...]
    guardrails: Guardrails
    budget: Budget
    observability: Observability
    output_trust: Literal["untrusted"]
    duties: tuple[str, ...]


class Slot(Struct, frozen=True, tag="slot"):
    """A value the runtime fills in; one that is not trusted is fenced."""

    value: Reference
    trusted: bool


class LiteralText(Struct, frozen=True, tag="literal"):
    text: str


class PromptIR(Struct, frozen=True):
    """A prompt after partial evaluation: literal and slot segments."""

    segments: tuple[LiteralText | Slot, ...]


class ModelIR(Struct, frozen=True):
    """A model an agent may use. `provider` is `scripted` or the name of an adapter; `api` the wire form it speaks.

    `price_source` says which table the prices stand in; `credential_object` pins the `CredentialIR`.
    """

    id: str
    provider: str
    model: str
    endpoint: str | None
    context_tokens: int
    max_output_tokens: int
    capabilities: tuple[str, ...]
    residency: tuple[str, ...]
    input_microusd_per_million: int
    output_microusd_per_million: int
    credential: str | None
    api: Literal["chat", "responses"] = "chat"
    price_source: str = "definition"
    credential_object: Digest | None = None
