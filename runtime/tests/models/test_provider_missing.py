"""Where the extra `models` is not installed."""

from __future__ import annotations

import sys

import pytest

from remit_runtime.bundle.agent import ModelIR
from remit_runtime.models.port import ModelCall, ModelFault, ModelLimits, Usage
from remit_runtime.models.provider import ProviderModel, is_installed

MODEL = ModelIR("large", "openai", "m-1", "https://models.example/v1", 32_000, 1_000, (), (), 1, 1, None)
LIMITS = ModelLimits(1_000, 8_000, "none", 1_000)


@pytest.mark.parametrize("library", ["pydantic_ai", "openai", "httpx2"])
def test_a_question_without_the_libraries_is_refused_and_nothing_is_imported(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # as Python says that there is no such module
    call = ModelCall("acme.worker", "work", 1, 0, 1, MODEL, (), (), (), (), None, LIMITS)
    came = ProviderModel(lambda: 0).decide(call, None)
    assert not is_installed()
    assert isinstance(came, ModelFault)
    assert (came.outcome, came.code, came.usage) == ("error", "adapter_missing", Usage(0, 0))
    assert "remit-runtime[models]" in came.message
