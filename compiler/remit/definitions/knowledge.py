"""What agents know: classes of data, sources of context, scopes of memory."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from remit.definitions.metadata import Metadata
from remit.definitions.words import (
    ApiVersion,
    Bindings,
    Id,
    Maybe,
    Part,
    Positive,
    SomeDistinct,
    ToolId,
    Word,
    WorkspacePath,
    Wrong,
    only_with,
    refuse,
)


def _compiles(pattern: str) -> str:
    import re
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        refuse(Wrong("wrong-type", (), f"`{pattern}`", ("a Python regular expression",)))
    return pattern


Regex = Annotated[str, Word("a regular expression", r"[\s\S]+", longest=1000), AfterValidator(_compiles)]


class DataClassSpec(Part):
    """`patterns` are Python regular expressions by id."""

    sensitivity: Literal["public", "internal", "confidential", "secret"]
    redact: bool = False
    patterns: dict[Id, Regex] = Field(default_factory=dict[str, str])


class DataClass(Part):
    """A label of data; with `redact`, what its patterns match never leaves the gateway."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["DataClass"]
    metadata: Metadata
    spec: DataClassSpec


class ContextSourceSpec(Part):
    type: Literal["task", "file", "tool"]
    path: Maybe[WorkspacePath] = None
    tool: Maybe[ToolId] = None
    args: Bindings = Field(default_factory=dict[str, Any])
    trust: Literal["trusted", "untrusted"] = "untrusted"
    max_tokens: Positive = 4000
    max_age_minutes: Maybe[Positive] = None

    @model_validator(mode="after")
    def _keys_suit_the_type(self) -> Self:
        where = f"type: {self.type}"
        only_with(self, "path", self.type == "file", where)
        only_with(self, "tool", self.type == "tool", where)
        only_with(self, "args", self.type == "tool", where)
        if self.type == "file" and self.path is None:
            refuse(Wrong("missing-key", (), "", ("path",)))
        if self.type == "tool" and self.tool is None:
            refuse(Wrong("missing-key", (), "", ("tool",)))
        if self.type != "file" and self.trust == "trusted":
            # What a tool gives and what a task brings is untrusted whatever a definition says.
            refuse(Wrong("unknown-value", ("trust",), self.trust, ("untrusted",)))
        return self


class ContextSource(Part):
    """Where a packet of context comes from."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["ContextSource"]
    metadata: Metadata
    spec: ContextSourceSpec


class MemoryScopeSpec(Part):
    memory: Literal["episodic", "semantic", "procedural", "preference"]
    namespace: SomeDistinct[Literal["tenant", "agent", "user"]]
    retention_days: Positive
    review: Literal["required", "not_required"] = "required"


class MemoryScope(Part):
    """What agents keep between runs, for whom and for how long."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["MemoryScope"]
    metadata: Metadata
    spec: MemoryScopeSpec
