"""The events of a run: what its journal holds, and all that its state is folded from.

Events are facts in the past tense, frozen and versioned. JSON values (inputs, arguments, outputs) stand as their
canonical JSON text, after redaction. A `call` is the wire key `run id:sequence` of the event that intended it.
Format version 0.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from remit_runtime.bundle.graph import Budget
from remit_runtime.bundle.words import Effect, TerminalReason
from remit_runtime.canonical import Digest

VERSION = 0

INTERRUPTED = "interrupted"
"""The code of an outcome that nobody saw because the worker died; the call may be made again."""

EMBEDDED = ("email", "url", "iban")
"""The types of values inside a body that need an origin of their own: addresses, links and accounts."""


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """The root of every event; each kind has its own tag, and what has its default value is not written."""


class Spend(Event, frozen=True):
    """What a call reserves or has used. Money in micro-US-dollars, time in milliseconds."""

    model_calls: int = 0
    tool_calls: int = 0
    microusd: int = 0


class RunStarted(Event, frozen=True, tag="run_started"):
    """A run began. `workspaces` are (name, commit); `asserted_user` says that the user was claimed, not proved.

    `script` is the digest of the script that answers for its models; the journal keeps the script under it.
    `trace` and `content` are the agent's, so that spans are derived from events alone.
    `quoted` are the fields of the input that are words of others, not the user's.
    """

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
    script: Digest | None = None
    trace: Literal["required", "optional"] = "optional"
    content: Literal["redacted", "none", "full"] = "redacted"
    quoted: tuple[str, ...] = ()


class RunResumed(Event, frozen=True, tag="run_resumed"):
    """A worker took up a run that had waited for nobody but people, for `waited_ms`: its deadline moves by that."""

    waited_ms: int


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


class PackedSource(Event, frozen=True):
    """A source in a context packet. `freshness_ms` is its age when it was packed, where it has one.

    `origin` says where exactly it was read: a file and its commit, a call, the task; `redactions` what was cut out.
    """

    id: str
    type: Literal["task", "file", "tool"]
    trust: Literal["trusted", "untrusted"]
    freshness_ms: int | None
    tokens: int
    digest: Digest
    text: str
    origin: str = ""
    redactions: tuple[str, ...] = ()


class ExcludedSource(Event, frozen=True):
    """A source that is not in the packet, and why: a stable code and a sentence."""

    id: str
    code: str
    reason: str


class ContextPacked(Event, frozen=True, tag="context_packed"):
    """A context state made a packet. `packet` is its id, the digest of all that is in it; tokens are estimates.

    `failed` names the required source without which the packet is none; the run ends before any model is asked.
    """

    state: str
    packet: Digest
    sources: tuple[PackedSource, ...]
    excluded: tuple[ExcludedSource, ...]
    tokens: int
    failed: str | None = None


class Routing(Event, frozen=True):
    """Why this model was asked: what the question needs, and what the model offers."""

    task: str
    worst_microusd: int
    input_tokens: int
    context_tokens: int
    needs: tuple[str, ...]
    capabilities: tuple[str, ...]
    residency: tuple[str, ...]
    allowed_residency: tuple[str, ...]
    price_source: str


class ModelSkipped(Event, frozen=True, tag="model_skipped"):
    """A model of the agent's list that may not answer this question; the next one is tried."""

    state: str
    model: str
    attempt: int
    code: str
    reason: str
    routing: Routing


class ModelIntended(Event, frozen=True, tag="model_intended"):
    """A model is asked. `credential` is the id of the lease it is asked with, `endpoint` the host that is asked."""

    call: str
    state: str
    model: str
    attempt: int
    request: Digest
    reserved: Spend
    routing: Routing | None = None
    credential: str | None = None
    endpoint: str | None = None


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


class ValueOrigin(Event, frozen=True):
    """Where one value of a call's arguments comes from (docs/provenance.md).

    `path` is the dotted path in the arguments, `digest` of the normalised value; `source` the call, `task` or
    directory that it was found in, `field` the path there. `operands` are the references of an expression.
    """

    path: str
    role: Literal["target", "value", "detail", "content", "undeclared"]
    type: str
    digest: Digest
    origin: Literal[
        "constant",
        "task",
        "authoritative",
        "anchored",
        "directory",
        "derived",
        "untrusted_copy",
        "unknown",
    ]
    trusted: bool
    source: str | None = None
    field: str | None = None
    expression: str | None = None
    operands: tuple[str, ...] = ()

    @property
    def lacks(self) -> bool:
        """Whether the value needs a trusted origin and has none; what is detail or body is free."""
        needs = self.role in ("target", "value", "undeclared") or (
            self.role == "content" and self.type in EMBEDDED
        )
        return needs and not self.trusted


class ToolDecided(Event, frozen=True, tag="tool_decided"):
    """The gateway's decision on one call, with the rules that made it. A denial before policy names its stage.

    `origins` say of each argument value where it comes from, `effect` what the tool does where it is known.
    """

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
    origins: tuple[ValueOrigin, ...] = ()
    effect: Effect | None = None


class ToolIntended(Event, frozen=True, tag="tool_intended"):
    """From here on the call may have left the process. `recovery` says what an open intent asks of who resumes.

    `executable` names the program that is started, and the digest of its file; `peer` the host and the address that
    are asked; `credential` the id of the lease that is used.
    """

    call: str
    state: str
    tool: str
    reserved: Spend
    sandbox: str
    recovery: Literal["idempotent", "probe", "manual"] = "manual"
    executable: str | None = None
    peer: str | None = None
    credential: str | None = None


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
    """Something needs a person. `call` is the decision that asks, where a call does; `shown` is JSON text.

    `subject` is all that the approval is bound to: any other call, run, agent version or bundle is another subject.
    """

    approval: str
    requirement: str
    state: str
    subject: Digest
    shown: str
    expires_ms: int
    call: str | None = None
    why: str = ""
    rules: tuple[str, ...] = ()


class ApprovalGiven(Event, frozen=True, tag="approval_given"):
    """One person's answer. `signature` is the DSSE envelope, as JSON text, that proves who it was."""

    approval: str
    state: str
    decision: Literal["approved", "denied"]
    by: str
    asserted: bool
    reason: str
    at_ms: int
    signature: str | None = None


class QuestionAsked(Event, frozen=True, tag="question_asked"):
    """A model asked people. The answer, untrusted like a tool's output, goes into the asking state's transcript."""

    question: str
    state: str
    text: str


class QuestionAnswered(Event, frozen=True, tag="question_answered"):
    question: str
    state: str
    text: str
    by: str
    asserted: bool


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


class CheckMade(Event, frozen=True):
    """One check of an output: its name, whether it holds, and in a sentence why not."""

    check: Literal["output_schema", "min_evidence_per_finding", "secret_exposure"]
    passed: bool
    detail: str | None = None


class OutputVerified(Event, frozen=True, tag="output_verified"):
    """What the run is about to give back was checked."""

    state: str
    checks: tuple[CheckMade, ...]


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
    | RunResumed
    | StateEntered
    | OutputAccepted
    | ContextPacked
    | ModelSkipped
    | ModelIntended
    | ModelSettled
    | ToolDecided
    | ToolIntended
    | ToolSettled
    | ApprovalRequested
    | ApprovalGiven
    | ApprovalSettled
    | QuestionAsked
    | QuestionAnswered
    | ChildStarted
    | ChildEnded
    | OutputVerified
    | RunEnded
)
