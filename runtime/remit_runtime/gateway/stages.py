"""The stages that a call passes before it is sent, each a function, in the one order in which they are asked.

A stage adds what it found to the draft of the call, or says why it is refused. None of them lets anything leave the
process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from remit_runtime.bundle.tool import HttpIR, McpIR, ProcessIR, PythonIR, ToolIR
from remit_runtime.canonical import Digest, canonical_json_full, digest_of
from remit_runtime.credentials.lease import Leased, LeaseRefused
from remit_runtime.gateway import arguments as writing
from remit_runtime.gateway.arguments import Arguments
from remit_runtime.gateway.commandline import command_line
from remit_runtime.gateway.constraints import broken_constraint
from remit_runtime.gateway.executables import Resolved, resolve
from remit_runtime.gateway.http import PreparedRequest, prepared_request
from remit_runtime.gateway.http_request import host_of
from remit_runtime.gateway.load import Gateway
from remit_runtime.gateway.mark import marked
from remit_runtime.gateway.originated import origins, values_of
from remit_runtime.gateway.outcome import CallRequest, Denial, NeedsApproval
from remit_runtime.gateway.sandbox import Layer, layer_for
from remit_runtime.gateway.subject import subject_of
from remit_runtime.gateway.workspace import Workspace
from remit_runtime.journal.records import next_call
from remit_runtime.policy.decide import Decision
from remit_runtime.policy.expressions import Evaluated
from remit_runtime.policy.facts import facts_of
from remit_runtime.policy.material import Path
from remit_runtime.policy.provenance import Origin, provenance_of
from remit_runtime.policy.request import NO_TENANT, PolicyRequest, ResourceRef
from remit_runtime.policy.resources import resolve as resolve_resource

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PreparedProcess:
    """A process that could start now: what is run, inside which walls, on which checkout."""

    process: ProcessIR
    executable: Resolved
    command: tuple[str, ...]
    layer: Layer
    workspace: Workspace | None
    stdin: bytes


Prepared = PreparedProcess | PreparedRequest
"""What could begin now."""

Refusal = Denial | NeedsApproval


@dataclass(frozen=True, slots=True)
class Draft:
    """What is known of a call so far; each stage fills in its own part."""

    request: CallRequest
    tool: ToolIR | None = None
    arguments: Arguments | None = None
    canonical: bytes = b""
    resource: ResourceRef | None = None
    facts: dict[str, bool] = field(default_factory=dict[str, bool])
    expressions: Mapping[Path, Evaluated] = field(default_factory=dict[Path, Evaluated])
    origins: tuple[Origin, ...] = ()
    decision: Decision | None = None
    subject: Digest | None = None
    lease: Leased | None = None
    prepared: Prepared | None = None
    refusal: Refusal | None = None


Stage = Callable[[Gateway, Draft], Draft]


def offered(gateway: Gateway, draft: Draft) -> Draft:
    """The tool that the call names, if the agent is granted it and the state offers it."""
    request = draft.request
    if request.tool in request.agent.denied_tools:
        reason, rules = "the agent's definition denies itself this tool", _fence(gateway, draft, "denied")
        return _refused(draft, Denial("offer", "tool_denied", reason, rules))
    use = next((use for use in request.agent.tools if use.id == request.tool), None)
    if use is None:
        reason, rules = "the agent's definition does not list this tool", _fence(gateway, draft, "grant")
        return _refused(draft, Denial("offer", "tool_not_granted", reason, rules))
    if request.tool not in request.offered:
        return _refused(
            draft, Denial("offer", "tool_not_offered", f"state `{request.state}` does not offer this tool")
        )
    return replace(draft, tool=gateway.bundle.tool(use.object))


def _fence(gateway: Gateway, draft: Draft, part: str) -> tuple[str, ...]:
    """The rule that an agent's definition was lowered to, under the id that policy gives it; none if there is none."""
    places = gateway.bundle.source_map().places
    path = next((one.path for one in places if one.id == f"agent {draft.request.agent.id}"), "")
    known = {rule.id for rule in gateway.policy_set.rules}
    return (f"{path}#{part}",) if f"{path}#{part}" in known else ()


def parsed(gateway: Gateway, draft: Draft) -> Draft:
    """The arguments, parsed once from the bytes as they were written, with the schema's top-level defaults.

    References and expressions of a model have their values from here on.
    """
    found = writing.parse(draft.request.arguments, draft.request.written_by)
    written = found if isinstance(found, Denial) else values_of(gateway, draft.request, found)
    if isinstance(written, Denial):
        return _refused(draft, written)
    schema = gateway.schemas.schema(_known(draft.tool).input)
    filled = writing.with_defaults(written.arguments, schema.document)
    return replace(
        draft, arguments=filled, canonical=canonical_json_full(filled), expressions=written.expressions
    )


def satisfying(gateway: Gateway, draft: Draft) -> Draft:
    """The same, if the arguments are declared and satisfy the tool's input schema."""
    arguments = _known(draft.arguments)
    schema = gateway.schemas.schema(_known(draft.tool).input)
    unknown = writing.undeclared(arguments, schema.document)
    if unknown:
        reason = f"the tool declares no argument `{_brief(unknown[0])}`"
        return _refused(draft, Denial("schema", "undeclared_argument", reason))
    faults = schema.faults(arguments)
    return _refused(draft, Denial("schema", "args_invalid", "; ".join(faults))) if faults else draft


def keeping_secrets(gateway: Gateway, draft: Draft) -> Draft:
    """The same, if no argument holds a secret that this runtime knows, in any of its forms."""
    text = draft.canonical.decode()
    if not any(form in text for _, form in gateway.vault.values()):
        return draft
    return _refused(draft, Denial("egress", "secret_egress", "an argument of the call holds a secret"))


def placed(gateway: Gateway, draft: Draft) -> Draft:
    """The registered resource that the call touches, and the declared facts about its arguments."""
    arguments, binding = _known(draft.arguments), _known(draft.tool).resource
    found = resolve_resource(gateway.policy_set.resources, binding, arguments)
    if found is None:
        return _refused(
            draft, Denial("resource", "resource_unknown", f"no registered `{binding.type}` matches the call")
        )
    return replace(draft, resource=found, facts=facts_of(gateway.policy_set.facts, arguments))


def originated(gateway: Gateway, draft: Draft) -> Draft:
    """The origin of every value of the arguments. It refuses nothing: policy says what an origin is worth."""
    found = origins(gateway, draft.request, _known(draft.tool), _known(draft.arguments), draft.expressions)
    return replace(draft, origins=found)


def permitted(gateway: Gateway, draft: Draft) -> Draft:
    """The decision of organisation policy on exactly this call, if it allows; its constraints hold from here on."""
    tool, request = _known(draft.tool), draft.request
    subject = _subject(gateway, draft)
    met = frozenset(one.requirement for one in request.approved if one.subject == subject)
    decision = gateway.decision_point.decide(_question(gateway, draft, met))
    draft = replace(draft, decision=decision, subject=subject)
    match decision.outcome:
        case "deny":
            return _refused(draft, Denial("policy", decision.code, decision.reason, decision.rules))
        case "require_approval":
            needs = NeedsApproval(request.lease, decision.approvals, subject, decision.reason, decision.rules)
            return _refused(draft, needs)
        case "allow":
            declared = writing.declared(gateway.schemas.schema(tool.input).document)
            broken = broken_constraint(
                decision.constraints, _known(draft.arguments), declared, decision.rules
            )
            return _refused(draft, broken) if broken is not None else draft


def within_rate(gateway: Gateway, draft: Draft) -> Draft:
    """The same, if the tool was not called too often in the last minute."""
    tool = _known(draft.tool)
    if gateway.rates.take(tool.id, tool.limits.rate_per_minute, gateway.clock()):
        return draft
    reason = f"the tool may be called {tool.limits.rate_per_minute} times a minute"
    return _refused(draft, Denial("rate", "rate_limited", reason))


def leased(gateway: Gateway, draft: Draft) -> Draft:
    """The same with the secret that the call is made with, leased for this call alone, if it needs one."""
    tool, request = _known(draft.tool), draft.request
    use = tool.credential
    if use is None:
        return draft
    if use.object is None or not isinstance(tool.implementation, HttpIR):
        reason = f"credential `{use.ref}` is leased to http tools only, by what the bundle pins"
        return _refused(draft, Denial("credential", "credential_unavailable", reason))
    host = host_of(tool.implementation, gateway.stands_for)
    if isinstance(host, Denial):
        return _refused(draft, host)
    found = gateway.vault.lease(
        gateway.bundle.credential(use.object),
        call=next_call(request.lease),
        host=host,
        scopes=use.scopes,
        ttl_seconds=use.ttl_seconds,
        now_ms=gateway.clock(),
    )
    if isinstance(found, LeaseRefused):
        return _refused(draft, Denial("credential", found.code, found.reason))
    return replace(draft, lease=found)


def prepared(gateway: Gateway, draft: Draft) -> Draft:
    """What would begin now, if all that it needs is there."""
    found: Prepared | Denial
    match _known(draft.tool).implementation:
        case ProcessIR() as process:
            found = _process(gateway, draft, process)
        case HttpIR() as http:
            found = _request(gateway, draft, http)
        case McpIR() | PythonIR() as other:
            reason = f"this runtime performs no tools of the kind `{other.__struct_config__.tag}`"
            found = Denial("prepare", "implementation_unsupported", reason)
    return _refused(draft, found) if isinstance(found, Denial) else replace(draft, prepared=found)


def _process(gateway: Gateway, draft: Draft, process: ProcessIR) -> PreparedProcess | Denial:
    """The process, if its executable, command line, checkout and walls are all there."""
    executable = resolve(gateway.executables, process.executable)
    if isinstance(executable, Denial):
        return executable
    line = command_line(process, _known(draft.arguments))
    if isinstance(line, Denial):
        return line
    workspace = None if process.workspace is None else draft.request.workspaces.get(process.workspace)
    if workspace is None and process.workspace is not None:
        return Denial("prepare", "workspace_unknown", f"the run has no workspace `{process.workspace}`")
    layer = layer_for(gateway.sandbox, process, _known(draft.tool).effect, gateway.bundle.environment)
    if layer is None:
        reason = "no sandbox works on this machine, and without one only harmless reads run, in `dev` alone"
        return Denial("prepare", "sandbox_unavailable", reason)
    stdin = draft.canonical if process.stdin == "arguments" else b""
    command = (*executable.executable.command, *line)
    return PreparedProcess(process, executable, command, layer, workspace, stdin)


def _request(gateway: Gateway, draft: Draft, http: HttpIR) -> PreparedRequest | Denial:
    """The request, if its path can be written and its host has addresses that may be asked."""
    tool, request = _known(draft.tool), draft.request
    left = max(0, request.deadline_ms - gateway.clock()) / 1000
    return prepared_request(
        http,
        marked(tool.recovery, _known(draft.arguments), next_call(request.lease)),
        gateway.stands_for,
        gateway.endpoints,
        gateway.network,
        draft.lease,
        min(left, tool.limits.timeout_milliseconds / 1000),
        lambda: gateway.journal.stop(request.lease.run) is not None,
    )


STAGES: tuple[Stage, ...] = (
    offered,
    parsed,
    satisfying,
    keeping_secrets,
    placed,
    originated,
    permitted,
    within_rate,
    leased,
    prepared,
)
"""What is asked of every call before it is sent, in this order."""


def _refused(draft: Draft, refusal: Refusal) -> Draft:
    return replace(draft, refusal=refusal)


def _question(gateway: Gateway, draft: Draft, met: frozenset[str]) -> PolicyRequest:
    request = draft.request
    return PolicyRequest(
        agent=request.agent.id,
        agent_version=request.agent.version,
        risk=request.agent.risk,
        user=request.user,
        tenant=request.tenant if request.tenant is not None else NO_TENANT,
        task=request.task,
        state=request.state,
        tool=request.tool,
        arguments=draft.arguments,
        data_classes=frozenset(request.agent.data_classes),
        environment=gateway.bundle.environment,
        approvals=met,
        eval_status=request.eval_status,
        incident=request.incident,
        resource=draft.resource,
        facts=draft.facts,
        provenance=provenance_of(draft.origins),
    )


def _subject(gateway: Gateway, draft: Draft) -> Digest:
    """What an approval is bound to: this run, agent version, tool, arguments, resource and bundle, and no other."""
    request, resource = draft.request, _known(draft.resource)
    return subject_of(
        run=request.lease.run,
        agent=request.agent.id,
        version=request.agent.version,
        bundle=gateway.bundle.digest,
        tool=request.tool,
        arguments=digest_of(draft.canonical),
        resource=(resource.type, resource.id),
    )


def _brief(name: str) -> str:
    return name if len(name) <= 100 else f"{name[:100]}..."


def _known(value: T | None) -> T:
    if value is None:
        raise RuntimeError("a stage was asked before the stages that it follows")
    return value
