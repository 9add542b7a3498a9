"""Which model is asked, where, with which secret, and at what price: the gateway's side of a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_runtime.bundle.agent import ModelIR
from remit_runtime.bundle.policy import EnvironmentIR, TenantIR
from remit_runtime.bundle.tool import CredentialIR
from remit_runtime.canonical import canonical_json, digest_of
from remit_runtime.gateway.eligible import allowed_residency
from remit_runtime.gateway.model import ModelDecided, ModelFailed, ModelRequest, decide, worst_price
from remit_runtime.journal.events import ModelIntended, ModelSettled, ModelSkipped, Spend
from remit_runtime.journal.ledger import (
    NOTHING,
    Amount,
    Ledger,
    amount_of_spend,
    charge_of,
    limit_passed,
    with_charged,
    with_reserved,
)
from remit_runtime.models.decision import Handoff
from remit_runtime.models.port import (
    HandoffOffer,
    Message,
    ModelAnswer,
    ModelCall,
    ModelFault,
    ModelLimits,
    Usage,
)

MODEL = ModelIR(
    "large", "openai", "m-1", "https://models.example/v1", 32_000, 1_000, ("tools",), ("eu",), 1, 1, None
)
KEY = "sk-canary-0123456789abcdef"
CREDENTIAL = CredentialIR("models_key", "MODELS_KEY", None, ("models.example",), (), 60)
PINNED = msgspec.structs.replace(
    MODEL, credential="models_key", credential_object=digest_of(canonical_json(CREDENTIAL))
)
CALL = ModelCall(
    agent="acme.worker",
    state="work",
    visit=1,
    ordinal=0,
    attempt=1,
    model=MODEL,
    messages=(Message("system", "Be brief."),),
    transcript=(),
    tools=(),
    handoffs=(),
    answer_schema=None,
    limits=ModelLimits(1_000, 8_000, "none", 1_795_000_600_000),
)


@dataclass
class Answers:
    """A provider that says what it is told to say, and keeps what it was asked with."""

    said: Sequence[str] = ('{"respond":1}',)
    asked: list[tuple[ModelCall, str | None]] = field(default_factory=list[tuple[ModelCall, str | None]])

    @property
    def name(self) -> str:
        return "answers"

    def decide(self, call: ModelCall, secret: str | None, /) -> ModelAnswer | ModelFault:
        self.asked.append((call, secret))
        return ModelAnswer(self.said[len(self.asked) - 1], Usage(100, 10))


@pytest.fixture
def world(make_world: Any, tool: Any) -> Any:
    return make_world(
        tool("acme.do", ("shell", "-c", "true")),
        models=[PINNED],
        credentials=[CREDENTIAL],
        environ={"MODELS_KEY": KEY},
    )


def ruled(world: Any, environment: tuple[str, ...] = (), tenant: tuple[str, ...] = ()) -> Any:
    """The gateway of an environment and a tenant that say where data may be."""
    policy = msgspec.structs.replace(
        world.gateway.policy_set,
        environments=(EnvironmentIR("dev", (), (), None, False, (), environment),),
        tenants=(TenantIR("retail", (), None, None, (), tenant),),
    )
    return replace(world.gateway, policy_set=policy)


# ---- which model


@pytest.mark.parametrize(
    ("changes", "model", "code"),
    [
        ({"messages": (Message("user", "x" * 16_001),)}, {}, "context_too_long"),
        ({}, {"capabilities": ("reasoning",)}, "capability_missing"),
        ({}, {"residency": ("us",)}, "residency_not_allowed"),
        ({}, {"residency": ()}, "residency_not_allowed"),
    ],
)
def test_a_model_that_may_not_answer_is_skipped_and_costs_nothing(
    world: Any, changes: dict[str, Any], model: dict[str, Any], code: str
) -> None:
    port = Answers()
    call = replace(CALL, model=msgspec.structs.replace(MODEL, **model), **changes)
    came = decide(ruled(world, ("eu", "ch")), ModelRequest(world.lease, port, call, None, "range"))
    assert isinstance(came, ModelFailed)
    assert (came.outcome, came.code) == ("error", code)
    [skipped] = world.events()
    assert isinstance(skipped, ModelSkipped)
    assert (skipped.code, skipped.model, skipped.attempt) == (code, "large", 1)
    assert port.asked == []
    assert world.gateway.journal.spent(world.run).model_calls == 0


def test_why_a_model_was_asked_is_on_the_record(world: Any) -> None:
    gateway = ruled(world, ("ch", "eu"), ("eu", "us"))
    decide(gateway, ModelRequest(world.lease, Answers(), CALL, None, "range", "retail"))
    intended = world.events()[0]
    assert isinstance(intended, ModelIntended)
    routing = intended.routing
    assert routing is not None
    assert (routing.task, routing.context_tokens) == ("range", 8_000)
    assert (routing.residency, routing.allowed_residency) == (("eu",), ("eu",))
    assert routing.worst_microusd == intended.reserved.microusd
    assert (routing.needs, routing.capabilities) == (("json_schema", "tools"), ("tools",))
    assert routing.price_source == "definition"


@pytest.mark.parametrize(
    ("environment", "tenant", "allowed"),
    [
        ((), (), None),
        (("eu",), (), ("eu",)),
        ((), ("us", "eu"), ("eu", "us")),
        (("eu", "ch"), ("us", "eu"), ("eu",)),
        (("eu",), ("us",), ()),
    ],
)
def test_data_may_be_where_everybody_who_speaks_allows_it(
    world: Any, environment: tuple[str, ...], tenant: tuple[str, ...], allowed: tuple[str, ...] | None
) -> None:
    policy = ruled(world, environment, tenant).policy_set
    assert allowed_residency(policy, "dev", "retail") == allowed


# ---- where, and with which secret


def test_the_secret_is_leased_for_the_endpoints_host_and_is_nowhere_on_the_record(world: Any) -> None:
    said = f'{{"ask":{{"question":"what is {KEY} for?"}}}}'
    port = Answers((said,))
    came = decide(world.gateway, ModelRequest(world.lease, port, replace(CALL, model=PINNED), None))
    assert isinstance(came, ModelDecided)
    assert [secret for _, secret in port.asked] == [KEY]
    intended, settled = world.events()
    assert isinstance(intended, ModelIntended)
    assert intended.endpoint == "models.example"
    assert intended.credential == f"models_key@{intended.call}"
    assert isinstance(settled, ModelSettled)
    assert settled.decision == '{"ask":{"question":"what is [redacted:credential.models_key] for?"}}'
    assert KEY not in repr(world.events())


def test_a_credential_for_another_host_is_not_leased_and_nobody_is_asked(world: Any) -> None:
    port = Answers()
    elsewhere = msgspec.structs.replace(PINNED, endpoint="https://models.example.evil.example/v1")
    came = decide(world.gateway, ModelRequest(world.lease, port, replace(CALL, model=elsewhere), None))
    assert isinstance(came, ModelFailed)
    assert came.code == "host_mismatch"
    assert port.asked == []
    settled = world.events()[1]
    assert isinstance(settled, ModelSettled)
    assert settled.spent == Spend(1, 0, 0)
    assert KEY not in repr(world.events())


def test_a_server_of_this_machine_stands_for_the_host(make_world: Any, tool: Any, home: Any) -> None:
    (home / "endpoints.toml").write_text('"models.example" = "http://127.0.0.1:8123"\n')
    world = make_world(
        tool("acme.do", ("shell", "-c", "true")),
        models=[PINNED],
        credentials=[CREDENTIAL],
        environ={"MODELS_KEY": KEY},
    )
    port = Answers()
    decide(world.gateway, ModelRequest(world.lease, port, replace(CALL, model=PINNED), None))
    [(call, secret)] = port.asked
    assert (call.model.endpoint, secret) == ("http://127.0.0.1:8123/v1", KEY)
    intended = world.events()[0]
    assert isinstance(intended, ModelIntended)
    assert intended.endpoint == "models.example 127.0.0.1:8123"


# ---- what may be handed off


@pytest.mark.parametrize(
    ("task", "accepted"), [("explain", True), ("review", True), (None, True), ("deploy", False)]
)
def test_only_the_offered_tasks_of_an_agent_may_be_handed_off(
    world: Any, task: str | None, accepted: bool
) -> None:
    named = "" if task is None else f',"task":"{task}"'
    said = f'{{"handoff":{{"agent":"acme.other","input":{{}}{named}}}}}'
    offers = (HandoffOffer("acme.other", "explain", "{}"), HandoffOffer("acme.other", "review", "{}"))
    request = ModelRequest(world.lease, Answers((said, said)), replace(CALL, handoffs=offers), None)
    came = decide(world.gateway, request)
    if accepted:
        assert isinstance(came, ModelDecided)
        assert came.decision == Handoff("acme.other", task, "{}")
    else:
        assert isinstance(came, ModelFailed)
        assert came.code == "handoff_not_offered"


# ---- at what price


reports = st.none() | st.tuples(st.integers(0, 3_000), st.integers(0, 3_000))


@given(
    st.lists(reports, max_size=30),
    st.integers(0, 40_000),
    st.integers(0, 5_000_000),
    st.integers(0, 5_000_000),
)
def test_no_budget_is_passed_by_one_unit_whatever_is_reported(
    said: list[tuple[int, int] | None], limit: int, price_in: int, price_out: int
) -> None:
    model = msgspec.structs.replace(
        MODEL, input_microusd_per_million=price_in, output_microusd_per_million=price_out
    )
    reserved = Spend(1, 0, worst_price(model, 1_000, 500))
    ledger = Ledger(Amount(0, 20, 0, limit))
    for usage in said:
        ask = amount_of_spend(reserved)
        if limit_passed(ledger, ask) is not None:
            continue
        ledger = with_reserved(ledger, ask, NOTHING)
        # INVARIANT: whatever may be charged within the reservation is within the budget before it is asked.
        assert ledger.spent.microusd + ledger.reserved.microusd <= limit
        read, wrote = (None, None) if usage is None else usage
        spent = reserved if usage is None else Spend(1, 0, worst_price(model, *usage))
        settled = ModelSettled("run:1", "work", "ok", None, "{}", read, wrote, spent)
        ledger = with_charged(ledger, ask, charge_of(settled, ask))
        assert ledger.spent.microusd - ledger.overrun.microusd <= limit
        assert ledger.reserved == NOTHING
    assert ledger.spent.model_calls <= 20


@given(st.integers(0, 2**40), st.integers(0, 10**7), st.integers(0, 10**7))
def test_a_price_is_never_rounded_down(price: int, given: int, written: int) -> None:
    model = msgspec.structs.replace(
        MODEL, input_microusd_per_million=price, output_microusd_per_million=price
    )
    charged = worst_price(model, given, written)
    exact = price * (given + written)
    assert charged * 1_000_000 >= exact
    assert (charged - 1) * 1_000_000 < exact or charged == 0
