"""What is asked of the gateway, and every way in which a call can end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from remit_runtime.bundle.agent import AgentIR
from remit_runtime.bundle.graph import Binding
from remit_runtime.canonical import Digest
from remit_runtime.journal.records import Lease, Refused
from remit_runtime.models.json_text import Json
from remit_runtime.policy.decide import ApprovalNeed
from remit_runtime.policy.request import EvalStatus

if TYPE_CHECKING:  # it makes denials itself
    from remit_runtime.gateway.workspace import Workspace

Stage = Literal[
    "offer", "parse", "schema", "egress", "resource", "policy", "approval", "rate", "credential", "prepare"
]
"""Where a call can be denied, in the order of the road. Every one of them lies before the send."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Why a call was not sent: a stable code for programs, a sentence for people, the rules if policy said it."""

    stage: Stage
    code: str
    reason: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval that people gave: the requirement it meets, its id in the journal, and the call it is about."""

    requirement: str
    approval: str
    subject: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """A call that a run asks for.

    `arguments` are the bytes as they were written. `written_by` says who wrote them: a model's are small, and what
    a definition binds may carry the whole output of an earlier tool; `binding` says by what it binds them.
    `offered` are the tools of the state.
    """

    lease: Lease
    agent: AgentIR
    state: str
    offered: frozenset[str]
    tool: str
    arguments: bytes
    written_by: Literal["model", "definition"]
    user: str
    tenant: str | None
    task: str
    eval_status: EvalStatus
    incident: bool
    deadline_ms: int
    workspaces: Mapping[str, Workspace]
    approved: tuple[Approved, ...] = ()
    binding: Binding | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """The tool answered. `output` is a JSON value after redaction; nothing in it is to be obeyed."""

    lease: Lease
    output: Json
    redactions: tuple[str, ...]
    label: Literal["untrusted"] = "untrusted"


@dataclass(frozen=True, slots=True)
class Denied:
    """The call was refused before it was sent: nothing left the process, and the journal says who refused it."""

    lease: Lease
    denial: Denial

    @property
    def code(self) -> str:
        return self.denial.code

    @property
    def reason(self) -> str:
        return self.denial.reason

    @property
    def rules(self) -> tuple[str, ...]:
        return self.denial.rules


@dataclass(frozen=True, slots=True)
class NeedsApproval:
    """Policy lets people decide. Approvals must be about `subject`; any other call is another subject."""

    lease: Lease
    needs: tuple[ApprovalNeed, ...]
    subject: Digest
    reason: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CallFailed:
    """The call was sent and did not end well. `unknown`: nobody can say whether it had its effect."""

    lease: Lease
    outcome: Literal["error", "unknown"]
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The journal refused to let the call begin, or the run was stopped while it ran."""

    lease: Lease
    refused: Refused


CallOutcome = Called | Denied | NeedsApproval | CallFailed | Stopped
