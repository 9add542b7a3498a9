"""Model: a language model that agents may use, with its limits and its price."""

import re
from typing import Literal

from pydantic import Field

from remit.definitions.metadata import Metadata
from remit.definitions.words import (
    ApiVersion,
    CredentialId,
    Distinct,
    Maybe,
    Part,
    Positive,
    Text,
    Url,
    Usd,
    micro,
)

OWN_ENDPOINTS = {"openai": "https://api.openai.com/v1"}
"""Where a provider itself answers."""
_DATED = re.compile(r".+-\d{4}-\d{2}-\d{2}")


def is_dated(model: str) -> bool:
    """Whether a name ends in a day, as providers write the names of models that stay what they are."""
    return _DATED.fullmatch(model) is not None


class Price(Part):
    input_usd_per_million: Usd
    output_usd_per_million: Usd

    @property
    def input_microusd_per_million(self) -> int:
        """Micro-US-dollars for a million input tokens."""
        return micro(self.input_usd_per_million)

    @property
    def output_microusd_per_million(self) -> int:
        """Micro-US-dollars for a million output tokens."""
        return micro(self.output_usd_per_million)


class ModelSpec(Part):
    provider: Literal["scripted", "openai"]
    model: Text
    context_tokens: Positive
    max_output_tokens: Positive
    price: Maybe[Price] = None
    api: Literal["chat", "responses"] = "chat"
    endpoint: Maybe[Url] = None
    capabilities: Distinct[Text] = ()
    residency: Distinct[Text] = ()
    credential: Maybe[CredentialId] = None

    @property
    def address(self) -> str | None:
        """The endpoint that is asked: the one that is named, or the provider's own."""
        return self.endpoint or OWN_ENDPOINTS.get(self.provider)


class Model(Part):
    """A model by its exact name."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Model"]
    metadata: Metadata
    spec: ModelSpec
