"""Models behind OpenAI-compatible endpoints: Chat Completions and Responses, by pydantic_ai.direct.

What needs that library stands in `wire`, which is imported when the first question is asked: nobody who asks no model
pays for it, and where the extra `models` is not installed the question has the fault `adapter_missing`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from remit_runtime.bundle.agent import ModelIR
from remit_runtime.models.port import ModelAnswer, ModelCall, ModelFault, Usage

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MAX_ANSWER_BYTES = 8 * 1_048_576
_NOTHING = Usage(0, 0)


@dataclass(frozen=True)
class ProviderModel:
    """Asks the endpoint that the bundle names for a model.

    `clock` gives milliseconds since the epoch. `stand_ins` binds hosts to addresses on loopback: in `dev` only, as
    `endpoints.toml` says.
    """

    clock: Callable[[], int]
    stand_ins: Mapping[str, str] = field(default_factory=lambda: MappingProxyType(dict[str, str]()))
    max_answer_bytes: int = MAX_ANSWER_BYTES

    @property
    def name(self) -> str:
        return "provider"

    def endpoint_of(self, model: ModelIR, /) -> str | None:
        """The host that is asked, and what stands in for it; None for a model without an endpoint."""
        if model.endpoint is None:
            return None
        host = _host_of(model.endpoint)
        stand_in = self.stand_ins.get(host)
        return host if stand_in is None else f"{host} at {_host_of(stand_in)}"

    def decide(self, call: ModelCall, secret: str | None, /) -> ModelAnswer | ModelFault:
        """The model's answer, or one of the faults that docs/models.md lists."""
        model = call.model
        if model.provider == "scripted":
            message = f"model `{model.id}` is a script's: give a script, or another model"
            return ModelFault("error", "model_scripted", message, _NOTHING)
        url = self._url(model)
        if isinstance(url, ModelFault):
            return url
        seconds = (call.limits.deadline_ms - self.clock()) / 1000
        if seconds <= 0:
            return ModelFault("error", "model_timeout", "the deadline of the run has passed", _NOTHING)
        if importlib.util.find_spec("pydantic_ai") is None or importlib.util.find_spec("openai") is None:
            message = "the adapter of providers is not installed: install `remit-runtime[models]`"
            return ModelFault("error", "adapter_missing", message, _NOTHING)
        from remit_runtime.models import wire

        return wire.ask(call, secret, wire.Line(url, seconds, self.max_answer_bytes))

    def _url(self, model: ModelIR) -> str | ModelFault:
        """The address to ask, or why it may not be asked.

        A key and a prompt go over the wire: without TLS only to this machine itself.
        """
        if model.endpoint is None:
            message = f"model `{model.id}` names no endpoint"
            return ModelFault("error", "endpoint_missing", message, _NOTHING)
        url = self.stand_ins.get(_host_of(model.endpoint), model.endpoint)
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in LOOPBACK:
            message = f"the endpoint of model `{model.id}` is not `https`"
            return ModelFault("error", "endpoint_insecure", message, _NOTHING)
        if url is not model.endpoint:
            url = url.rstrip("/") + urlsplit(model.endpoint).path
        return url


def _host_of(url: str) -> str:
    return urlsplit(url).netloc.lower()
