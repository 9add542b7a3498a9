"""A tool: what it touches, what it takes and gives, its limits, and how the gateway performs it."""

from __future__ import annotations

from typing import Literal

from remit_runtime.bundle.words import Effect, Struct
from remit_runtime.canonical import Digest


class Argument(Struct, frozen=True):
    """What an argument of an effect is for (research: argument provenance)."""

    name: str
    role: Literal["target", "value", "detail", "content"]
    type: str


class TrustedField(Struct, frozen=True):
    path: str
    trust: Literal["vouches", "directory", "minted", "keys"]
    type: str


class ResourceBinding(Struct, frozen=True):
    """The resource a call touches: its type, and either the argument that names it or its fixed id."""

    type: str
    arg: str | None
    id: str | None


class Recovery(Struct, frozen=True):
    """What an open call asks of who resumes its run.

    With `probe_tool` the gateway marks the argument `probe_mark` of a request with the call's key, and who resumes
    calls that tool with the arguments `probe_by` and looks for the mark in the same field of what it gives back.
    """

    mode: Literal["idempotent", "probe", "manual"]
    probe_by: tuple[str, ...]
    probe_tool: str | None = None
    probe_mark: str | None = None


class Limits(Struct, frozen=True):
    timeout_milliseconds: int
    rate_per_minute: int | None
    max_output_bytes: int
    attempts: int


class CredentialIR(Struct, frozen=True):
    """Where the gateway finds a secret, and whom it may be shown to. Exactly one of `env` and `file` is set."""

    id: str
    env: str | None
    file: str | None
    hosts: tuple[str, ...]
    scopes: tuple[str, ...]
    max_ttl_seconds: int


class CredentialUse(Struct, frozen=True):
    """The credential that is leased for a call; `object` pins its `CredentialIR`."""

    ref: str
    scopes: tuple[str, ...]
    ttl_seconds: int
    object: Digest | None = None


class ArgvPart(Struct, frozen=True):
    """One element of a command line: literal text, or text around one argument.

    `arg` is the argument put between `before` and `after`. An absent optional argument drops the element; an
    array argument that is the whole element gives one element per item.
    """

    before: str
    arg: str | None
    after: str


class ProcessIR(Struct, frozen=True, tag="process"):
    """A local program. `executable` is a name that the runtime resolves from its own allow-list."""

    executable: str
    argv: tuple[ArgvPart, ...]
    stdin: Literal["none", "arguments"]
    output: Literal["text", "lines", "nul", "json"]
    ok_exit_codes: tuple[int, ...]
    sandbox: Literal["read_only", "scratch"]
    workspace: str | None
    executes_repository: bool


class Selected(Struct, frozen=True):
    """One field of an output that is picked from an answer: its name, and the steps to it in the answer."""

    name: str
    path: tuple[str, ...]


class HttpIR(Struct, frozen=True, tag="http"):
    """A request. In the path of `url` `{name}` is percent-encoded and `{+name}` keeps its slashes (RFC 6570 §3.2.3).

    `query` and `headers` are sent as they are named; `body` holds the arguments that stand nowhere else. `select`
    picks fields from an object, or from every item of an array, which becomes `{items: []}`.
    """

    method: str
    url: str
    hosts: tuple[str, ...]
    body: Literal["none", "arguments"]
    query: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    output: Literal["json", "text"] = "json"
    ok_statuses: tuple[int, ...] = (200, 201, 202, 204)
    select: tuple[Selected, ...] = ()


class McpIR(Struct, frozen=True, tag="mcp"):
    server: str
    tool: str
    definition: Digest


class PythonIR(Struct, frozen=True, tag="python"):
    wheel: str
    digest: Digest
    entry: str


class ToolIR(Struct, frozen=True):
    id: str
    version: str
    capability: str
    effect: Effect
    destructive: bool
    resource: ResourceBinding
    input: Digest
    output: Digest
    arguments: tuple[Argument, ...]
    trusted_output: tuple[TrustedField, ...]
    recovery: Recovery
    limits: Limits
    credential: CredentialUse | None
    implementation: ProcessIR | HttpIR | McpIR | PythonIR
