"""Where the price of a model comes from."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from remit import std
from remit.definitions import Model
from remit.definitions.model import OWN_ENDPOINTS
from remit.prices import TABLE, ModelPrice, price_of_model

ROWS: Any = json.loads((Path(std.__file__).parent / TABLE).read_text())


def model(**spec: object) -> Model:
    given = {
        "provider": "openai",
        "model": "gpt-4.1",
        "context_tokens": 1000,
        "max_output_tokens": 10,
        **spec,
    }
    head = {"apiVersion": "remit/v1", "kind": "Model", "metadata": {"id": "one"}}
    return Model.model_validate({**head, "spec": given}, context=[])


def test_a_stated_price_wins_over_the_table() -> None:
    stated = {"input_usd_per_million": Decimal("2.50"), "output_usd_per_million": Decimal("10.000001")}
    assert price_of_model(model(price=stated)) == ModelPrice(2_500_000, 10_000_001, "definition")


def test_a_model_of_the_table_costs_what_stands_there() -> None:
    assert price_of_model(model()) == ModelPrice(2_000_000, 8_000_000, f"{TABLE} {ROWS['date']}")


def test_the_providers_own_endpoint_may_be_named() -> None:
    assert price_of_model(model(endpoint=OWN_ENDPOINTS["openai"])) == price_of_model(model())


def test_what_only_a_script_answers_for_costs_nothing() -> None:
    assert price_of_model(model(provider="scripted", model="script")) == ModelPrice(0, 0, "script")


@pytest.mark.parametrize(
    "spec", [{"model": "gpt-4.1-latest"}, {"endpoint": "https://models.example/v1"}, {"model": "GPT-4.1"}]
)
def test_an_unknown_name_or_another_endpoint_has_no_price(spec: dict[str, object]) -> None:
    assert price_of_model(model(**spec)) is None


def test_the_table_holds_each_model_once_with_whole_micro_dollars() -> None:
    rows = ROWS["models"]
    names = [(row["provider"], row["model"]) for row in rows]
    assert ROWS["version"] == 1
    assert names == sorted(set(names))
    counts = [row[key] for row in rows for key in row if key.endswith("_microusd_per_million")]
    assert len(counts) == 2 * len(rows)
    assert all(type(count) is int and 0 < count < 2**53 for count in counts)
