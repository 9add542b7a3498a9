"""What a span says of an event: attributes by name, with content only as far as the agent allows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from remit_runtime.journal import events
from remit_runtime.trace import names
from remit_runtime.trace.span import Value

MAX_CONTENT = 1_024
"""Characters of a text in a span of an agent whose content is `redacted`."""


@dataclass(frozen=True, slots=True)
class Content:
    """How much of what was said a span may hold. The journal has cut secrets out of it already."""

    setting: Literal["redacted", "none", "full"]

    def of(self, text: str | None) -> str | None:
        """As much of a text as a span may hold; None for nothing."""
        if text is None or self.setting == "none":
            return None
        if self.setting == "full" or len(text) <= MAX_CONTENT:
            return text
        return f"{text[:MAX_CONTENT]}... ({len(text)} characters)"


def known(**values: Value | None) -> dict[str, Value]:
    """Attributes by the names of `trace.names`, without those that have no value."""
    return {getattr(names, name): value for name, value in values.items() if value not in (None, ())}


def of_run(run: str, event: events.RunStarted, content: Content) -> dict[str, Value]:
    """What is known of a run when it starts."""
    return known(
        OPERATION=names.INVOKE_AGENT,
        AGENT_ID=event.agent,
        AGENT_VERSION=event.version,
        CONVERSATION=run,
        CLOSURE=event.closure,
        BUNDLE=event.bundle,
        ENVIRONMENT=event.environment,
        TASK=event.task,
        USER=event.user,
        USER_ASSERTED=event.asserted_user,
        TENANT=event.tenant,
        # Nobody has searched what a person wrote: the journal holds the task's input as it came.
        INPUT=event.input if content.setting == "full" else None,
    )


def of_packet(event: events.ContextPacked) -> dict[str, Value]:
    """What is known of a context packet: what it is made of, never what stands in it."""
    return known(
        OPERATION=names.RETRIEVAL,
        DATA_SOURCE=",".join(source.id for source in event.sources) or None,
        PACKET=event.packet,
        PACKET_TOKENS=event.tokens,
        EXCLUDED=tuple(f"{one.id} {one.code}" for one in event.excluded),
        LACKING=event.failed,
    )


def of_skipped(event: events.ModelSkipped, adapter: str) -> dict[str, Value]:
    """What is known of a model that was passed over."""
    return known(
        OPERATION=names.CHAT,
        PROVIDER=adapter,
        REQUEST_MODEL=event.model,
        MODEL=event.model,
        ATTEMPT=event.attempt,
        OUTCOME="skipped",
        CODE=event.code,
        ERROR=event.code,
    )


def of_question(event: events.ModelIntended, adapter: str) -> dict[str, Value]:
    """What is known of a model call when it begins."""
    return known(
        OPERATION=names.CHAT,
        PROVIDER=adapter,
        REQUEST_MODEL=event.model,
        MODEL=event.model,
        ATTEMPT=event.attempt,
        CALL=event.call,
        REQUEST=event.request,
        RESERVED=event.reserved.microusd,
        SERVER=event.endpoint,
    )


def of_answer(event: events.ModelSettled, decided: str | None, content: Content) -> dict[str, Value]:
    """What is known of a model call when it ends. `decided` is the kind of its decision."""
    return known(
        OUTCOME=event.outcome,
        CODE=event.code,
        ERROR=event.code,
        DETAIL=content.of(event.detail),
        DECIDED=decided,
        DECISION_TEXT=content.of(event.decision),
        INPUT_TOKENS=event.input_tokens,
        OUTPUT_TOKENS=event.output_tokens,
        COST=event.spent.microusd,
    )


def of_decision(event: events.ToolDecided, content: Content) -> dict[str, Value]:
    """What is known of a tool call when it is judged."""
    return known(
        OPERATION=names.EXECUTE_TOOL,
        TOOL_NAME=event.tool,
        TOOL_TYPE="function",
        TOOL_CALL=event.call,
        TOOL_ARGUMENTS=content.of(event.arguments),
        ARGUMENTS_DIGEST=event.arguments_digest,
        EFFECT=event.effect,
        OUTCOME=event.outcome,
    )


def of_policy(event: events.ToolDecided, content: Content) -> dict[str, Value]:
    """What is known of the judgement on a tool call."""
    return known(
        TOOL_NAME=event.tool,
        CALL=event.call,
        OUTCOME=event.outcome,
        STAGE=event.stage,
        CODE=event.code,
        DETAIL=content.of(event.reason),
        RULES=event.rules,
        REQUEST=event.request,
        RESOURCE_TYPE=event.resource_type,
        RESOURCE=content.of(event.resource),
        UNTRUSTED_VALUES=tuple(one.path for one in event.origins if not one.trusted),
    )


def of_sent(event: events.ToolIntended) -> dict[str, Value]:
    """What is known of a tool call when it is sent."""
    return known(OUTCOME="sent", SANDBOX=event.sandbox, PEER=event.peer)


def of_result(event: events.ToolSettled, content: Content) -> dict[str, Value]:
    """What is known of a tool call when it ends."""
    return known(
        OUTCOME=event.outcome,
        CODE=event.code,
        ERROR=None if event.outcome == "ok" else event.code or event.outcome,
        TOOL_RESULT=content.of(event.output),
        RESULT_DIGEST=event.output_digest,
        REDACTIONS=event.redactions,
        COST=event.spent.microusd,
    )


def of_requested(event: events.ApprovalRequested, content: Content) -> dict[str, Value]:
    """What is known of an approval when it is asked for."""
    return known(
        APPROVAL_ID=event.approval,
        REQUIREMENT=event.requirement,
        REQUEST=event.subject,
        CALL=event.call,
        RULES=event.rules,
        DETAIL=content.of(event.why or None),
    )


def of_checks(event: events.OutputVerified) -> dict[str, Value]:
    """What is known of a verified output."""
    passed = all(check.passed for check in event.checks)
    return known(
        EVALUATION=",".join(check.check for check in event.checks) or None,
        EVALUATION_LABEL="passed" if passed else "failed",
        CHECKS=tuple(f"{check.check} {'passed' if check.passed else 'failed'}" for check in event.checks),
    )


def of_end(event: events.RunEnded) -> dict[str, Value]:
    """What is known of a run when it ends."""
    return known(REASON=event.reason, ERROR=None if event.reason == "succeeded" else event.reason)


def of_output(event: events.RunEnded, content: Content) -> dict[str, Value]:
    """What is known of what a run gives back."""
    return known(OUTPUT_TEXT=content.of(event.output), ARTIFACTS=tuple(one.name for one in event.artifacts))
