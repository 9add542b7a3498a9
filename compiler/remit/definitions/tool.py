"""Tool: an action, its effect, its arguments, its limits, and how the gateway performs it."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, Field, Tag, model_validator

from remit.definitions.choice import text_or
from remit.definitions.http import Http
from remit.definitions.metadata import OwnedMetadata, ToolMetadata
from remit.definitions.placeholders import Placeholder, placeholders
from remit.definitions.words import (
    ApiVersion,
    ArgumentType,
    CredentialId,
    Distinct,
    Effect,
    FieldPath,
    Id,
    Json,
    Mark,
    Maybe,
    McpServerId,
    Name,
    Part,
    PathText,
    Positive,
    SomeDistinct,
    Text,
    ToolId,
    ToolListPath,
    TypeName,
    Url,
    Word,
    Wrong,
    exactly_one,
    only_with,
    refuse,
)

SchemaSource: TypeAlias = Annotated[
    Annotated[PathText, Tag("plain text")] | Annotated[dict[str, Json], Tag("inline schema")],
    text_or("inline schema", "a JSON Schema, or the path of one"),
    Mark("schema"),
]
"""The path of a JSON Schema (`str`), or the schema itself, whose numbers may be `Decimal`."""


# ---- what it touches


class ResourceUse(Part):
    """The resource of a call: the one that the argument `arg` names, or always the one with this `id`."""

    type: TypeName
    arg: Maybe[Name] = None
    id: Maybe[Text] = None

    @model_validator(mode="after")
    def _named_or_fixed(self) -> Self:
        exactly_one(self, ("arg", "id"))
        return self


class Argument(Part):
    """What an argument of an effect is for."""

    role: Literal["target", "value", "detail", "content"]
    type: Maybe[ArgumentType] = None


class OutputTrust(Part):
    """Why a field of the output may be believed; exactly one."""

    vouches: Maybe[ArgumentType] = None
    directory: Maybe[ArgumentType] = None
    minted: Maybe[ArgumentType] = None
    keys: Maybe[ArgumentType] = None

    @property
    def trust(self) -> Literal["vouches", "directory", "minted", "keys"]:
        """The reason that is given."""
        reasons: tuple[Literal["vouches", "directory", "minted", "keys"], ...] = (
            "vouches",
            "directory",
            "minted",
            "keys",
        )
        return next(reason for reason in reasons if getattr(self, reason) is not None)

    @property
    def type(self) -> str:
        """The type of what is believed."""
        return self.vouches or self.directory or self.minted or self.keys or ""

    @model_validator(mode="after")
    def _one_reason(self) -> Self:
        exactly_one(self, ("vouches", "directory", "minted", "keys"))
        return self


# ---- how it fails and what it may use


class Recovery(Part):
    """What to do when a run resumes after a call whose outcome nobody knows."""

    mode: Literal["idempotent", "probe", "manual"]
    probe_by: SomeDistinct[Name] = ()
    probe_tool: Maybe[ToolId] = None
    probe_mark: Maybe[Name] = None

    @model_validator(mode="after")
    def _probes_by_something(self) -> Self:
        for key in ("probe_by", "probe_tool", "probe_mark"):
            only_with(self, key, self.mode == "probe", f"mode: {self.mode}")
        if (self.probe_tool is None) != (self.probe_mark is None):
            refuse(Wrong("missing-key", (), "", ("probe_tool" if self.probe_tool is None else "probe_mark",)))
        if self.mode == "probe" and not self.probe_by:
            refuse(Wrong("missing-key", (), "", ("probe_by",)))
        return self


class Limits(Part):
    timeout_seconds: Positive = 30
    rate_per_minute: Maybe[Positive] = None
    max_output_bytes: Positive = 1_000_000
    attempts: Positive = 1


class CredentialUse(Part):
    """The credential that the gateway leases for a call."""

    ref: CredentialId
    scopes: Distinct[Text]
    ttl_seconds: Positive


# ---- how it is performed

_PROGRAM = Word("the name of a program such as `git`", "[A-Za-z0-9][A-Za-z0-9._+-]*")


def _is_command_line(argv: tuple[str, ...]) -> tuple[str, ...]:
    wrongs = [
        Wrong("wrong-type", (i,), f"`{part}`", (expected,))
        for i, part in enumerate(argv)
        if (expected := _expected_of_element(i, part)) is not None
    ]
    if wrongs:
        refuse(*wrongs)
    return argv


def _expected_of_element(index: int, element: str) -> str | None:
    """What an element of a command line should have been, None where it is one."""
    if index == 0:
        return None if _PROGRAM.form.fullmatch(element) else _PROGRAM.expected
    if "\0" in element:
        return "text without a NUL"
    pieces = placeholders(element)
    if pieces is None:
        return "`{argument}`, or `{{` and `}}` for braces"
    if any(isinstance(piece, Placeholder) and piece.keeps_slashes for piece in pieces):
        return "`{argument}`: only addresses have `{+argument}`"
    several = sum(isinstance(piece, Placeholder) for piece in pieces) > 1
    return "at most one `{argument}` in an element" if several else None


Argv = Annotated[tuple[str, ...], Field(strict=False, min_length=1), AfterValidator(_is_command_line)]
Workspace = Annotated[str, Word("the name of a workspace such as `repository`", "[a-z][a-z0-9_-]*")]
ExitCode = Annotated[int, Field(ge=0, le=255)]


class Process(Part):
    """A local program, started without a shell; `argv[0]` is its name, the rest may hold `{argument}`."""

    argv: Argv
    stdin: Literal["none", "arguments"] = "none"
    output: Literal["text", "lines", "nul", "json"] = "text"
    ok_exit_codes: SomeDistinct[ExitCode] = (0,)
    workspace: Workspace = "repository"
    sandbox: Literal["read_only", "scratch"] = "read_only"
    executes_repository: bool = False


class Mcp(Part):
    """A pinned tool of a McpServer."""

    server: McpServerId
    tool: Text


class Python(Part):
    """A function in a wheel, run out of process."""

    wheel: Annotated[str, Word("the file name of a wheel", r"[A-Za-z0-9][A-Za-z0-9._+!-]*\.whl", longest=255)]
    digest: Annotated[str, Word("a digest such as `sha256:...`", "sha256:[0-9a-f]{64}")]
    entry: Annotated[str, Word("an entry such as `package.module:function`", r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")]


class Implementation(Part):
    """How a tool is performed; exactly one way."""

    process: Maybe[Process] = None
    http: Maybe[Http] = None
    mcp: Maybe[Mcp] = None
    python: Maybe[Python] = None

    @property
    def way(self) -> Process | Http | Mcp | Python:
        """The way that is given."""
        way = self.process or self.http or self.mcp or self.python
        if way is None:
            raise RuntimeError("an implementation was made without a way")
        return way

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        exactly_one(self, ("process", "http", "mcp", "python"))
        return self


# ---- the tool


class ToolSpec(Part):
    """What a tool does. `declared_...` are the keys as they stand; the properties of `Tool` fill in defaults."""

    declared_capability: Maybe[Id] = Field(default=None, alias="capability")
    effect: Effect
    declared_resource: Maybe[ResourceUse] = Field(default=None, alias="resource")
    input: SchemaSource
    output: SchemaSource
    arguments: dict[Name, Argument] = Field(default_factory=dict[str, Argument])
    output_trust: dict[FieldPath, OutputTrust] = Field(default_factory=dict[str, OutputTrust])
    destructive: bool = False
    declared_recovery: Maybe[Recovery] = Field(default=None, alias="recovery")
    limits: Limits = Field(default_factory=Limits)
    credential: Maybe[CredentialUse] = None
    implementation: Implementation

    @property
    def recovery(self) -> Recovery:
        """The recovery that is in force: `idempotent` for what only reads, else `manual`, if none is declared."""
        return self.declared_recovery or Recovery(mode="idempotent" if self.effect == "read" else "manual")

    @model_validator(mode="after")
    def _repeats_only_what_may_be_repeated(self) -> Self:
        if self.recovery.probe_mark is not None and not self._is_marked(self.recovery.probe_mark):
            refuse(Wrong("exclusive-keys", ("recovery", "probe_mark"), "probe_mark", ("body: arguments",)))
        if self.limits.attempts > 1 and self.effect != "read" and self.recovery.mode != "idempotent":
            effect = f"effect: {self.effect}"
            refuse(Wrong("exclusive-keys", ("limits", "attempts"), "attempts", (effect,)))
        return self

    def _is_marked(self, argument: str) -> bool:
        """Whether an argument goes into the body of a request, where a mark can stand behind it."""
        http = self.implementation.http
        return http is not None and http.body == "arguments" and argument not in http.query


class Tool(Part):
    """One version of one tool."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Tool"]
    metadata: ToolMetadata
    spec: ToolSpec

    @property
    def capability(self) -> str:
        """What it does in the words of policies: its id where it declares none."""
        return self.spec.declared_capability or self.metadata.id

    @property
    def resource(self) -> ResourceUse:
        """What it touches: itself where it declares nothing."""
        return self.spec.declared_resource or ResourceUse(type="Tool", id=self.metadata.id)


class Stdio(Part):
    argv: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class HttpTransport(Part):
    url: Url


class Transport(Part):
    """How the gateway reaches a server; exactly one way."""

    stdio: Maybe[Stdio] = None
    http: Maybe[HttpTransport] = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        exactly_one(self, ("stdio", "http"))
        return self


class McpServerSpec(Part):
    transport: Transport
    definitions: ToolListPath
    credential: Maybe[CredentialUse] = None


class McpServer(Part):
    """A server of tools, with the reviewed result of its `tools/list` in a file."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["McpServer"]
    metadata: OwnedMetadata
    spec: McpServerSpec
