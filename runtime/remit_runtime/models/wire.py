"""One question on the wire, by pydantic_ai.direct. Imported on first use: it takes seconds, and is an extra.

The libraries below turn our question into a provider's request and its answer into parts. What they may do is held
by `Held`, through which every byte goes: one request, only the headers that are needed, no redirect, no proxy, no
environment, a cap on the answer. It also keeps the usage as it was reported, since the libraries make zeros of what
is missing.
"""

from __future__ import annotations

import asyncio
import warnings
from dataclasses import dataclass

import httpx2
from openai import AsyncOpenAI, OpenAIError
from pydantic_ai.direct import model_request
from pydantic_ai.exceptions import AgentRunError, ContentFilterError, UserError
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.models.openai import OpenAIResponsesModelSettings as Settings
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.tools import ToolDefinition

from remit_runtime.models.fence import fence
from remit_runtime.models.json_text import Json, json_text, trusted_json
from remit_runtime.models.offer import (
    DECISION,
    Function,
    can_be_strict,
    decision_of_calls,
    decision_of_text,
    decision_schema,
    function_of,
    functions,
    protocol,
)
from remit_runtime.models.port import Decided, Faulted, ModelAnswer, ModelCall, ModelFault, Returned, Turn
from remit_runtime.models.transport import Held

_CONNECT_SECONDS = 10.0
_NO_KEY = (
    "none"  # the SDK demands a key and would look for one in the environment; `Held` does not send this one
)


@dataclass(frozen=True)
class Line:
    """Where and how long to ask: the base address, seconds until the deadline, the most bytes of an answer."""

    url: str
    seconds: float
    max_bytes: int


def ask(call: ModelCall, secret: str | None, line: Line) -> ModelAnswer | ModelFault:
    """The answer of the endpoint to one question, or what went wrong. One request leaves the process, or none."""
    held = Held(secret, line.max_bytes)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # what a library thinks of a setting is nothing for a run's output
            response = asyncio.run(_asked(call, secret, line, held))
    except TimeoutError:
        return held.fault or ModelFault("error", "model_timeout", "the model did not answer in time")
    except ContentFilterError:
        return ModelFault("error", "model_declined", "the provider's filter withheld the answer")
    except (AgentRunError, OpenAIError, UserError, httpx2.HTTPError):
        return held.fault or _malformed()
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        # Libraries read JSON from outside as if it were of the form its API promises.
        return held.fault or _malformed()
    if held.fault is not None:
        return held.fault
    return ModelAnswer(_decision(call, response), held.usage)


async def _asked(call: ModelCall, secret: str | None, line: Line, held: Held) -> ModelResponse:
    timeout = httpx2.Timeout(line.seconds, connect=min(_CONNECT_SECONDS, line.seconds))
    async with asyncio.timeout(line.seconds):
        async with httpx2.AsyncClient(
            transport=held, timeout=timeout, trust_env=False, follow_redirects=False
        ) as http:
            client = AsyncOpenAI(
                api_key=secret or _NO_KEY,
                base_url=line.url,
                max_retries=0,
                http_client=http,
            )
            return await model_request(
                _model(call, client),
                _messages(call),
                model_settings=_settings(call),
                model_request_parameters=_parameters(call),
                instrument=False,
            )


def _model(call: ModelCall, client: AsyncOpenAI) -> Model:
    profile = OpenAIModelProfile(
        supports_json_schema_output=True,
        supports_tools=True,
        json_schema_transformer=None,  # it closes objects that a schema leaves open
        openai_chat_supports_max_completion_tokens="reasoning" in call.model.capabilities,
    )
    provider = OpenAICompatibleProvider(call.model.provider, openai_client=client, profile=profile)
    if call.model.api == "responses":
        return OpenAIResponsesModel(call.model.model, provider=provider)
    return OpenAIChatModel(call.model.model, provider=provider)


def _settings(call: ModelCall) -> Settings:
    settings = Settings(max_tokens=call.limits.max_output_tokens)
    if call.model.api == "responses":
        settings["openai_store"] = False
    if "reasoning" not in call.model.capabilities:
        settings["temperature"] = 0.0
    elif call.limits.reasoning != "none":
        settings["openai_reasoning_effort"] = call.limits.reasoning
    if _by_functions(call):
        settings["tool_choice"] = "required"
        settings["parallel_tool_calls"] = False
    return settings


def _parameters(call: ModelCall) -> ModelRequestParameters:
    if not _by_functions(call):
        schema = decision_schema(call)
        form = OutputObjectDefinition(
            json_schema=_schema(schema), name=DECISION, strict=can_be_strict(schema)
        )
        return ModelRequestParameters(output_mode="native", output_object=form, allow_text_output=False)
    tools = [
        ToolDefinition(
            name=one.name,
            description=one.description,
            parameters_json_schema=_schema(one.schema),
            strict=can_be_strict(one.schema),
        )
        for one in functions(call)
    ]
    return ModelRequestParameters(function_tools=tools, output_mode="text", allow_text_output=True)


def _by_functions(call: ModelCall) -> bool:
    """Whether the model is asked to call a function.

    One that can do both writes a plain answer by schema, where there is nothing to call.
    """
    able = call.model.capabilities
    return "tools" in able and ("json_schema" not in able or bool(call.tools or call.handoffs))


def _schema(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise RuntimeError("what a model is offered has an object as its schema")
    return value


def _messages(call: ModelCall) -> list[ModelMessage]:
    """The conversation: prompt, task, and what was decided and came of it earlier in this state."""
    by_functions = _by_functions(call)
    first: list[SystemPromptPart | UserPromptPart] = [
        SystemPromptPart(one.text) if one.role == "system" else UserPromptPart(one.text)
        for one in call.messages
    ]
    if not by_functions:
        first.insert(1, SystemPromptPart(protocol(call)))
    messages: list[ModelMessage] = [ModelRequest(parts=first)]
    offered = functions(call) if by_functions else ()
    waiting: tuple[str, str] | None = None
    for number, turn in enumerate(call.transcript):
        match turn:
            case Decided(text):
                if waiting is not None:
                    messages.append(_returned(waiting, "nothing came of it"))
                waiting = None
                part: ToolCallPart | TextPart = TextPart(f'{{"{DECISION}": {text}}}')
                if by_functions:
                    name, arguments = function_of(trusted_json(text), offered)
                    waiting = (name, f"call_{number}")
                    part = ToolCallPart(name, json_text(arguments), waiting[1])
                messages.append(ModelResponse(parts=[part]))
            case Returned() | Faulted():
                messages.append(_returned(waiting, _said(turn)) if waiting else _user(_said(turn)))
                waiting = None
    if waiting is not None:
        messages.append(_returned(waiting, "nothing came of it"))
    return messages


def _said(turn: Turn) -> str:
    match turn:
        case Returned(name, outcome, code, output, number):
            why = "" if code is None else f", {code}"
            call = "" if number is None else f" (call.{number})"
            return f"{name}{call}: {outcome}{why}\n{fence(output or 'null', name)}"
        case Faulted(message):
            return f"That was not accepted: {message}"
        case Decided(text):
            return text


def _returned(call: tuple[str, str], text: str) -> ModelRequest:
    return ModelRequest(parts=[ToolReturnPart(call[0], text, call[1])])


def _user(text: str) -> ModelRequest:
    return ModelRequest(parts=[UserPromptPart(text)])


def _decision(call: ModelCall, response: ModelResponse) -> str:
    """The text of the decision in an answer; function calls win over the words around them."""
    calls = [part for part in response.parts if isinstance(part, ToolCallPart)]
    if not calls:
        return decision_of_text("".join(one.content for one in response.parts if isinstance(one, TextPart)))
    offered: dict[str, Function] = {one.name: one for one in functions(call)}
    return decision_of_calls(tuple((one.tool_name, _arguments(one)) for one in calls), offered)


def _arguments(part: ToolCallPart) -> str:
    """The arguments as the provider wrote them, not as the library repairs them."""
    if isinstance(part.args, str):
        return part.args
    return "" if part.args is None else json_text(part.args)


def _malformed() -> ModelFault:
    message = "the provider's answer is not of the form that its API promises"
    return ModelFault("error", "model_answer_malformed", message)
