"""Models behind OpenAI-compatible endpoints: Chat Completions and Responses, by pydantic_ai.direct.

What needs that library stands in `wire`, which is imported when the first question is asked: nobody who asks no model
pays for it, and where the extra `models` is not installed there is the fault `adapter_missing`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from remit_runtime.bundle.agent import ModelIR
from remit_runtime.models.port import ModelAnswer, ModelCall, ModelFault, Usage
from remit_runtime.models.scripted import SCRIPTED

PROVIDER = "provider"
"""The name of this adapter."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MAX_ANSWER_BYTES = 8 * 1_048_576
NOT_INSTALLED = "the adapter of providers is not installed: install `remit-runtime[models]`"

_NOTHING = Usage(0, 0)


@dataclass(frozen=True)
class ProviderModel:
    """Asks the endpoint that the bundle names for a model. `clock` gives milliseconds since the epoch."""

    clock: Callable[[], int]
    max_answer_bytes: int = MAX_ANSWER_BYTES

    @property
    def name(self) -> str:
        return PROVIDER

    def decide(self, call: ModelCall, secret: str | None, /) -> ModelAnswer | ModelFault:
        """The model's answer, or one of the faults that docs/models.md lists."""
        model = call.model
        refused = _refused(model)
        if refused is not None:
            return refused
        seconds = (call.limits.deadline_ms - self.clock()) / 1000
        if seconds <= 0:
            return ModelFault("error", "model_timeout", "the deadline of the run has passed", _NOTHING)
        if not is_installed():
            return ModelFault("error", "adapter_missing", NOT_INSTALLED, _NOTHING)
        from remit_runtime.models import wire

        return wire.ask(call, secret, wire.Line(model.endpoint or "", seconds, self.max_answer_bytes))


def is_installed() -> bool:
    """Whether the libraries of the extra `models` are there, without importing them."""
    return all(importlib.util.find_spec(name) is not None for name in ("pydantic_ai", "openai", "httpx2"))


def _refused(model: ModelIR) -> ModelFault | None:
    """Why a model may not be asked at all.

    A key and a prompt go over the wire: without TLS only to this machine itself.
    """
    if model.provider == SCRIPTED:
        message = f"model `{model.id}` is answered for by a script only"
        return ModelFault("error", "model_scripted", message, _NOTHING)
    if model.endpoint is None:
        return ModelFault("error", "endpoint_missing", f"model `{model.id}` names no endpoint", _NOTHING)
    parts = urlsplit(model.endpoint)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        message = f"the endpoint of model `{model.id}` is not `https`"
        return ModelFault("error", "endpoint_insecure", message, _NOTHING)
    return None
