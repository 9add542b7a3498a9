"""The events of a run: what its journal holds, and all that its state is folded from.

Events are facts in the past tense, frozen and versioned. JSON values (inputs, arguments, outputs) stand as their
canonical JSON text, after redaction. A `call` is the wire key `run id:sequence` of the event that intended it.
Format version 0.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from remit_runtime.bundle.graph import Budget
from remit_runtime.bundle.words import TerminalReason
from remit_runtime.canonical import Digest

VERSION = 0


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """The root of every event; each kind has its own tag."""


class Spend(Event, frozen=True):
    """What a call reserves or has used. Money in micro-US-dollars, time in milliseconds."""

    model_calls: int = 0
    tool_calls: int = 0
    microusd: int = 0


class RunStarted(Event, frozen=True, tag="run_started"):
    """A run began. `workspaces` are (name, commit); `asserted_user` says that the user was claimed, not proved."""

    agent: str
    version: str
    closure: Digest
    bundle: Digest
    environment: str
    task: str
    input: str
    workspaces: tuple[tuple[str, str], ...]
    user: str
    asserted_user: bool
    tenant: str | None
    budget: Budget
    parent: str | None
    model_adapter: str
    deadline_ms: int


class StateEntered(Event, frozen=True, tag="state_entered"):
    """A state became active; `branch` names the parallel branches around it, outermost first."""

    state: str
    visit: int
    branch: tuple[str, ...] = ()


class OutputAccepted(Event, frozen=True, tag="output_accepted"):
    """A state ended with an outcome; its output, if any, is what `${state}` now means.

    `detail` says why, where the outcome is no success.
    """

    state: str
    outcome: str
    output: str | None
    next: str | None
    branch: tuple[str, ...] = ()
    detail: str | None = None


class ModelIntended(Event, frozen=True, tag="model_intended"):
    call: str
    state: str
    model: str
    attempt: int
    request: Digest
    reserved: Spend


class ModelSettled(Event, frozen=True, tag="model_settled"):
    """A model answered, or failed to. `decision` is the accepted decision as JSON; unknown usage is charged whole.

    `detail` says in a sentence what was wrong where the outcome is not `ok`.
    """

    call: str
    state: str
    outcome: Literal["ok", "invalid", "error"]
    code: str | None
    decision: str | None
    input_tokens: int | None
    output_tokens: int | None
    spent: Spend
    detail: str | None = None


class ToolDecided(Event, frozen=True, tag="tool_decided"):
    """The gateway's decision on one call, with the rules that made it. A denial before policy names its stage."""

    call: str
    state: str
    tool: str
    arguments: str
    arguments_digest: Digest
    resource_type: str | None
    resource: str | None
    facts: tuple[tuple[str, bool], ...]
    outcome: Literal["allow", "deny", "require_approval"]
    stage: str
    code: str
    reason: str
    rules: tuple[str, ...]
    approvals: tuple[str, ...]
    request: Digest | None


class ToolIntended(Event, frozen=True, tag="tool_intended"):
    """From here on the call may have left the process. `recovery` says what an open intent asks of who resumes.

    `executable` names the program that is started, and the digest of its file.
    """

    call: str
    state: str
    tool: str
    reserved: Spend
    sandbox: str
    recovery: Literal["idempotent", "probe", "manual"] = "manual"
    executable: str | None = None


class ToolSettled(Event, frozen=True, tag="tool_settled"):
    """How an intended call ended. After the send a failure is `error` or `unknown`, never "nothing happened"."""

    call: str
    state: str
    tool: str
    outcome: Literal["ok", "error", "unknown"]
    code: str | None
    output: str | None
    output_digest: Digest | None
    redactions: tuple[str, ...]
    spent: Spend


class ApprovalRequested(Event, frozen=True, tag="approval_requested"):
    approval: str
    requirement: str
    state: str
    subject: Digest
    shown: str
    expires_ms: int


class ApprovalSettled(Event, frozen=True, tag="approval_settled"):
    approval: str
    state: str
    outcome: Literal["approved", "denied", "expired"]
    by: tuple[str, ...]


class ChildStarted(Event, frozen=True, tag="child_started"):
    state: str
    child: str
    agent: str
    input: str
    budget: Budget


class ChildEnded(Event, frozen=True, tag="child_ended"):
    state: str
    child: str
    reason: TerminalReason
    output: str | None


class ArtifactKept(Event, frozen=True):
    name: str
    digest: Digest
    length: int


class RunEnded(Event, frozen=True, tag="run_ended"):
    """The one terminal event of a run; `detail` says in a sentence why."""

    reason: TerminalReason
    detail: str
    output: str | None
    artifacts: tuple[ArtifactKept, ...]


RunEvent = (
    RunStarted
    | StateEntered
    | OutputAccepted
    | ModelIntended
    | ModelSettled
    | ToolDecided
    | ToolIntended
    | ToolSettled
    | ApprovalRequested
    | ApprovalSettled
    | ChildStarted
    | ChildEnded
    | RunEnded
)
