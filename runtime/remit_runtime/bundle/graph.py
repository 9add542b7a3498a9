"""The state graph of an agent: bindings of values, the states, and where each goes next."""

from __future__ import annotations

from typing import Literal

from remit_runtime.bundle.words import Outcome, Struct
from remit_runtime.canonical import Digest


class Constant(Struct, frozen=True, tag="constant"):
    """A JSON value, as canonical JSON text."""

    json: str


class Reference(Struct, frozen=True, tag="reference"):
    """`${a.b.0}`: `root` is `task` or a state id, `path` the steps below it (digits index arrays)."""

    root: str
    path: tuple[str, ...] = ()


class Text(Struct, frozen=True, tag="text"):
    """A string with embedded references, which take scalars only: literal, reference, literal, ..."""

    parts: tuple[Constant | Reference, ...]


class ObjectOf(Struct, frozen=True, tag="object"):
    """An object of bindings, sorted by key."""

    fields: tuple[tuple[str, Binding], ...]


class ArrayOf(Struct, frozen=True, tag="array"):
    items: tuple[Binding, ...]


Binding = Constant | Reference | Text | ObjectOf | ArrayOf


class Match(Struct, frozen=True):
    """One field of a `when` pattern: the value at `path` equals one of `values` (canonical JSON texts)."""

    path: tuple[str, ...]
    values: tuple[str, ...]


class Route(Struct, frozen=True):
    """Where a model state goes: the first route whose matches all hold; no matches is the default."""

    to: str
    when: tuple[Match, ...] = ()


class CallEdge(Struct, frozen=True):
    """A tool that a decide state offers, and the call state that performs it."""

    tool: str
    state: str


class HandoffEdge(Struct, frozen=True):
    """An agent that a decide state may hand its run to, and the handoff state that performs it."""

    agent: str
    state: str


class Budget(Struct, frozen=True):
    """Hard limits of one run. Money in micro-US-dollars, time in milliseconds."""

    steps: int
    model_calls: int
    tool_calls: int
    microusd: int
    milliseconds: int


class ContextState(Struct, frozen=True, tag="context"):
    id: str
    sources: tuple[str, ...]
    next: str
    max_visits: int | None = None


class DecideState(Struct, frozen=True, tag="decide"):
    """One model decision a visit: call, respond, handoff or ask."""

    id: str
    prompt: Digest
    calls: tuple[CallEdge, ...]
    handoffs: tuple[HandoffEdge, ...]
    decides: Digest | None
    max_visits: int | None
    routes: tuple[Route, ...]
    exhausted: str | None
    error: str | None


class CallState(Struct, frozen=True, tag="call"):
    """The tool call a decide state chose: arguments are the model's; the result goes to that state's transcript."""

    id: str
    tool: str
    back: str


class ToolState(Struct, frozen=True, tag="tool"):
    """A tool call whose arguments the definition binds. An unrouted outcome ends the run as failed."""

    id: str
    tool: str
    args: Binding
    ok: str
    denied: str | None
    error: str | None
    max_visits: int | None


class ApprovalState(Struct, frozen=True, tag="approval"):
    id: str
    approval: str
    show: tuple[Reference, ...]
    approved: str
    denied: str | None
    expired: str | None
    max_visits: int | None = None


class CheckState(Struct, frozen=True, tag="check"):
    """A JSON Schema over named values; the values are the state's output."""

    id: str
    schema: Digest
    values: Binding
    passed: str
    failed: str | None
    max_visits: int | None = None


class MemoryState(Struct, frozen=True, tag="memory"):
    id: str
    operation: Literal["read", "write"]
    scope: str
    value: Binding | None
    next: str
    denied: str | None
    max_visits: int | None = None


class HandoffState(Struct, frozen=True, tag="handoff"):
    """A child run of another agent of the same bundle. `chosen_by` names the decide state whose model chose it.

    `object` pins the child: it is the digest of the agent that is handed to, so that a closure covers it.
    """

    id: str
    agent: str
    task: str
    input: Binding | None
    chosen_by: str | None
    share: Budget | None
    ok: str
    failed: str | None
    max_visits: int | None = None
    object: Digest | None = None


class Branch(Struct, frozen=True):
    name: str
    start: str


class ParallelState(Struct, frozen=True, tag="parallel"):
    """Starts every branch; a branch is done when it reaches `join`. Output: {branch: its last state's output}."""

    id: str
    branches: tuple[Branch, ...]
    join: str
    max_visits: int | None = None


class Artifact(Struct, frozen=True):
    """A file the run leaves behind: a string is written as UTF-8 text, any other value as JSON."""

    name: str
    value: Reference


class EndState(Struct, frozen=True, tag="end"):
    id: str
    outcome: Outcome
    output: Binding | None
    artifacts: tuple[Artifact, ...]


State = (
    ContextState
    | DecideState
    | CallState
    | ToolState
    | ApprovalState
    | CheckState
    | MemoryState
    | HandoffState
    | ParallelState
    | EndState
)


class GraphIR(Struct, frozen=True):
    start: str
    states: tuple[State, ...]
