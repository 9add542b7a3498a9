"""Release: which agents an environment runs, at which version."""

from typing import Annotated, Literal

from pydantic import Field

from remit.definitions.metadata import Metadata
from remit.definitions.words import AgentKey, ApiVersion, EnvironmentId, Part, Version


class ReleasedAgent(Part):
    version: Version
    lifecycle: Literal["active", "deprecated", "retired"]


class ReleaseSpec(Part):
    environment: EnvironmentId
    agents: Annotated[dict[AgentKey, ReleasedAgent], Field(min_length=1)]


class Release(Part):
    """The desired state of one environment."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Release"]
    metadata: Metadata
    spec: ReleaseSpec
