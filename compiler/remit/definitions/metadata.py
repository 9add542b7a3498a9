"""Metadata: who a definition is, who answers for it, and what people call it."""

from pydantic import Field

from remit.definitions.words import Id, Maybe, Part, Risk, TeamId, Text, Version


class Metadata(Part):
    """Of the kinds that need no owner."""

    id: Id
    owner: Maybe[TeamId] = None
    name: Maybe[Text] = None
    description: Maybe[Text] = None
    labels: dict[str, str] = Field(default_factory=dict[str, str])


class OwnedMetadata(Part):
    """Of McpServer and EvalSuite."""

    id: Id
    owner: TeamId
    name: Maybe[Text] = None
    description: Maybe[Text] = None
    labels: dict[str, str] = Field(default_factory=dict[str, str])


class ToolMetadata(Part):
    """Of a Tool: its version is that of the contract which its schemas and arguments make."""

    id: Id
    version: Version
    owner: TeamId
    name: Maybe[Text] = None
    description: Maybe[Text] = None
    labels: dict[str, str] = Field(default_factory=dict[str, str])


class AgentMetadata(Part):
    """Of an Agent; `risk` is high where nobody has said otherwise."""

    id: Id
    version: Version
    owner: TeamId
    name: Maybe[Text] = None
    description: Maybe[Text] = None
    labels: dict[str, str] = Field(default_factory=dict[str, str])
    risk: Risk = "high"
    business_owner: Maybe[Text] = None
