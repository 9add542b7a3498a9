"""What policies speak of: resources, teams, tenants, environments, approvals, credentials."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from remit.definitions.budget import PartialBudget
from remit.definitions.metadata import Metadata
from remit.definitions.words import (
    AgentId,
    ApiVersion,
    Distinct,
    Effect,
    EnvironmentVariable,
    Host,
    Maybe,
    Name,
    Part,
    Positive,
    ReferencePath,
    Risk,
    SomeDistinct,
    Text,
    ToolId,
    TypeName,
    Word,
    exactly_one,
)

Role = Annotated[str, Word("a role such as `security`", r"[a-z][a-z0-9_-]*|\*")]
_PRINCIPAL = r"os:(?:\*|[^\s:/*]+)|github:[A-Za-z0-9-]+/[A-Za-z0-9_.-]+|key:[A-Za-z0-9._-]+"
Principal = Annotated[
    str, Word("a principal `os:LOGIN`, `os:*`, `github:ORG/TEAM` or `key:KEYID`", _PRINCIPAL, longest=200)
]


class ResourceSpec(Part):
    """`match` is an exact id, or a glob when it holds `*`."""

    type: TypeName
    match: Text
    risk: Risk = "high"
    attributes: dict[Name, str] = Field(default_factory=dict[str, str])

    @property
    def is_pattern(self) -> bool:
        """Whether `match` is a glob."""
        return "*" in self.match


class Resource(Part):
    """Something that tools act on."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Resource"]
    metadata: Metadata
    spec: ResourceSpec


class Member(Part):
    principal: Principal
    roles: SomeDistinct[Role]


class TeamSpec(Part):
    members: Annotated[tuple[Member, ...], Field(strict=False, min_length=1)]


class Team(Part):
    """People who answer for definitions, and the roles in which they decide."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Team"]
    metadata: Metadata
    spec: TeamSpec


class Deny(Part):
    """Calls that are denied whatever a policy permits."""

    tools: Distinct[ToolId] = ()
    effects: Distinct[Effect] = ()


class TenantSpec(Part):
    """`agents` is None where the tenant has all of them; without `residency` its data may be anywhere."""

    agents: Maybe[Distinct[AgentId]] = None
    deny: Deny = Field(default_factory=Deny)
    budget: Maybe[PartialBudget] = None
    residency: Distinct[Text] = ()


class Tenant(Part):
    """A customer or unit for whom authority is narrowed."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Tenant"]
    metadata: Metadata
    spec: TenantSpec


class EnvironmentSpec(Part):
    """`hosts` maps a host that a tool declares to the one that stands for it here.

    Without `residency` data may be anywhere.
    """

    evidence: Literal["required", "not_required"] = "required"
    deny: Deny = Field(default_factory=Deny)
    budget: Maybe[PartialBudget] = None
    hosts: dict[Host, Host] = Field(default_factory=dict[str, str])
    residency: Distinct[Text] = ()


class Environment(Part):
    """A place where bundles run."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Environment"]
    metadata: Metadata
    spec: EnvironmentSpec


class ApprovalSpec(Part):
    role: Role
    count: Positive = 1
    expires_minutes: Positive = 1440
    not_requester: bool = True
    evidence: Distinct[ReferencePath] = ()


class Approval(Part):
    """What an approval demands: how many people of a role, how soon, who may not, and what they see."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Approval"]
    metadata: Metadata
    spec: ApprovalSpec


class CredentialOrigin(Part):
    """Where the gateway finds the secret; exactly one."""

    env: Maybe[EnvironmentVariable] = None
    file: Maybe[Text] = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        exactly_one(self, ("env", "file"))
        return self


class CredentialSpec(Part):
    source: CredentialOrigin
    hosts: Distinct[Host]
    scopes: Distinct[Text]
    max_ttl_seconds: Positive


class Credential(Part):
    """A secret that the gateway leases for one call."""

    api_version: ApiVersion = Field(alias="apiVersion")
    kind: Literal["Credential"]
    metadata: Metadata
    spec: CredentialSpec
