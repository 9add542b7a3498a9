"""The one port to models: a call with everything a model may see, and its answer as text that nobody trusts yet.

An adapter gets no tool, no journal and no bundle: it turns a `ModelCall` into a `ModelAnswer` or a `ModelFault`.
What it answers is parsed by `decision.parse_decision` and judged by the gateway and the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from remit_runtime.bundle.agent import ModelIR


class Decided(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="decided"):
    """A decision the model made earlier in this state, as JSON text."""

    decision: str


class Returned(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="returned"):
    """What came of a call or a handoff. `output` is JSON text from outside and stays untrusted.

    `number` is N of `call.N`, by which a model may refer to the output of a call that has ended.
    """

    name: str
    outcome: Literal["ok", "denied", "error"]
    code: str | None
    output: str | None
    number: int | None = None


class Faulted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="faulted"):
    """Why an earlier answer of the model was not accepted."""

    message: str


Turn = Decided | Returned | Faulted


@dataclass(frozen=True)
class Message:
    """A message of the conversation before the transcript; untrusted slots stand fenced in its text."""

    role: Literal["system", "user"]
    text: str


@dataclass(frozen=True)
class ToolOffer:
    """A tool of the asking state: its name and the JSON Schema text of its arguments, nothing else."""

    id: str
    schema: str


@dataclass(frozen=True)
class HandoffOffer:
    """An agent the asking state may hand its work to, which of its tasks, and the JSON Schema text of that task."""

    agent: str
    task: str
    schema: str


@dataclass(frozen=True)
class ModelLimits:
    """The most one call may use. `deadline_ms` is in milliseconds since the epoch."""

    max_output_tokens: int
    max_input_tokens: int
    reasoning: Literal["none", "low", "medium", "high"]
    deadline_ms: int


@dataclass(frozen=True)
class ModelCall:
    """One question to a model.

    `ordinal` counts the model answers of the whole run and its children before this one, from 0: a script answers
    by it, so that a resumed run gets the answer it would have got. `answer_schema` is what `respond` must satisfy.
    """

    agent: str
    state: str
    visit: int
    ordinal: int
    attempt: int
    model: ModelIR
    messages: tuple[Message, ...]
    transcript: tuple[Turn, ...]
    tools: tuple[ToolOffer, ...]
    handoffs: tuple[HandoffOffer, ...]
    answer_schema: str | None
    limits: ModelLimits


@dataclass(frozen=True)
class Usage:
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class ModelAnswer:
    """What the model said: the raw text of its decision, and its usage, or None if nobody measured it."""

    decision: str
    usage: Usage | None


@dataclass(frozen=True)
class ModelFault:
    """No decision. `invalid` ends the run as decision_invalid, `error` is the state's `error` outcome.

    `usage` is known only where nothing was sent; None charges what was reserved. No message holds what a provider
    said: it may repeat the key.
    """

    outcome: Literal["error", "invalid"]
    code: str
    message: str
    usage: Usage | None = None


class ModelPort(Protocol):
    """Asks a model. `name` is journalled as the run's model adapter."""

    @property
    def name(self) -> str: ...

    def decide(self, call: ModelCall, secret: str | None, /) -> ModelAnswer | ModelFault:
        """The model's answer; whatever goes wrong at the provider is a `ModelFault`, not an exception.

        `secret` is the key of the model's provider, leased for this call: it is sent and kept nowhere.
        """
        ...
