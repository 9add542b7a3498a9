"""Model calls: reserved at their worst price, recorded, judged, settled; one turn to put a bad answer right."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from remit_runtime.bundle.agent import ModelIR
from remit_runtime.bundle.graph import Budget
from remit_runtime.bundle.policy import RedactPattern
from remit_runtime.gateway.model import (
    ModelDecided,
    ModelFailed,
    ModelRequest,
    decide,
    worst_price,
)
from remit_runtime.gateway.outcome import Stopped
from remit_runtime.journal.events import ModelIntended, ModelSettled
from remit_runtime.models.decision import Call, Respond
from remit_runtime.models.port import (
    Decided,
    Faulted,
    Message,
    ModelAnswer,
    ModelCall,
    ModelFault,
    ModelLimits,
    Returned,
    Usage,
)

PRICED = ModelIR("large", "test", "large-1", None, 32_000, 1_000, ("tools",), (), 2_500_000, 10_000_000, None)
SECRET = RedactPattern("secret", "token", r"tok_[a-z0-9]{6}")


@dataclass
class Answers:
    """A model that says what it is told to say, and keeps what it was shown."""

    said: Sequence[ModelAnswer | ModelFault]
    asked: list[ModelCall] = field(default_factory=list[ModelCall])

    @property
    def name(self) -> str:
        return "answers"

    def decide(self, call: ModelCall, _secret: str | None, /) -> ModelAnswer | ModelFault:
        self.asked.append(call)
        return self.said[len(self.asked) - 1]


def answer(text: str, usage: Usage | None = Usage(100, 10)) -> ModelAnswer:  # noqa: B008 -- frozen
    return ModelAnswer(text, usage)


def question(world: Any, port: Answers, **changes: Any) -> ModelRequest:
    call = ModelCall(
        agent="acme.worker",
        state="work",
        visit=1,
        ordinal=0,
        attempt=1,
        model=PRICED,
        messages=(Message("system", "Be brief."),),
        transcript=(),
        tools=(),
        handoffs=(),
        answer_schema=None,
        limits=ModelLimits(1_000, 8_000, "none", 1_795_000_600_000),
    )
    decides = changes.pop("decides", None)
    return ModelRequest(world.lease, port, replace(call, **changes), decides)


@pytest.fixture
def world(make_world: Any, tool: Any) -> Any:
    return make_world(tool("acme.do", ("shell", "-c", "true")), redact=[SECRET])


def test_a_decision_is_intended_and_settled_at_what_it_cost(world: Any) -> None:
    came = decide(world.gateway, question(world, Answers([answer('{"respond": {"ok": true}}')])))
    assert isinstance(came, ModelDecided)
    assert came.decision == Respond('{"ok":true}')
    intended, settled = world.events()
    assert isinstance(intended, ModelIntended)
    assert intended.reserved.microusd == 30_000  # 8,000 in at 2.50 and 1,000 out at 10 USD a million
    assert isinstance(settled, ModelSettled)
    assert (settled.outcome, settled.decision) == ("ok", '{"respond":{"ok":true}}')
    assert settled.spent.microusd == 350
    assert world.gateway.journal.spent(world.run).microusd == 350
    assert [row[:2] for row in world.audit()] == [("model_intended", "intended"), ("model_settled", "ok")]


def test_an_answer_that_nobody_measured_is_charged_whole(world: Any) -> None:
    decide(world.gateway, question(world, Answers([answer('{"ask": {"question": "?"}}', None)])))
    assert world.gateway.journal.spent(world.run).microusd == 30_000


@pytest.mark.parametrize(
    "usage", [Usage(-1, 5), Usage(5, -1), Usage(2**53, 0), Usage(10**30, 1), Usage(1, 2**52)]
)
def test_usage_that_cannot_be_true_is_charged_as_unmeasured(world: Any, usage: Usage) -> None:
    decide(world.gateway, question(world, Answers([answer('{"ask": {"question": "?"}}', usage)])))
    intended, settled = world.events()
    assert (settled.input_tokens, settled.output_tokens) == (None, None)
    assert settled.spent == intended.reserved


def test_a_bad_answer_gets_one_turn_to_be_put_right(world: Any) -> None:
    port = Answers([answer("I think..."), answer('{"respond": 1}')])
    came = decide(world.gateway, question(world, port))
    assert isinstance(came, ModelDecided)
    assert [call.ordinal for call in port.asked] == [0, 1]
    [told] = port.asked[1].transcript
    assert isinstance(told, Faulted)
    assert told.message.startswith("the decision is not one JSON value without duplicate keys")
    outcomes = [event.outcome for event in world.events() if isinstance(event, ModelSettled)]
    assert outcomes == ["invalid", "ok"]
    assert world.gateway.journal.spent(world.run).model_calls == 2


def test_a_second_bad_answer_is_invalid(world: Any) -> None:
    port = Answers(
        [answer("no"), answer('{"handoff": {"agent": "acme.boss", "input": {}}}'), answer('{"respond": 1}')]
    )
    came = decide(world.gateway, question(world, port))
    assert isinstance(came, ModelFailed)
    assert (came.outcome, came.code) == ("invalid", "handoff_not_offered")
    assert len(port.asked) == 2


def test_without_budget_for_the_repair_the_first_answer_is_the_last(make_world: Any, tool: Any) -> None:
    world = make_world(tool("acme.do", ("shell", "-c", "true")), budget=Budget(50, 1, 20, 1_000_000, 600_000))
    came = decide(world.gateway, question(world, Answers([answer("no"), answer('{"respond": 1}')])))
    assert isinstance(came, ModelFailed)
    assert came.code == "decision_not_json"


def test_a_response_must_satisfy_what_the_state_decides(world: Any) -> None:
    decides = world.agent.output  # any object
    port = Answers([answer('{"respond": [1]}'), answer('{"respond": {}}')])
    came = decide(world.gateway, question(world, port, decides=decides))
    assert isinstance(came, ModelDecided)
    (told,) = port.asked[1].transcript
    assert told == Faulted("what `respond` holds is not what the state decides: `/` does not satisfy `type`")


def test_a_call_of_an_unoffered_tool_is_a_decision_for_the_gateway_to_deny(world: Any) -> None:
    port = Answers([answer('{"call": {"tool": "acme.other", "args": {"n": 1.5}}}')])
    came = decide(world.gateway, question(world, port))
    assert isinstance(came, ModelDecided)
    assert isinstance(came.decision, Call)
    assert came.decision.tool == "acme.other"


def test_what_the_provider_could_not_do_is_an_error_without_repair(world: Any) -> None:
    port = Answers([ModelFault("error", "provider_down", "no answer")])
    came = decide(world.gateway, question(world, port))
    assert isinstance(came, ModelFailed)
    assert (came.outcome, came.code) == ("error", "provider_down")
    assert len(port.asked) == 1


def test_the_worst_price_must_fit_into_the_budget(make_world: Any, tool: Any) -> None:
    poor = make_world(tool("acme.do", ("shell", "-c", "true")), budget=Budget(50, 10, 20, 29_999, 600_000))
    port = Answers([answer('{"respond": 1}')])
    came = decide(poor.gateway, question(poor, port))
    assert isinstance(came, Stopped)
    assert (came.refused.reason, came.refused.limit) == ("over_budget", "microusd")
    assert port.asked == []


def test_a_model_sees_no_secret_and_no_hidden_character(world: Any) -> None:
    transcript = (
        Decided('{"call":{"args":{},"tool":"acme.do"}}'),
        Returned("acme.do", "ok", None, json.dumps({"text": "tok_aaaaaa \u202eb"}, ensure_ascii=False)),
    )
    port = Answers([answer('{"respond": 1}')])
    decide(
        world.gateway,
        question(world, port, messages=(Message("user", "tok_bbbbbb \u200bx"),), transcript=transcript),
    )
    seen = port.asked[0]
    assert seen.messages == (Message("user", "[redacted:token] \\u{200b}x"),)
    returned = seen.transcript[1]
    assert isinstance(returned, Returned)
    assert returned.output == '{"text": "[redacted:token] \\u202eb"}'


def test_a_secret_that_a_model_writes_is_not_kept(world: Any) -> None:
    port = Answers([answer('{"call": {"tool": "acme.do", "args": {"text": "tok_aaaaaa"}}}')])
    decide(world.gateway, question(world, port))
    settled = world.events()[-1]
    assert settled.decision == '{"call":{"args":{"text":"[redacted:token]"},"tool":"acme.do"}}'


def test_a_response_with_a_secret_gets_one_turn_to_leave_it_out(world: Any) -> None:
    port = Answers(
        [answer('{"respond": {"text": "tok_aaaaaa"}}'), answer('{"respond": {"text": "a [redacted:token]"}}')]
    )
    came = decide(world.gateway, question(world, port))
    assert came == ModelDecided(came.lease, Respond('{"text":"a [redacted:token]"}'))
    [told] = port.asked[1].transcript
    assert told == Faulted("what `respond` holds has a secret in it, which token found: leave it out")
    assert "tok_aaaaaa" not in str(world.events())


def test_a_response_whose_findings_lack_evidence_gets_one_turn_to_bring_it(world: Any) -> None:
    bare = '{"respond": {"findings": [{"evidence": ["a.py:1", "a.py:1"]}]}}'
    proven = '{"respond": {"findings": [{"evidence": ["a.py:1", "a.py:2"]}]}}'
    port = Answers([answer(bare), answer(proven)])
    came = decide(world.gateway, replace(question(world, port), min_evidence=2))
    assert isinstance(came, ModelDecided)
    [told] = port.asked[1].transcript
    assert told == Faulted(
        "what `respond` holds: `/findings/0` has 1 of the 2 pieces of evidence that a finding needs"
    )


def test_prices_are_rounded_up() -> None:
    assert worst_price(PRICED, 1, 0) == 3
    assert worst_price(PRICED, 0, 0) == 0
