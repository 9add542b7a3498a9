"""Model: a language model that agents may use, with its limits and its price."""

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
    price: Price
    endpoint: Maybe[Url] = None
    capabilities: Distinct[Text] = ()
    residency: Distinct[Text] = ()
    credential: Maybe[CredentialId] = None


class Model(Part):
    """A model by its exact name."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Model"]
    metadata: Metadata
    spec: ModelSpec
