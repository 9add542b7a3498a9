"""What models cost: the price that a definition states, or that of the table which ships with the compiler.

The table, `std@1/prices.json`, is data with a date: public prices by a model's exact name, at its provider's own
endpoint. Another endpoint may ask another price, so a model behind one states its own.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from remit import std
from remit.definitions import Model
from remit.definitions.model import OWN_ENDPOINTS

TABLE = "std@1/prices.json"


@dataclass(frozen=True)
class ModelPrice:
    """A price in micro-US-dollars for a million tokens; `source` says where it stands."""

    input_microusd_per_million: int
    output_microusd_per_million: int
    source: str


def price_of_model(model: Model) -> ModelPrice | None:
    """The price of a model, or None where nobody states one. What only a script answers for costs nothing."""
    spec = model.spec
    if spec.price is not None:
        stated = spec.price
        return ModelPrice(stated.input_microusd_per_million, stated.output_microusd_per_million, "definition")
    if spec.provider == "scripted":
        return ModelPrice(0, 0, "script")
    if spec.address != OWN_ENDPOINTS.get(spec.provider):
        return None
    return _table().get((spec.provider, spec.model))


def known_models(provider: str) -> tuple[str, ...]:
    """The exact names of a provider's models in the table, sorted."""
    return tuple(sorted(model for owner, model in _table() if owner == provider))


@cache
def _table() -> dict[tuple[str, str], ModelPrice]:
    data = json.loads((Path(std.__file__).parent / TABLE).read_text("utf-8"))
    source = f"{TABLE} {data['date']}"
    return {
        (row["provider"], row["model"]): ModelPrice(
            row["input_microusd_per_million"], row["output_microusd_per_million"], source
        )
        for row in data["models"]
    }
