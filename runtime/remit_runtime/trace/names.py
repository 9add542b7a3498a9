"""Every name of a span or an attribute, in one place: ours, and those of OpenTelemetry that stand beside them.

The `gen_ai.*`, `error.*` and `server.*` names are those of the semantic conventions 1.44.0, the last release that
holds the GenAI conventions (status: development); they have a repository of their own since. A change of a name here
is a change that users see.
"""

from __future__ import annotations

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"
SCOPE = "remit_runtime.trace"
SERVICE = "remit"

# Spans

RUN = "agent.run"
STATE = "agent.state"
CONTEXT = "agent.context"
DECISION = "agent.decision"
POLICY = "agent.policy"
APPROVAL = "agent.approval"
CREDENTIAL = "agent.credential"
TOOL = "agent.tool"
HANDOFF = "agent.handoff"
VERIFICATION = "agent.verification"
OUTPUT = "agent.output"

SPANS = (
    RUN,
    STATE,
    CONTEXT,
    DECISION,
    POLICY,
    APPROVAL,
    CREDENTIAL,
    TOOL,
    HANDOFF,
    VERIFICATION,
    OUTPUT,
)

# OpenTelemetry's attributes

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
AGENT_ID = "gen_ai.agent.id"
AGENT_VERSION = "gen_ai.agent.version"
CONVERSATION = "gen_ai.conversation.id"
REQUEST_MODEL = "gen_ai.request.model"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOOL_NAME = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
TOOL_CALL = "gen_ai.tool.call.id"
TOOL_ARGUMENTS = "gen_ai.tool.call.arguments"
TOOL_RESULT = "gen_ai.tool.call.result"
DATA_SOURCE = "gen_ai.data_source.id"
EVALUATION = "gen_ai.evaluation.name"
EVALUATION_LABEL = "gen_ai.evaluation.score.label"
ERROR = "error.type"
SERVER = "server.address"

OPENTELEMETRY = (
    OPERATION,
    PROVIDER,
    AGENT_ID,
    AGENT_VERSION,
    CONVERSATION,
    REQUEST_MODEL,
    INPUT_TOKENS,
    OUTPUT_TOKENS,
    TOOL_NAME,
    TOOL_TYPE,
    TOOL_CALL,
    TOOL_ARGUMENTS,
    TOOL_RESULT,
    DATA_SOURCE,
    EVALUATION,
    EVALUATION_LABEL,
    ERROR,
    SERVER,
)

# Operations: values of `gen_ai.operation.name`

INVOKE_AGENT = "invoke_agent"
CHAT = "chat"
EXECUTE_TOOL = "execute_tool"
RETRIEVAL = "retrieval"

# Our attributes: what an event says and OpenTelemetry has no word for

RUN_ID = "remit.run.id"
EVENT = "remit.event"
REASON = "remit.reason"
DETAIL = "remit.detail"
CLOSURE = "remit.closure"
BUNDLE = "remit.bundle"
ENVIRONMENT = "remit.environment"
TASK = "remit.task"
USER = "remit.user"
USER_ASSERTED = "remit.user.asserted"
TENANT = "remit.tenant"
INPUT = "remit.input"
WAITED = "remit.waited_ms"
STATE_ID = "remit.state"
VISIT = "remit.state.visit"
BRANCH = "remit.state.branch"
OUTCOME = "remit.outcome"
CODE = "remit.code"
PACKET = "remit.packet"
PACKET_TOKENS = "remit.packet.tokens"
EXCLUDED = "remit.packet.excluded"
LACKING = "remit.packet.lacking"
MODEL = "remit.model"
ATTEMPT = "remit.model.attempt"
CALL = "remit.call"
REQUEST = "remit.request.digest"
DECIDED = "remit.decision.kind"
DECISION_TEXT = "remit.decision"
COST = "remit.cost.microusd"
RESERVED = "remit.reserved.microusd"
EFFECT = "remit.tool.effect"
STAGE = "remit.policy.stage"
RULES = "remit.policy.rules"
RESOURCE_TYPE = "remit.resource.type"
RESOURCE = "remit.resource"
UNTRUSTED_VALUES = "remit.origins.untrusted"
ARGUMENTS_DIGEST = "remit.arguments.digest"
RESULT_DIGEST = "remit.result.digest"
REDACTIONS = "remit.redactions"
SANDBOX = "remit.sandbox"
PEER = "remit.peer"
LEASE = "remit.credential.lease"
APPROVAL_ID = "remit.approval"
REQUIREMENT = "remit.approval.requirement"
PEOPLE = "remit.approval.by"
QUESTION = "remit.question"
CHILD = "remit.child.run"
CHECKS = "remit.checks"
OUTPUT_TEXT = "remit.output"
ARTIFACTS = "remit.artifacts"
